import { checkpointTimeBoundsMs } from '../checkpoint-times.js';
import { countPrediction, noPredictions } from '../crash-prediction.js';
import { emptyHistogram, histogramOf } from '../histogram.js';
import type { Outcome, SessionRecord } from '../outcome.js';
import { resumeStrategies, type ResumeStrategy } from '../parameters.js';
import type { Proportion, SampleSummary } from '../statistics/interval.js';
import { contextUseBounds, restartBoundsMs, silenceBoundsMs, type Measurements, type RestartGroup } from './measurements.js';

/** What sessions came to, as the rules want it. The records are those of the window; a session's attempts before it count too. */
export function measureSessions(records: readonly SessionRecord[], window: Pick<Measurements, 'fromMs' | 'untilMs' | 'newestAtMs'>): Measurements {
  const sessions = records.filter(({ attempts }) => attempts.length > 0);
  const attempts = sessions.flatMap((session) => session.attempts);
  const restarts = attempts.flatMap(({ downtimeMs }) => (downtimeMs === null ? [] : [downtimeMs]));
  const untilFirstCrash = sessions.flatMap((session) => upToFirstCrash(session.attempts)).flatMap(({ crashed, maxContextUse }) => (maxContextUse === null ? [] : [{ crashed, maxContextUse }]));
  const useOf = (wanted: boolean) => histogramOf(contextUseBounds, untilFirstCrash.filter(({ crashed }) => crashed === wanted).map(({ maxContextUse }) => maxContextUse));
  const known = sessions.length > 0;
  return {
    ...window,
    sessions: { crashed: share(sessions, (session) => session.attempts.some(({ crashed }) => crashed)), failedResume: share(sessions, (session) => session.attempts.some(isFailedResume)) },
    tokens: known ? summary(sessions.map((session) => sum(session.attempts, ({ inputTokens, outputTokens }) => inputTokens + outputTokens))) : null,
    lostTimeMs: known ? summary(sessions.map((session) => sum(session.attempts, lostTime))) : null,
    downtimeMs: known ? summary(sessions.map((session) => sum(session.attempts, ({ downtimeMs }) => downtimeMs ?? 0))) : null,
    hangs: share(attempts, ({ exitClass }) => exitClass === 'hung'),
    failures: failuresOf(sessions),
    predictions: attempts.reduce(countPrediction, noPredictions),
    failedResumes: resumesOf(attempts),
    checkpoints: attempts.reduce((all, { checkpoints }) => ({ ...all, counts: all.counts.map((count, at) => count + (checkpoints.buckets[at] ?? 0)), total: all.total + checkpoints.totalMs }), emptyHistogram(checkpointTimeBoundsMs)),
    restarts: histogramOf(restartBoundsMs, restarts),
    monitorLooks: null,
    contextUse: { crashed: useOf(true), ended: useOf(false) },
    silences: histogramOf(silenceBoundsMs, attempts.filter(({ exitClass, runningAtMs }) => exitClass !== 'hung' && runningAtMs !== null).map(({ longestSilenceMs }) => longestSilenceMs)),
    restartsAfterCrash: restartGroups(sessions),
  };
}

/** Work lost and time spent on checkpoints, ms: an attempt's part of the metric lost_time. */
export function lostTime({ workLostMs, checkpoints }: Pick<Outcome, 'workLostMs' | 'checkpoints'>): number {
  return workLostMs + checkpoints.totalMs;
}

/** Time that an attempt ran, ms; 0 for one that never did. */
export function runningTime({ runningAtMs, endedAtMs }: Pick<Outcome, 'runningAtMs' | 'endedAtMs'>): number {
  return runningAtMs === null ? 0 : Math.max(0, endedAtMs - runningAtMs);
}

function isFailedResume({ resumeStrategy, runningAtMs }: Outcome): boolean {
  return resumeStrategy !== null && runningAtMs === null;
}

/** Who crashed once is likely to crash again: only a session's first crash is independent of other sessions' crashes. */
function upToFirstCrash(attempts: readonly Outcome[]): readonly Outcome[] {
  const first = attempts.findIndex(({ crashed }) => crashed);
  return first === -1 ? attempts : attempts.slice(0, first + 1);
}

function failuresOf(sessions: readonly SessionRecord[]): Measurements['failures'] {
  const rows = sessions.map(({ attempts }) => ({ crashes: attempts.filter(({ crashed }) => crashed).length, runningMs: sum(attempts, runningTime) }));
  const crashes = sum(rows, (row) => row.crashes);
  const runningMs = sum(rows, (row) => row.runningMs);
  if (crashes === 0 || runningMs === 0 || rows.length < 2) return { crashes, runningMs, dispersion: null };
  const rate = crashes / runningMs;
  const squares = sum(rows, (row) => (row.crashes - rate * row.runningMs) ** 2);
  return { crashes, runningMs, dispersion: (squares / crashes) * (rows.length / (rows.length - 1)) };
}

function resumesOf(attempts: readonly Outcome[]): Record<ResumeStrategy, Proportion> {
  const [native, fork, brief] = resumeStrategies.map((strategy) => share(attempts.filter(({ resumeStrategy }) => resumeStrategy === strategy), isFailedResume));
  const none = { successes: 0, trials: 0 };
  return { native: native ?? none, fork: fork ?? none, brief: brief ?? none };
}

function restartGroups(sessions: readonly SessionRecord[]): Measurements['restartsAfterCrash'] {
  const groups: Record<'atOnce' | 'waited', { downtimeMs: number; crashed: boolean }[]> = { atOnce: [], waited: [] };
  for (const { attempts } of sessions) {
    let inARow = 0;
    for (const { crashed, downtimeMs } of attempts) {
      if (inARow > 0 && downtimeMs !== null) groups[inARow === 1 ? 'atOnce' : 'waited'].push({ downtimeMs, crashed });
      inARow = crashed ? inARow + 1 : 0;
    }
  }
  const groupOf = (restarts: { downtimeMs: number; crashed: boolean }[]): RestartGroup => ({ downtimeMs: summary(restarts.map(({ downtimeMs }) => downtimeMs)), crashedAgain: share(restarts, ({ crashed }) => crashed) });
  return { atOnce: groupOf(groups.atOnce), waited: groupOf(groups.waited) };
}

function share<T>(all: readonly T[], has: (one: T) => boolean): Proportion {
  return { successes: all.filter(has).length, trials: all.length };
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

function summary(values: readonly number[]): SampleSummary {
  const n = values.length;
  const mean = n === 0 ? 0 : sum(values, (value) => value) / n;
  return { n, mean, variance: n < 2 ? 0 : sum(values, (value) => (value - mean) ** 2) / (n - 1) };
}
