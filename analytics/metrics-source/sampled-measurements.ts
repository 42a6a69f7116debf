import type { PredictionCounts } from '../../domain/crash-prediction.js';
import { checkpointTimeBoundsMs } from '../../domain/checkpoint-times.js';
import type { Histogram } from '../../domain/histogram.js';
import { contextUseBounds, monitorBoundsMs, restartBoundsMs, silenceBoundsMs, type Measurements, type RestartGroup } from '../../domain/opportunity-rules/measurements.js';
import { resumeStrategies, type ResumeStrategy } from '../../domain/parameters.js';
import type { Proportion, SampleSummary } from '../../domain/statistics/interval.js';
import { metricNames as names } from '../metric-names.js';

/** One series of a metric, and by how much it rose in the window. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** The series of a name, as `shim_sessions_total` or `…_bucket`; none where nothing is known of it. */
export type Samples = (name: string) => readonly Sample[];

const histograms = [names.checkpointSeconds, names.restartSeconds, names.monitorSeconds, names.contextUse, names.silenceSeconds] as const;
const counters: readonly string[] = Object.values(names).filter((name) => name !== names.uptimeSeconds && !histograms.some((histogram) => histogram === name));
/** All names that the measurements are made of, as Prometheus has them. */
export const sampledNames: readonly string[] = [...counters, ...histograms.flatMap((name) => [`${name}_bucket`, `${name}_sum`])];

/** What the counters of SHIMMetrics rose by, as the rules want it. @param about the window and the age of what is in it. */
export function measurementsOf(samples: Samples, about: Pick<Measurements, 'fromMs' | 'untilMs' | 'newestAtMs'>): Measurements {
  const sessions = rise(samples, names.sessions);
  const crashes = rise(samples, names.crashes);
  const running = rise(samples, names.runningSeconds);
  const crashed = proportion(rise(samples, names.crashedSessions), sessions);
  const failedResume = proportion(rise(samples, names.failedResumeSessions), sessions);
  return {
    ...about,
    sessions: crashed && failedResume && { crashed, failedResume },
    tokens: summary(sessions, rise(samples, names.tokens), rise(samples, names.tokensSquared), 1),
    lostTimeMs: summary(sessions, rise(samples, names.lostSeconds), rise(samples, names.lostSecondsSquared), 1_000),
    downtimeMs: summary(sessions, rise(samples, names.downSeconds), rise(samples, names.downSecondsSquared), 1_000),
    hangs: proportion(rise(samples, names.hangs), rise(samples, names.attempts)),
    // The counters tell no sessions apart here.
    failures: crashes === null || running === null ? null : { crashes: Math.round(crashes), runningMs: running * 1_000, dispersion: null },
    predictions: predictions(samples),
    failedResumes: failedResumes(samples(names.resumes)),
    checkpoints: histogram(samples, names.checkpointSeconds, checkpointTimeBoundsMs, 1_000),
    restarts: histogram(samples, names.restartSeconds, restartBoundsMs, 1_000),
    monitorLooks: histogram(samples, names.monitorSeconds, monitorBoundsMs, 1_000),
    contextUse: both(histogram(samples, names.contextUse, contextUseBounds, 1, { crashed: 'true' }), histogram(samples, names.contextUse, contextUseBounds, 1, { crashed: 'false' })),
    silences: histogram(samples, names.silenceSeconds, silenceBoundsMs, 1_000),
    restartsAfterCrash: restarts(samples),
  };
}

function both(crashed: Histogram | null, ended: Histogram | null): Measurements['contextUse'] {
  return crashed && ended && { crashed, ended };
}

/** Sum over the series that bear these labels; null where there is none. */
function rise(samples: Samples, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const found = samples(name).filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
}

/** Prometheus estimates a rise, which is then no whole number. */
function proportion(part: number | null, whole: number | null): Proportion | null {
  if (part === null || whole === null) return null;
  const trials = Math.round(whole);
  return { successes: Math.min(trials, Math.round(part)), trials };
}

/** @param scale from the metric's unit to the summary's. */
function summary(count: number | null, sum: number | null, squares: number | null, scale: number): SampleSummary | null {
  if (count === null || sum === null || squares === null) return null;
  const n = Math.round(count);
  if (n === 0) return null;
  // By the count as it was estimated: sum and squares are by the same.
  const mean = sum / count;
  return { n, mean: mean * scale, variance: n < 2 ? 0 : Math.max(0, squares / count - mean ** 2) * (n / (n - 1)) * scale ** 2 };
}

/** Cumulative buckets as counts; null where a bound is lacking: another version's, or none at all. */
function histogram(samples: Samples, name: string, bounds: readonly number[], scale: number, labels: Readonly<Record<string, string>> = {}): Histogram | null {
  const total = rise(samples, `${name}_sum`, labels);
  if (total === null) return null;
  const byEnd = new Map<number, number>();
  for (const { labels: own, value } of samples(`${name}_bucket`)) {
    if (!Object.entries(labels).every(([label, wanted]) => own[label] === wanted)) continue;
    const end = own['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(own['le']);
    byEnd.set(end, (byEnd.get(end) ?? 0) + value);
  }
  const cumulative = [...bounds.map((bound) => bound / scale), Number.POSITIVE_INFINITY].map((end) => byEnd.get(end));
  if (cumulative.includes(undefined)) return null;
  const counts = cumulative.map((count, at) => Math.max(0, Math.round(count ?? 0) - Math.round(at === 0 ? 0 : (cumulative[at - 1] ?? 0))));
  return { bounds, counts, total: total * scale };
}

function predictions(samples: Samples): PredictionCounts | null {
  const of = (foretold: boolean, crashed: boolean) => rise(samples, names.predictions, { foretold: String(foretold), crashed: String(crashed) });
  const [truePositives, falsePositives, falseNegatives, trueNegatives] = [of(true, true), of(true, false), of(false, true), of(false, false)].map((count) => (count === null ? null : Math.round(count)));
  // One that is lacking is of another version.
  if (truePositives == null || falsePositives == null || falseNegatives == null || trueNegatives == null) return null;
  return { truePositives, falsePositives, trueNegatives, falseNegatives };
}

function failedResumes(samples: readonly Sample[]): Measurements['failedResumes'] {
  if (samples.length === 0) return null;
  const of = (strategy: ResumeStrategy): Proportion => {
    const rose = (wanted: (result: string | undefined) => boolean) => samples.filter(({ labels }) => labels['strategy'] === strategy && wanted(labels['result'])).reduce((sum, { value }) => sum + Math.round(value), 0);
    return { successes: rose((result) => result === 'failed'), trials: rose(() => true) };
  };
  const [native, fork, brief] = resumeStrategies.map(of) as [Proportion, Proportion, Proportion];
  return { native, fork, brief };
}

function restarts(samples: Samples): Measurements['restartsAfterCrash'] {
  const groupOf = (waited: 'true' | 'false'): RestartGroup | null => {
    const labels = { waited };
    const made = rise(samples, names.restartsAfterCrash, labels);
    const crashedAgain = proportion(rise(samples, names.crashedAgain, labels), made);
    const none = made !== null && Math.round(made) === 0 ? { n: 0, mean: 0, variance: 0 } : null;
    const downtimeMs = summary(made, rise(samples, names.restartsAfterCrashSeconds, labels), rise(samples, names.restartsAfterCrashSecondsSquared, labels), 1_000) ?? none;
    return downtimeMs && crashedAgain && { downtimeMs, crashedAgain };
  };
  const [atOnce, waited] = [groupOf('false'), groupOf('true')];
  return atOnce && waited && { atOnce, waited };
}
