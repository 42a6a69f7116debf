import type { AssignedParameters, AssignParametersInput } from '../../domain/assignment.js';
import type { OutcomeContext } from '../../domain/outcome.js';
import { withLiveOf, type ParameterName } from '../../domain/parameter-table.js';
import type { Parameters, ResumeRung } from '../../domain/parameters.js';
import type { CarriedTuning, SuperviseSessionInput } from '../messages.js';

/** What a session runs with: its own parameters, until it was told otherwise. Nothing here waits. */
export class TunedParameters {
  constructor(
    private readonly input: SuperviseSessionInput,
    private readonly carried: CarriedTuning,
  ) {}

  /** What decisions and the next attempt go by. */
  get current(): Parameters {
    return this.carried.parameters;
  }
  get assignments(): AssignedParameters['assignments'] {
    return this.carried.assignments;
  }
  /** What the present attempt runs with; null before the first. */
  get ofAttempt(): Parameters | null {
    return this.carried.attempt?.parameters ?? null;
  }
  get pinned(): ParameterName[] {
    // Sessions of older versions lack it.
    return this.input.spec.pinned ?? [];
  }
  get wants(): number {
    return this.carried.wants;
  }

  /** They are asked for again as soon as that is in nobody's way. */
  want(): void {
    this.carried.wants += 1;
  }

  /** What a parameter's entity says: that of a pinned one is none of this session's business. */
  changed(parameter: string): void {
    if (!this.pinned.some((pinned) => pinned === parameter)) this.want();
  }

  attemptRuns(): void {
    if (!this.carried.fresh) this.want();
  }

  request(attempts: number, startedAtMs: number): AssignParametersInput {
    const { spec, hostId } = this.input;
    const { sessionId, name, agent, parameters } = spec;
    return { sessionId, name, agent, hostId, parameters, pinned: this.pinned, startedAtMs, attempts };
  }

  /** The answer to so many wants; null where there was none: what is known stays. */
  answered(wants: number, assigned: AssignedParameters | null): void {
    this.carried.wants -= wants;
    if (!assigned) return;
    Object.assign(this.carried, assigned, { fresh: true });
  }

  /** An attempt begins with what is current. */
  begin(attemptId: string, resumeStrategy: ResumeRung): void {
    const { parameters, previousEndedAtMs } = this.carried;
    this.carried.attempt = { attemptId, parameters, resumeStrategy, previousEndedAtMs };
  }

  /** What the attempt should run with and does not yet; null where it does. */
  unapplied(attemptId: string): Parameters | null {
    const running = this.carried.attempt;
    if (running?.attemptId !== attemptId) return null;
    const wanted = withLiveOf(running.parameters, this.current);
    return JSON.stringify(wanted) === JSON.stringify(running.parameters) ? null : wanted;
  }

  /** The host has read back what the attempt runs with. */
  applied(attemptId: string, parameters: Parameters): void {
    if (this.carried.attempt?.attemptId === attemptId) this.carried.attempt = { ...this.carried.attempt, parameters };
  }

  /** How the attempt ran that has ended now. @param goesOn the session begins another by itself. */
  ended(attemptId: string, endedAtMs: number, goesOn: boolean): OutcomeContext {
    const { attempt, parameters } = this.carried;
    const { agent } = this.input.spec;
    const known = attempt?.attemptId === attemptId ? attempt : { parameters, resumeStrategy: null, previousEndedAtMs: null };
    this.carried.fresh = false;
    this.carried.previousEndedAtMs = goesOn ? endedAtMs : null;
    return { agent, parameters: known.parameters, resumeStrategy: known.resumeStrategy, previousEndedAtMs: known.previousEndedAtMs };
  }
}

/** Before anything was asked for. */
export function untuned({ spec, carried }: SuperviseSessionInput): CarriedTuning {
  const { parameters } = spec;
  const running = carried?.attempt;
  const attempt = running ? { attemptId: running.attemptId, parameters, resumeStrategy: carried.strategy, previousEndedAtMs: null } : null;
  // A session that an older version began is asked for as soon as it is in nobody's way.
  return { parameters, assignments: [], wants: carried ? 1 : 0, fresh: false, attempt, previousEndedAtMs: null };
}
