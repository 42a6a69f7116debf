import { z } from 'zod';
import { budgetSchema, spendSchema, type Budget, type Spend } from '../domain/budget.js';
import type { CheckpointTimes } from '../domain/checkpoint-times.js';
import { exitClasses } from '../domain/exit-class.js';
import { parametersSchema, resumeRungs, type Parameters } from '../domain/parameters.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import type { Risk } from '../domain/risk.js';
import type { AllowedWriter } from '../domain/second-writer.js';
import { sessionStates, type SessionState } from '../domain/session.js';
import type { Signals } from '../domain/signals.js';

/** What an attempt was begun with; written before its holder is spawned. Times are Unix ms. */
export interface AttemptRecord {
  sessionId: string;
  attemptId: string;
  epoch: number;
  hostId: string;
  bootId: string;
  /** Marks its processes, and names their cgroup. */
  treeId: string;
  /** Clock ticks since boot at the start; older processes are not of this attempt. */
  sinceTicks: number;
  startedAtMs: number;
  /** With what was changed while it ran. */
  parameters: Parameters;
  strategy: ResumeReceipt['strategy'];
  conversationId: string | null;
  /** Messages of the conversation that it was resumed with; 0 for a fresh start. */
  messagesAtStart: number;
  argv: string[];
  /** The queued prompt it was begun with, and where the agent's transcript ended then (0 for a new one); null where the agent was not given it. */
  prompt?: { id: number; fromBytes: number | null; isDelivered: boolean } | undefined;
  /** The account that is to be told of its first answer; records of older versions lack it. */
  probeOf?: string | undefined;
  /** What its session may spend, had spent before it, and what the agent's own counts stood at. Records of older versions lack it. */
  spending?: { budget: Budget; before: Spend; begunWith: { tokens: number; usd: number } } | undefined;
  /** Second writers that a person has allowed; lacking where there are none. */
  beside?: AllowedWriter[] | undefined;
}

/** What is known of an attempt while it lives; rewritten at most once a second. */
export interface LiveRecord {
  runningAtMs: number | null;
  signals: Signals;
  risk: Risk;
  /** Zones entered, oldest first: who asks for the zone at a time takes the last one before it. */
  zones: { atMs: number; zone: Risk['zone'] }[];
  resources: { cpuMs: number; rssBytes: number } | null;
  transcriptPath: string | null;
  /** How far the output is in the signals above. */
  offsets: Offsets;
  // What follows is lacking in records of older versions: see AttemptReport.
  checkpointTimes?: CheckpointTimes;
  maxContextUse?: number | null;
  longestSilenceMs?: number;
  promptDelivered?: boolean;
  budgetWarned?: boolean;
  /** The session has been told that the attempt runs. */
  runningTold?: boolean;
}

/** Bytes consumed of an attempt's output. */
export interface Offsets {
  stdout: number;
  stderr: number;
}

/** The session's state as Temporal last told it. */
export interface StateRecord {
  state: SessionState;
  reason: string;
  atMs: number;
  epoch: number;
}

/** `attempt.json`. */
export const attemptRecordSchema: z.ZodType<AttemptRecord> = z.object({
  sessionId: z.string(),
  attemptId: z.string(),
  epoch: z.number().int().positive(),
  hostId: z.string(),
  bootId: z.string(),
  treeId: z.string(),
  sinceTicks: z.number().nonnegative(),
  startedAtMs: z.number(),
  parameters: parametersSchema,
  strategy: z.enum([...resumeRungs, 'fresh']),
  conversationId: z.string().nullable(),
  messagesAtStart: z.number().nonnegative(),
  argv: z.array(z.string()),
  prompt: z.object({ id: z.number().int().positive(), fromBytes: z.number().nullable(), isDelivered: z.boolean() }).optional(),
  probeOf: z.string().optional(),
  spending: z.object({ budget: budgetSchema, before: spendSchema, begunWith: z.object({ tokens: z.number(), usd: z.number() }) }).optional(),
  beside: z.array(z.object({ pid: z.number(), startTicks: z.number() })).optional(),
});

/** `state.json`. */
export const stateRecordSchema: z.ZodType<StateRecord> = z.object({ state: z.enum(sessionStates), reason: z.string(), atMs: z.number(), epoch: z.number() });

/** `tombstone.json`: the session of that id was stopped, and does not return. */
export const tombstoneSchema = z.object({ sessionId: z.string(), atMs: z.number(), reason: z.string() });

/** `report.json`, an AttemptReport. Of this and the two that follow, only what other code relies on is checked; SHIM itself wrote the rest. */
export const reportSchema = z.looseObject({ attemptId: z.string(), epoch: z.number(), exitClass: z.enum(exitClasses), endedAtMs: z.number() });

/** `live.json`, a LiveRecord. */
export const liveSchema = z.looseObject({ signals: z.looseObject({ startedAtMs: z.number(), pending: z.array(z.unknown()) }), risk: z.looseObject({ zone: z.string() }), offsets: z.object({ stdout: z.number(), stderr: z.number() }) });

/** `receipt.json`, a ResumeReceipt. */
export const receiptSchema = z.looseObject({ epoch: z.number(), strategy: z.string() });

/** `decision.json`: what was decided after an attempt, one line. */
export const decisionSchema = z.object({ decision: z.string() });

/** `report.sent`: since when Temporal has an attempt's report. */
export const sentSchema = z.object({ atMs: z.number() });
