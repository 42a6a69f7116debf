import type { PredictionCounts } from '../crash-prediction.js';
import type { Histogram } from '../histogram.js';
import type { ResumeStrategy } from '../parameters.js';
import type { Proportion, SampleSummary } from '../statistics/interval.js';

/** Restarts after a crash: how long they took, and how many of those attempts crashed again. */
export interface RestartGroup {
  /** From the end to the next first event, ms. */
  downtimeMs: SampleSummary;
  crashedAgain: Proportion;
}

/**
 * What is known of a window of time: all that the opportunity rules go by, each part with the counts it rests on. A part that
 * its source cannot tell is null: unknown, never 0. Times are Unix ms.
 */
export interface Measurements {
  /** What the source covers of the window that it was asked for: an installation is younger than its first window. */
  fromMs: number;
  untilMs: number;
  /** When the newest telemetry was taken; null where there never was any. */
  newestAtMs: number | null;
  /** Sessions with an attempt that ended, and those of them with a crash, or with a resume that never came to run. */
  sessions: { crashed: Proportion; failedResume: Proportion } | null;
  /** Input and output tokens of a session. */
  tokens: SampleSummary | null;
  /** Work lost to crashes and time spent on checkpoints, a session, ms. */
  lostTimeMs: SampleSummary | null;
  downtimeMs: SampleSummary | null;
  /** Attempts that ended, and those of them that were hung. */
  hangs: Proportion | null;
  /**
   * Crashes over the time that attempts ran. The dispersion is the variance of crashes about their expectation, session by
   * session, over a Poisson's: above 1 where crashes come in bursts; null where the source tells no sessions apart.
   */
  failures: { crashes: number; runningMs: number; dispersion: number | null } | null;
  /** What the risk zone 60 s before the end foretold, and what came; its score is `scorePredictions`. */
  predictions: PredictionCounts | null;
  /** Resumes tried by the rung used, and those that never came to run. */
  failedResumes: Readonly<Record<ResumeStrategy, Proportion>> | null;
  /** Time that a checkpoint takes, ms. */
  checkpoints: Histogram | null;
  /** From the end of an attempt to its successor's first event, ms. */
  restarts: Histogram | null;
  /** One look at all live attempts, ms. */
  monitorLooks: Histogram | null;
  /** The highest context use (ratio) of attempts up to the first crash of their session: those that crashed, and those that ended otherwise. */
  contextUse: { crashed: Histogram; ended: Histogram } | null;
  /** The longest silence (ms) of attempts that were not ended as hung: they went on after it. */
  silences: Histogram | null;
  /** Restarts after a crash, at once, and after a back-off: the second crash in a row and later ones wait. */
  restartsAfterCrash: { atOnce: RestartGroup; waited: RestartGroup } | null;
}

/** Of context use: twentieths. */
export const contextUseBounds: readonly number[] = Array.from({ length: 20 }, (_, at) => (at + 1) / 20);

/** Of restarts, ms. */
export const restartBoundsMs: readonly number[] = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000];

/** Of the monitor's looks, ms. */
export const monitorBoundsMs: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100];

/** Of silences, ms: from a tenth of a second to a day, about three to a doubling where hang time-outs lie. */
export const silenceBoundsMs: readonly number[] = [
  100, 250, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000, 180_000, 240_000, 300_000, 375_000, 450_000, 600_000, 750_000, 900_000, 1_200_000, 1_800_000,
  2_700_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

/** Of a window that nothing is known of. */
export function unknownMeasurements(window: Pick<Measurements, 'fromMs' | 'untilMs' | 'newestAtMs'>): Measurements {
  return {
    ...window,
    sessions: null,
    tokens: null,
    lostTimeMs: null,
    downtimeMs: null,
    hangs: null,
    failures: null,
    predictions: null,
    failedResumes: null,
    checkpoints: null,
    restarts: null,
    monitorLooks: null,
    contextUse: null,
    silences: null,
    restartsAfterCrash: null,
  };
}
