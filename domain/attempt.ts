import type { BudgetFinding, Spend } from './budget.js';
import type { CheckpointRef } from './checkpoint.js';
import type { CheckpointTimes } from './checkpoint-times.js';
import type { ExitClass } from './exit-class.js';
import type { RiskZone } from './risk.js';
import type { PendingOperation } from './signals.js';

/** Names one attempt: the epoch fences, the id tells a retried request from another one with the same epoch. */
export interface AttemptKey {
  sessionId: string;
  name: string;
  /** 1, 2, 3… within a session name; a higher one fences all lower ones. */
  epoch: number;
  /** UUID chosen by the workflow. */
  attemptId: string;
}

/** How an attempt came to an end, as the host saw it. Times are Unix ms. */
export interface AttemptReport extends AttemptKey {
  hostId: string;
  exitClass: ExitClass;
  /** Exit status, or null where a signal or SHIM ended it. */
  exitCode: number | null;
  /** Name of the signal, as SIGKILL, or null. */
  signal: string | null;
  /** One line for people, free of secrets. */
  reason: string;
  startedAtMs: number;
  /** When the first event was seen; null if it never ran. */
  runningAtMs: number | null;
  endedAtMs: number;
  /** The latest durable checkpoint, of this attempt or an earlier one. */
  checkpoint: CheckpointRef | null;
  /** Started and not seen to end. */
  pending: PendingOperation[];
  /** Ended so shortly before that the agent may have lost their outcome again. Reports of older versions lack it. */
  justEnded?: PendingOperation[];
  /** Zone 60 s before the end; null if it did not live that long. */
  zoneBeforeEnd: RiskZone | null;
  messages: number;
  toolCalls: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number | null;
  /** When the limit that ended it resets; null if unknown or another end. */
  limitResetsAtMs: number | null;
  // What follows is lacking in reports of older versions.
  /** Of the checkpoints made in this attempt. */
  checkpointTimes?: CheckpointTimes;
  /** The highest context use seen, ratio 0-1; null where the stream does not tell. */
  maxContextUse?: number | null;
  /** The longest silence while it ran, ms. */
  longestSilenceMs?: number;
  /** Calls that the agent was not allowed to make, one line each. */
  denied?: string[];
  /** Of its resume, ratio 0-1; null for a first attempt, or where it could not be measured. */
  fidelity?: number | null;
  /** The queued prompt that it was begun with, and whether the agent got it; null where there was none. */
  prompt?: { id: number; delivered: boolean } | null;
  /** What the session had spent by its end, in all its attempts. */
  spend?: Spend;
  /** The budget that was used up by then; null where none was. */
  overBudget?: BudgetFinding | null;
  /** It was lost while no host worker was there: whatever ended it took the worker along, as a restart of a container does. */
  unwatched?: true;
}

/** The report of an attempt that could not begin at all: the session is wrongly set up. */
export function neverBegan(key: AttemptKey, hostId: string, reason: string, nowMs: number): AttemptReport {
  return {
    ...key,
    hostId,
    exitClass: 'misconfigured',
    exitCode: null,
    signal: null,
    reason,
    startedAtMs: nowMs,
    runningAtMs: null,
    endedAtMs: nowMs,
    checkpoint: null,
    pending: [],
    zoneBeforeEnd: null,
    messages: 0,
    toolCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: null,
    limitResetsAtMs: null,
  };
}
