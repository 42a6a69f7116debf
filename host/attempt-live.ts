import type { ActivityClock } from './activity-clock.js';
import type { AttemptCheckpoints } from './attempt-checkpoints.js';
import type { AttemptOutput } from './attempt-output.js';
import { transcriptPathOf, type AttemptSetup } from './attempt-setup.js';
import type { SpendWatch } from './budget/spend-watch.js';
import type { PromptDelivery } from './prompt-delivery.js';
import type { RunningTold } from './running-told.js';
import type { LiveRecord } from './session-records.js';
import type { SignalCollector } from './signal-collector.js';

/** Those parts of a living attempt that know something of it. */
export interface LiveParts {
  setup: AttemptSetup;
  /** Unix ms; null before it runs. */
  runningAtMs: number | null;
  collector: SignalCollector;
  clock: ActivityClock;
  output: AttemptOutput;
  checkpoints: AttemptCheckpoints;
  spend: SpendWatch;
  told: RunningTold;
  /** Null where it was begun with no queued prompt. */
  delivery: PromptDelivery | null;
}

/** Puts together what is known of an attempt while it lives: who takes it over goes on from there. */
export function liveRecordOf({ setup, runningAtMs, collector, clock, output, checkpoints, spend, told, delivery }: LiveParts): LiveRecord {
  const { signals, risk, zones, maxContextUse } = collector;
  const { sample, longestSilenceMs } = clock;
  return {
    runningAtMs,
    signals,
    risk,
    zones,
    resources: sample && { cpuMs: sample.cpuMs, rssBytes: sample.rssBytes },
    transcriptPath: transcriptPathOf(setup, signals),
    offsets: output.offsets,
    checkpointTimes: checkpoints.times,
    maxContextUse,
    longestSilenceMs,
    ...(spend.isWarned ? { budgetWarned: true } : {}),
    ...(told.isTold ? { runningTold: true } : {}),
    ...(delivery ? { promptDelivered: delivery.isDelivered } : {}),
  };
}
