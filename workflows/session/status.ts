import type { CarriedSession, SessionStatus, SuperviseSessionInput } from '../messages.js';
import type { Session } from './session.js';

/** Those parts of a session that tell of themselves. */
type ToldParts = Pick<Session, 'parameters' | 'records' | 'prompts' | 'chain' | 'account' | 'budget' | 'writers'>;

/** What a session tells of itself: to the query `status`, in its details, to its fleet and in notices. */
export function statusOf({ spec, hostId }: SuperviseSessionInput, carried: CarriedSession, parts: ToldParts): SessionStatus {
  const { state, reason, wait, desired, pauseReason, epoch, restarts, attempt, checkpoint, checkpointProblem, startedAtMs } = carried;
  const { parameters, records, prompts, chain, account, budget, writers } = parts;
  return {
    name: spec.name,
    sessionId: spec.sessionId,
    agent: spec.agent,
    hostId,
    state,
    reason,
    untilMs: wait?.state === state ? wait.untilMs : null,
    desired,
    pauseReason,
    fleet: spec.fleet ?? null,
    epoch,
    restarts,
    attempt,
    checkpoint,
    checkpointProblem,
    startedAtMs,
    ends: carried.lastEnds,
    parameters: parameters.current,
    attemptParameters: attempt && parameters.ofAttempt,
    pinned: parameters.pinned,
    assignments: parameters.assignments,
    outcomesOwed: records.outcomes,
    promptsWaiting: prompts.waiting,
    after: chain.after,
    account: account.name,
    budget: budget.status(),
    beside: writers.status(),
  };
}
