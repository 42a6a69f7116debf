import { randomUUID } from 'node:crypto';
import type { ExitClass } from '../../domain/exit-class.js';
import type { AttemptReport } from '../../domain/attempt.js';
import { parametersSchema } from '../../domain/parameters.js';
import { decideNext, emptyHistory, restartPolicySchema, type Decision, type DecisionInput, type FailureHistory } from '../../domain/restart-policy.js';
import { aReport } from './session-fixtures.js';

/** A policy as a user may write it. */
export type PolicyChange = Parameters<typeof restartPolicySchema.parse>[0];

/** One end and what is changed about it; `afterMs` is the time since the end before. */
export type End = ExitClass | (Partial<AttemptReport> & { exitClass: ExitClass; afterMs?: number });

/** The decisions on ends that follow one another, 1 s apart unless they say otherwise, and what is remembered at the last. */
export function decideAll(ends: readonly End[], policy: PolicyChange = {}, parameters: object = {}, known: Pick<DecisionInput, 'account' | 'canCompact' | 'prompts'> = {}): { decisions: Decision[]; history: FailureHistory } {
  let history = emptyHistory;
  let nowMs = 1_000_000_000;
  const decisions = ends.map((end) => {
    const { afterMs = 1_000, ...change } = typeof end === 'string' ? { exitClass: end } : end;
    nowMs += afterMs;
    const report = aReport({ sessionId: randomUUID(), name: 'session', epoch: 1, attemptId: randomUUID() }, change, nowMs);
    const input = { policy: restartPolicySchema.parse(policy), parameters: parametersSchema.parse(parameters), history, report, nowMs, random: 0.5, ...known };
    const { decision, history: next } = decideNext(input);
    history = next;
    return decision;
  });
  return { decisions, history };
}
