import { slowerThan } from '../checkpoint-times.js';
import type { Outcome } from '../outcome.js';
import type { Unit } from './unit.js';

/** What a unit is made of. */
export type UnitOutcome = Pick<Outcome, 'crashed' | 'runningAtMs' | 'resumeStrategy' | 'workLostMs' | 'inputTokens' | 'outputTokens' | 'costUsd' | 'downtimeMs' | 'checkpoints'>;

/** What a unit says of a session, besides who it is and when. */
export type UnitValues = Omit<Unit, 'experimentId' | 'sessionId' | 'position' | 'arm' | 'exposedAtMs' | 'maturedAtMs'>;

/** What a session's attempts came to in all; none is a session that never reported. @param checkpointLimitMs a checkpoint that takes longer is slow. */
export function unitValues(outcomes: readonly UnitOutcome[], checkpointLimitMs: number): UnitValues {
  const sum = (of: (outcome: UnitOutcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const resumed = outcomes.filter(({ resumeStrategy }) => resumeStrategy !== null);
  const failed = resumed.filter(({ runningAtMs }) => runningAtMs === null);
  return {
    reported: outcomes.length > 0,
    crashed: outcomes.some(({ crashed }) => crashed),
    failedResume: failed.length > 0,
    resumes: resumed.length,
    failedResumes: failed.length,
    checkpoints: sum(({ checkpoints }) => checkpoints.made),
    slowCheckpoints: sum(({ checkpoints }) => slowerThan(checkpoints, checkpointLimitMs)),
    tokens: sum(({ inputTokens, outputTokens }) => inputTokens + outputTokens),
    costUsd: sum(({ costUsd }) => costUsd ?? 0),
    lostTimeMs: sum(({ workLostMs, checkpoints }) => workLostMs + checkpoints.totalMs),
    downtimeMs: sum(({ downtimeMs }) => downtimeMs ?? 0),
  };
}
