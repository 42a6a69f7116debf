import { ApplicationFailure, setCurrentDetails } from '@temporalio/workflow';
import { parameterTable, type ParameterValue } from '../../domain/parameter-table.js';
import { kaizenModes, type KaizenMode } from '../../domain/kaizen-mode.js';
import { invalidValue, unsetParameter, type Acquisition, type Enrolment, type ParameterInput, type ParameterStatus } from '../kaizen-messages.js';
import type { ParameterCalls } from './calls.js';
import { describeParameter } from './details.js';
import { acquired, adopted, checkShare, checkValue, deployed, enrolled, isSame, kept, notToBeTaken, ownerOf, released, restored, setByPerson, type Transition } from './transitions.js';
import { Turns } from './turns.js';

/**
 * A parameter: its value, who has it, and what sessions are given of it. Requests take effect one after another; what they
 * change of what sessions are given is in the store before they are answered. Freeze and mode are set at once, whatever the
 * store does.
 */
export class ParameterEntity {
  private state: ParameterStatus;
  private readonly turns = new Turns();
  private pushOwed = false;
  /** Resolves when what stands in the store has been taken in; requests wait for it. */
  readonly ready: Promise<void>;

  constructor(
    input: ParameterInput,
    private readonly calls: ParameterCalls,
  ) {
    this.state = input.carried ?? unsetParameter(input.name);
    this.show();
    this.ready = this.turns.take(() => (input.carried ? Promise.resolve() : this.takeIn()));
  }

  /** Running sessions have not been told yet. */
  get owesPush(): boolean {
    return this.pushOwed;
  }

  status(): ParameterStatus {
    return this.state;
  }

  carry(): ParameterInput {
    return { name: this.state.name, carried: this.state };
  }

  refresh(): Promise<ParameterStatus> {
    return this.turns.take(async () => {
      await this.takeIn();
      return this.state;
    });
  }

  acquire({ experimentId }: { experimentId: string }): Promise<Acquisition> {
    return this.turns.take(async () => {
      await this.takeIn();
      this.become({ ...this.state, experiments: Math.max(this.state.experiments, numberOf(experimentId)) });
      if (this.state.holder === experimentId) return { granted: true, status: this.state };
      const reason = notToBeTaken(this.state, Date.now()) ?? (await this.settleOwner(experimentId)) ?? notToBeTaken(this.state, Date.now());
      if (reason !== null) return { granted: false, reason };
      this.become(acquired(experimentId)(this.state, Date.now()));
      return { granted: true, status: this.state };
    });
  }

  release({ experimentId, coolDownMs, reason }: { experimentId: string; coolDownMs: number; reason: string }): Promise<ParameterStatus> {
    return this.change(released(experimentId, coolDownMs, reason));
  }

  enrol({ experimentId, enrolment, reason }: { experimentId: string; enrolment: Enrolment | null; reason: string }): Promise<ParameterStatus> {
    return this.change(enrolled(experimentId, enrolment, reason));
  }

  deploy({ experimentId, value, share, version, reason }: { experimentId: string; value: ParameterValue; share: number; version: number; reason: string }): Promise<ParameterStatus> {
    return this.change(deployed(experimentId, value, share, version, reason));
  }

  restore({ experimentId, reason }: { experimentId: string; reason: string }): Promise<ParameterStatus> {
    return this.change(restored(experimentId, reason), 'pushed');
  }

  keep({ experimentId, reason }: { experimentId: string; reason: string }): Promise<ParameterStatus> {
    return this.change(kept(experimentId, reason));
  }

  set({ value, by, reason }: { value: ParameterValue; by: string; reason: string }): Promise<ParameterStatus> {
    return this.change(setByPerson(value, by, reason), 'pushed');
  }

  freeze({ by, reason }: { by: string; reason: string }): ParameterStatus {
    if (!this.state.frozen) this.become({ ...this.state, frozen: { by, reason, atMs: Date.now() } });
    return this.state;
  }

  unfreeze(): ParameterStatus {
    if (this.state.frozen) this.become({ ...this.state, frozen: null });
    return this.state;
  }

