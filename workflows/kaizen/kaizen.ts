import { ApplicationFailure, setCurrentDetails } from '@temporalio/workflow';
import type { OpenExperiment, Survey } from '../../activities/kaizen-activities.js';
import { changedSettings, KaizenSettingsError, type KaizenSettings } from '../../domain/experiments/kaizen-settings.js';
import type { NoOpportunity, Opportunity } from '../../domain/experiments/opportunity.js';
import { moment } from '../../domain/moment.js';
import type { ParameterAtLook } from '../../domain/opportunity-rules/look.js';
import type { ParameterName } from '../../domain/parameter-table.js';
import { invalidValue, type KaizenInput, type KaizenStatus, type ParameterStatus } from '../kaizen-messages.js';
import { describeKaizen } from './details.js';

/** The state of the loop of one scope: messages come in, kaizen-loop.ts acts on it. Nothing here waits. */
export class Kaizen {
  private readonly carried: NonNullable<KaizenInput['carried']>;

  constructor(input: KaizenInput) {
    const { scope, settings } = input;
    this.carried = input.carried ?? {
      status: { scope, state: 'running', settings: checked(settings, {}), lastLookAtMs: null, nextLookAtMs: null, looks: 0, found: [], notFound: [], problem: null, experiments: [], reason: 'begins' },
      begun: {},
      nudge: null,
    };
    this.show();
  }

  get scope(): string {
    return this.carried.status.scope;
  }
  get settings(): KaizenSettings {
    return this.carried.status.settings;
  }
  get isRunning(): boolean {
    return this.carried.status.state === 'running';
  }
  /** A look is due: nobody waits for a timer. */
  get isDue(): boolean {
    return this.carried.nudge !== null || this.carried.status.nextLookAtMs === null;
  }
  get nextLookAtMs(): number | null {
    return this.carried.status.nextLookAtMs;
  }

  status(): KaizenStatus {
    return this.carried.status;
  }

  carry(): KaizenInput {
    return { scope: this.scope, settings: this.settings, carried: this.carried };
  }

  onNudge(reason: string): void {
    this.carried.nudge = reason;
  }

  /** @throws ApplicationFailure InvalidValue */
  checkSettings(changes: Partial<KaizenSettings>): void {
    checked(this.settings, changes);
  }

  changeSettings(changes: Partial<KaizenSettings>, by: string): KaizenStatus {
    const { lastLookAtMs, nextLookAtMs, reason } = this.carried.status;
    const settings = checked(this.settings, changes);
    // Whoever asks for more looks does not wait for the old timer.
    const next = nextLookAtMs === null || lastLookAtMs === null ? nextLookAtMs : lastLookAtMs + settings.lookEveryMs;
    this.become({ settings, nextLookAtMs: next, reason: Object.keys(changes).length > 0 ? `settings changed by ${by}` : reason });
    return this.carried.status;
  }

  stop(by: string): KaizenStatus {
    if (this.isRunning) this.become({ state: 'stopped', nextLookAtMs: null, reason: `stopped by ${by}; experiments go on to their own ends` });
    return this.carried.status;
  }

  /** How long until the next look, ms; never longer than one interval, whatever became of the clock. */
  waitMs(nowMs: number): number {
    const { nextLookAtMs, settings } = this.carried.status;
    return Math.max(1, Math.min(settings.lookEveryMs, (nextLookAtMs ?? nowMs) - nowMs));
  }

  timeIsUp(): void {
    this.become({ nextLookAtMs: null });
  }

  lookBegins(): void {
    const why = this.carried.nudge;
    this.carried.nudge = null;
    this.become({ reason: why === null ? 'looks for opportunities' : `looks for opportunities: ${why}`, found: [], notFound: [], problem: null });
  }

  /** Those of them that have ended are no longer ours to watch. */
  surveyed({ experiments }: Survey): void {
    this.become({ experiments: experiments.map(({ id }) => id) });
  }

  /** How the rules are to see a parameter. */
  atLook(parameter: ParameterStatus, { experiments }: Survey, nowMs: number): ParameterAtLook {
    return { value: parameter.value, taken: this.takenBy(parameter, experiments, nowMs) };
  }

  acted(opportunity: Opportunity, action: string): void {
    this.become({ found: [...this.carried.status.found, { opportunity, action }] });
  }

  began(parameter: ParameterName, n: number, id: string, atMs: number): void {
    this.carried.begun[parameter] = { n, atMs };
    this.become({ experiments: [...this.carried.status.experiments, id] });
  }

  /** A number that an earlier experiment has had: the next one's is higher. */
  isTaken(parameter: ParameterName, n: number): void {
    this.carried.begun[parameter] = { n, atMs: this.carried.begun[parameter]?.atMs ?? 0 };
  }

  /** The number of the next experiment on a parameter. */
  nextNumber(parameter: ParameterName, { numbers }: Survey): number {
    return Math.max(numbers[parameter] ?? 0, this.carried.begun[parameter]?.n ?? 0) + 1;
  }

  lookEnds(notFound: NoOpportunity[], problem: string | null, atMs: number): void {
    const { looks, found, settings, state, reason } = this.carried.status;
    const seen = `${found.length} opportunities`;
    this.become({
      looks: looks + 1,
      notFound,
      problem,
      lastLookAtMs: atMs,
      nextLookAtMs: state === 'running' ? atMs + settings.lookEveryMs : null,
      reason: state === 'stopped' ? reason : problem === null ? `the last look found ${seen}` : `the last look failed: ${problem}`,
    });
  }

  private takenBy({ name, frozen, coolDownUntilMs }: ParameterStatus, experiments: readonly OpenExperiment[], nowMs: number): ParameterAtLook['taken'] {
    if (frozen) return { verdict: 'frozen', reason: `frozen by ${frozen.by}: ${frozen.reason}` };
    const open = experiments.find(({ parameter, phase }) => parameter === name && phase !== 'monitoring');
    if (open) return { verdict: 'open', reason: `${open.id} is open` };
    // One that was refused at once leaves no cool-down behind, and would be begun again at every look.
    const begun = this.carried.begun[name];
    const until = Math.max(coolDownUntilMs ?? 0, begun === undefined ? 0 : begun.atMs + this.settings.coolDownMs);
    return until > nowMs ? { verdict: 'cooling_down', reason: `cooling down until ${moment(until)} UTC` } : null;
  }

  private become(change: Partial<KaizenStatus>): void {
    this.carried.status = { ...this.carried.status, ...change };
    this.show();
  }

  private show(): void {
    setCurrentDetails(describeKaizen(this.carried.status));
  }
}

/** @throws ApplicationFailure InvalidValue */
function checked(settings: KaizenSettings, changes: Partial<KaizenSettings>): KaizenSettings {
  try {
    return changedSettings(settings, changes);
  } catch (error) {
    if (!(error instanceof KaizenSettingsError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, invalidValue);
  }
}
