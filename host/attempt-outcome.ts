import type { AttemptReport, AttemptKey } from '../domain/attempt.js';
import type { BudgetFinding, Spend } from '../domain/budget.js';
import type { CheckpointRef } from '../domain/checkpoint.js';
import type { CheckpointTimes } from '../domain/checkpoint-times.js';
import type { ExitClass } from '../domain/exit-class.js';
import { inputTokensOf } from '../domain/signals.js';
import type { SignalCollector } from './signal-collector.js';

/** Why an attempt ended: by itself as its exit tells, or by what SHIM did to it. */
export interface Ending {
  exitClass: ExitClass;
  reason: string;
  exitCode: number | null;
  signal: string | null;
  /** Unix ms. */
  endedAtMs: number;
  limitResetsAtMs: number | null;
}

/** Agents write their transcripts late: what ended within this of a kill may be unknown to the resumed agent, ms. */
const writtenLateMs = 1_500;

/** What a report tells besides the signals. */
export interface AttemptFacts {
  runningAtMs: number | null;
  checkpoint: CheckpointRef | null;
  checkpointTimes: CheckpointTimes;
  longestSilenceMs: number;
  /** Of its resume, ratio 0-1; null where it is not known. */
  fidelity: number | null;
  /** The queued prompt that it was begun with; null where there was none. */
  prompt: { id: number; delivered: boolean } | null;
  /** What the session has spent in all. */
  spend: Spend;
  /** The budget that is used up; null where none is. */
  overBudget: BudgetFinding | null;
}

/** Puts an attempt's report together. */
export function reportOf(key: AttemptKey, hostId: string, collector: SignalCollector, ending: Ending, facts: AttemptFacts): AttemptReport {
  const { signals, maxContextUse } = collector;
  return {
    sessionId: key.sessionId,
    name: key.name,
    epoch: key.epoch,
    attemptId: key.attemptId,
    hostId,
    ...ending,
    reason: ending.reason.slice(0, 500),
    startedAtMs: signals.startedAtMs,
    pending: signals.pending.slice(-20),
    justEnded: signals.ended.filter(({ endedAtMs }) => endedAtMs > ending.endedAtMs - writtenLateMs),
    zoneBeforeEnd: collector.zoneBefore(ending.endedAtMs),
    messages: signals.messages,
    toolCalls: signals.toolCalls,
    inputTokens: inputTokensOf(signals.usage),
    outputTokens: signals.usage.outputTokens,
    costUsd: signals.costUsd,
    maxContextUse,
    ...(signals.denied.length === 0 ? {} : { denied: signals.denied }),
    ...facts,
  };
}
