import { checkpointTimeBoundsMs, noCheckpointTimes, withCheckpoint, type CheckpointTimes } from '../../../domain/checkpoint-times.js';
import { histogramOf } from '../../../domain/histogram.js';
import { contextUseBounds, monitorBoundsMs, restartBoundsMs, silenceBoundsMs, type Measurements } from '../../../domain/opportunity-rules/measurements.js';
import type { RuleFacts } from '../../../domain/opportunity-rules/rule.js';
import type { Outcome, SessionRecord } from '../../../domain/outcome.js';
import { parameterNames, parameterTable, type ParameterName, type ParameterValue } from '../../../domain/parameter-table.js';
import { parametersSchema } from '../../../domain/parameters.js';

export const minuteMs = 60_000;
export const nowMs = 1_800_000_000_000;

const parameters = parametersSchema.parse({});

/** An attempt of a minute that came to a good end. */
export function attemptOf(change: Partial<Outcome> = {}): Outcome {
  return {
    attemptId: 'attempt',
    sessionId: 'session',
    sessionName: 'simulated',
    hostId: 'host',
    agent: 'command',
    epoch: 1,
    exitClass: change.crashed ? 'crashed' : 'completed',
    crashed: false,
    startedAtMs: nowMs - minuteMs,
    runningAtMs: nowMs - minuteMs,
    endedAtMs: nowMs,
    resumeStrategy: null,
    workLostMs: 0,
    messages: 1,
    toolCalls: 1,
    inputTokens: 900,
    outputTokens: 100,
    costUsd: null,
    fidelity: null,
    downtimeMs: null,
    checkpoints: noCheckpointTimes,
    maxContextUse: 0.4,
    longestSilenceMs: 5_000,
    zoneBeforeEnd: 'safe',
    parameters,
    ...change,
  };
}

let sessions = 0;

/** A session of attempts that follow one another, with ids and epochs of their own. */
export function sessionOf(attempts: readonly Partial<Outcome>[]): SessionRecord {
  sessions += 1;
  const sessionId = `simulated-${sessions}`;
  return { sessionId, opened: null, closed: null, attempts: attempts.map((attempt, at) => attemptOf({ ...attempt, sessionId, attemptId: `${sessionId}-${at}`, epoch: at + 1 })), assignments: [] };
}

export function checkpointTimes(durationsMs: readonly number[]): CheckpointTimes {
  return durationsMs.reduce(withCheckpoint, noCheckpointTimes);
}

export function exponential(random: () => number, mean: number): number {
  return -mean * Math.log1p(-random());
}

export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log1p(-random())) * Math.cos(2 * Math.PI * random());
}

/** An attempt that goes through context use by twentieths, and may crash at each; at the end of its task it completes. */
export function attemptByContext(random: () => number, hazardAt: (use: number) => number, taskUse = 0.75): Partial<Outcome> {
  const until = taskUse * (0.3 + 0.7 * random());
  let use = 0.025;
  while (use < until && random() >= hazardAt(use)) use += 0.05;
  return { crashed: use < until, maxContextUse: use };
}

/**
 * A session that runs for so long on the whole, checkpointed by time alone, and crashes at random: what it loses is what
 * came after the last checkpoint.
 */
export function sessionByTime(random: () => number, { intervalMs, checkpointMs, meanTimeBetweenFailuresMs, runningMs }: { intervalMs: number; checkpointMs: number; meanTimeBetweenFailuresMs: number; runningMs: number }): SessionRecord {
  const attempts: Partial<Outcome>[] = [];
  let leftMs = runningMs;
  while (leftMs > 0) {
    const crashMs = exponential(random, meanTimeBetweenFailuresMs);
    const livedMs = Math.min(leftMs, crashMs);
    const crashed = crashMs < leftMs;
    const made = 1 + Math.floor(livedMs / intervalMs);
    attempts.push({ crashed, startedAtMs: nowMs - livedMs, runningAtMs: nowMs - livedMs, endedAtMs: nowMs, workLostMs: crashed ? livedMs % intervalMs : 0, checkpoints: checkpointTimes(Array.from({ length: made }, () => checkpointMs * (0.5 + random()))) });
    leftMs -= livedMs;
  }
  return sessionOf(attempts);
}

/** A window in which all is well: what a test does not care about. */
export function healthy(change: Partial<Measurements> = {}): Measurements {
  const n = 400;
  const many = (bounds: readonly number[], value: number) => histogramOf(bounds, Array.from({ length: n }, () => value));
  return {
    fromMs: nowMs - 14 * 86_400_000,
    untilMs: nowMs,
    newestAtMs: nowMs,
    sessions: { crashed: { successes: 20, trials: n }, failedResume: { successes: 1, trials: n } },
    tokens: { n, mean: 1_000, variance: 250_000 },
    lostTimeMs: { n, mean: 60_000, variance: 3.6e9 },
    downtimeMs: { n, mean: 500, variance: 250_000 },
    hangs: { successes: 0, trials: n },
    // A week between failures and 30 ms a checkpoint: Young and Daly's interval is 3m 10s.
    predictions: { truePositives: 6, falsePositives: 10, trueNegatives: 370, falseNegatives: 14 },
    failures: { crashes: 20, runningMs: 20 * 600_000_000, dispersion: 1 },
    failedResumes: { native: { successes: 1, trials: 40 }, fork: { successes: 0, trials: 0 }, brief: { successes: 0, trials: 0 } },
    checkpoints: { ...many(checkpointTimeBoundsMs, 30), total: n * 30 },
    restarts: many(restartBoundsMs, 800),
    monitorLooks: many(monitorBoundsMs, 2),
    contextUse: { crashed: histogramOf(contextUseBounds, Array.from({ length: 20 }, (_, at) => (at % 10) / 20)), ended: many(contextUseBounds, 0.5) },
    silences: many(silenceBoundsMs, 20_000),
    restartsAfterCrash: { atOnce: { downtimeMs: { n: 60, mean: 500, variance: 10_000 }, crashedAgain: { successes: 6, trials: 60 } }, waited: { downtimeMs: { n: 60, mean: 520, variance: 10_000 }, crashedAgain: { successes: 6, trials: 60 } } },
    ...change,
  };
}

export function factsOf(now: Measurements, { before = null, values = {} }: { before?: Measurements | null; values?: Partial<Record<ParameterName, ParameterValue>> } = {}): RuleFacts {
  const defaults = Object.fromEntries(parameterNames.map((name) => [name, parameterTable[name].defaultValue])) as Record<ParameterName, ParameterValue>;
  return { now, before, values: { ...defaults, ...values }, bounds: { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } }, minimumSessions: 50 };
}