  setMode(mode: KaizenMode): ParameterStatus {
    if (mode !== this.state.mode) this.become({ ...this.state, mode });
    return this.state;
  }

  /** @throws ApplicationFailure InvalidValue */
  checkEnrol({ experimentId, enrolment }: { experimentId: string; enrolment: Enrolment | null }): void {
    if (enrolment === null) return;
    if (enrolment.experimentId !== experimentId) throw ApplicationFailure.nonRetryable(`an enrolment of ${enrolment.experimentId} is not ${experimentId}'s to begin`, invalidValue);
    checkValue(this.state.name, enrolment.control);
    checkValue(this.state.name, enrolment.treatment);
  }

  /** @throws ApplicationFailure InvalidValue */
  checkDeploy({ value, share }: { value: ParameterValue; share: number }): void {
    checkValue(this.state.name, value);
    checkShare(share);
  }

  /** @throws ApplicationFailure InvalidValue */
  checkSet({ value }: { value: ParameterValue }): void {
    checkValue(this.state.name, value);
  }

  /** @throws ApplicationFailure InvalidValue */
  checkMode(mode: string): void {
    if (!kaizenModes.some((known) => known === mode)) throw ApplicationFailure.nonRetryable(`a mode is one of ${kaizenModes.join(', ')}, not ${JSON.stringify(mode)}`, invalidValue);
  }

  /** Tells running sessions; what changes meanwhile is told again. */
  async push(): Promise<void> {
    this.pushOwed = false;
    await this.calls.push(this.state.version, this.state.value);
  }

  private change(transition: Transition, spread?: 'pushed'): Promise<ParameterStatus> {
    return this.turns.take(() => this.changeNow(transition, spread));
  }

  /** Publishes what a transition changes of what sessions are given, then takes it for so; a higher version that stands is adopted first. */
  private async changeNow(transition: Transition, spread?: 'pushed'): Promise<ParameterStatus> {
    for (;;) {
      const before = this.state;
      const next = transition(before, Date.now());
      if (next.version !== before.version) {
        const { name, value, version, rollout, enrolment } = next;
        const wanted = { name, value, version, rollout, enrolment };
        const standing = await this.calls.publish(wanted);
        if (!isSame(standing, wanted)) {
          this.become(adopted(standing)(this.state, Date.now()));
          continue;
        }
        if (spread === 'pushed' && parameterTable[name].assignedPer === 'session') this.pushOwed = true;
      }
      // Set while the store was written: they wait for no turn.
      const { mode, frozen } = this.state;
      this.become({ ...next, mode, frozen });
      return this.state;
    }
  }

  private async takeIn(): Promise<void> {
    const standing = await this.calls.readPublished();
    if (standing && standing.version > this.state.version) this.become(adopted(standing)(this.state, Date.now()));
  }

  /**
   * Makes room for an experiment where another has the parameter. Of one that is no longer open all is taken back; one that
   * only watches what it deployed is over, and what it deployed stays.
   *
   * @returns why there is no room; null where there is.
   */
  private async settleOwner(experimentId: string): Promise<string | null> {
    const owner = ownerOf(this.state);
    if (owner === null || owner === experimentId) return null;
    if (!(await this.calls.isOpen(owner))) {
      await this.changeNow(restored(owner, `${owner} is no longer open, so what it gave is taken back`), 'pushed');
      await this.changeNow(released(owner, 0, `${owner} is no longer open`));
      return null;
    }
    if (this.state.holder !== null) return `${this.state.name} is held by ${this.state.holder}`;
    await this.changeNow(kept(owner, `${experimentId} takes the parameter, so the watch of ${owner} is over`));
    return null;
  }

  private become(status: ParameterStatus): void {
    if (status === this.state) return;
    this.state = status;
    this.show();
  }

  private show(): void {
    setCurrentDetails(describeParameter(this.state));
  }
}

/** The n of `experiment/<parameter>/<n>`; 0 where the id is not so made. */
function numberOf(experimentId: string): number {
  const n = Number(/\/(\d+)$/.exec(experimentId)?.[1] ?? 0);
  return Number.isSafeInteger(n) ? n : 0;
}
