import { z } from 'zod';
import type { AttemptReport } from './attempt.js';
import { checkpointTimesSchema, noCheckpointTimes } from './checkpoint-times.js';
import { countsAsFailure, exitClasses } from './exit-class.js';
import { parametersSchema, resumeRungs, type Parameters } from './parameters.js';
import { riskZones } from './risk.js';

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
  resumeStrategy: z.enum(resumeRungs).nullable(),
  /** From the last checkpoint, or the start, to a crash, and of a hung attempt at least its silence, ms; 0 for an end without loss. */
  workLostMs: z.number().nonnegative(),
  messages: z.number().nonnegative(),
  toolCalls: z.number().nonnegative(),
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  costUsd: z.number().nonnegative().nullable(),
  /** What came back at its resume, the least of messages, files and operations, ratio 0-1; null for a first attempt, or unknown. */
  fidelity: z.number().min(0).max(1).nullable(),
  /** From the end of the attempt before to the first event of this one, ms; null for a first attempt, or one that never ran. */
  downtimeMs: z.number().nonnegative().nullable(),
  checkpoints: checkpointTimesSchema,
  /** The highest context use seen, ratio 0-1; null where the stream does not tell. */
  maxContextUse: z.number().nonnegative().nullable(),
  /** The longest silence while it ran, ms: no event, CPU or I/O. */
  longestSilenceMs: z.number().nonnegative(),
  /** The risk zone that it was in 60 s before its end; null where it lived for less, and in outcomes that older versions told. */
  zoneBeforeEnd: z.enum(riskZones).nullable().default(null),
  /** What it ran with. */
  parameters: parametersSchema,
});

export type Outcome = z.infer<typeof outcomeSchema>;

/** What an attempt's report does not say of it. */
export interface OutcomeContext {
  agent: string;
  parameters: Parameters;
  resumeStrategy: Outcome['resumeStrategy'];
  /** When the attempt before ended, Unix ms; null for a first attempt. */
  previousEndedAtMs: number | null;
}

/** A session as it began: kept before its first attempt. */
export interface SessionOpened {
  sessionId: string;
  sessionName: string;
  hostId: string;
  agent: string;
  parameters: Parameters;
  openedAtMs: number;
}

/** How a session closed. */
export interface SessionClosed {
  sessionId: string;
  state: 'completed' | 'stopped' | 'failed';
  attempts: number;
  restarts: number;
  closedAtMs: number;
}

/** What is to be recorded of a session: told again, it changes nothing. */
export interface SessionRecords {
  /** Null where it was recorded already. */
  opened: SessionOpened | null;
  outcomes: Outcome[];
  /** Null while it is open. */
  closed: SessionClosed | null;
}

/** All that is known of one session. */
export interface SessionRecord {
  sessionId: string;
  opened: SessionOpened | null;
  closed: SessionClosed | null;
  /** By epoch. */
  attempts: Outcome[];
  assignments: { experimentId: string; parameter: string; arm: 'control' | 'treatment'; assignedAtMs: number }[];
}

/** The outcome of an attempt that has ended. */
export function outcomeOf(report: AttemptReport, { agent, parameters, resumeStrategy, previousEndedAtMs }: OutcomeContext): Outcome {
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
    fidelity: report.fidelity ?? null,
    downtimeMs: previousEndedAtMs === null || report.runningAtMs === null ? null : Math.max(0, report.runningAtMs - previousEndedAtMs),
    checkpoints: report.checkpointTimes ?? noCheckpointTimes,
    maxContextUse: report.maxContextUse ?? null,
    longestSilenceMs: report.longestSilenceMs ?? 0,
    zoneBeforeEnd: report.zoneBeforeEnd,
    parameters,
  };
}

/** A checkpoint of an earlier attempt saves nothing of this one, and the last one of a hung attempt nothing of the time it was silent. */
function workLost({ exitClass, startedAtMs, runningAtMs, endedAtMs, checkpoint, longestSilenceMs }: AttemptReport): number {
  if (runningAtMs === null) return 0;
  const silentMs = exitClass === 'hung' ? (longestSilenceMs ?? 0) : 0;
  return Math.max(silentMs, endedAtMs - Math.max(startedAtMs, checkpoint?.atMs ?? 0));
}
