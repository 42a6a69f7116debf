import { z } from 'zod';
import type { AttemptReport } from './attempt.js';
import { countsAsFailure, exitClasses } from './exit-class.js';
import { parametersSchema, resumeStrategies, type Parameters } from './parameters.js';

/** What one attempt came to: the record that verdicts are computed from. Times are Unix ms. */
export const outcomeSchema = z.strictObject({
  /** The key: an attempt has one outcome, however often it is told. */
  attemptId: z.string().min(1),
  sessionId: z.string().min(1),
  sessionName: z.string().min(1),
  hostId: z.string().min(1),
  agent: z.string().min(1),
  epoch: z.number().int().positive(),
  exitClass: z.enum(exitClasses),
  /** Whether its end counts against the session. */
  crashed: z.boolean(),
  startedAtMs: z.number(),
  /** Null where it never ran: a failed resume, if it was one. */
  runningAtMs: z.number().nullable(),
  endedAtMs: z.number(),
  /** How it was resumed; null for a first attempt. */
  resumeStrategy: z.enum(resumeStrategies).nullable(),
  /** From the last checkpoint, or the start, to a crash, ms; 0 for an end without loss. */
  workLostMs: z.number().nonnegative(),
  messages: z.number().nonnegative(),
  toolCalls: z.number().nonnegative(),
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  costUsd: z.number().nonnegative().nullable(),
  parameters: parametersSchema,
  /** The experiment and arm it ran under; null outside of any. */
  experimentId: z.string().nullable(),
  arm: z.enum(['control', 'treatment']).nullable(),
});

export type Outcome = z.infer<typeof outcomeSchema>;

/** What an attempt's report does not say of it. */
export interface OutcomeContext {
  agent: string;
  parameters: Parameters;
  resumeStrategy: Outcome['resumeStrategy'];
  assignment: { experimentId: string; arm: 'control' | 'treatment' } | null;
}

/** The outcome of an attempt that has ended. */
export function outcomeOf(report: AttemptReport, { agent, parameters, resumeStrategy, assignment }: OutcomeContext): Outcome {
  const crashed = countsAsFailure(report.exitClass);
  return {
    attemptId: report.attemptId,
    sessionId: report.sessionId,
    sessionName: report.name,
    hostId: report.hostId,
    agent,
    epoch: report.epoch,
    exitClass: report.exitClass,
    crashed,
    startedAtMs: report.startedAtMs,
    runningAtMs: report.runningAtMs,
    endedAtMs: report.endedAtMs,
    resumeStrategy: report.epoch === 1 ? null : resumeStrategy,
    workLostMs: crashed ? workLost(report) : 0,
    messages: report.messages,
    toolCalls: report.toolCalls,
    inputTokens: report.inputTokens,
    outputTokens: report.outputTokens,
    costUsd: report.costUsd,
    parameters,
    experimentId: assignment?.experimentId ?? null,
    arm: assignment?.arm ?? null,
  };
}

/** A checkpoint of an earlier attempt saves nothing of this one. */
function workLost({ startedAtMs, runningAtMs, endedAtMs, checkpoint }: AttemptReport): number {
  if (runningAtMs === null) return 0;
  return Math.max(0, endedAtMs - Math.max(startedAtMs, checkpoint?.atMs ?? 0));
}
