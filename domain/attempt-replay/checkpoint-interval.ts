import { formatDuration } from '../duration.js';
import { runningTime } from '../opportunity-rules/measure-sessions.js';
import { rateFor } from '../opportunity-rules/young-daly.js';
import type { Outcome, SessionRecord } from '../outcome.js';
import type { ReplayModel } from './replay.js';

const minuteMs = 60_000;

/** Checkpoints for other reasons that are drawn for one attempt: more are so close that the interval does not matter. */
const mostOthers = 10_000;

/**
 * Runs each attempt's clock again under both intervals, with the same checkpoints for other reasons drawn for both: how many
 * checkpoints are made, and how long ago the last one was at its crash.
 *
 * @param values minutes.
 */
export function replayCheckpointInterval({ current, proposed }: { current: number; proposed: number }, sessions: readonly SessionRecord[], random: () => number): ReplayModel {
  const attempts = sessions.flatMap((session) => session.attempts);
  const made = total(attempts, ({ checkpoints }) => checkpoints.made);
  const runningMs = total(attempts, runningTime);
  const checkpointMs = made === 0 ? 0 : total(attempts, ({ checkpoints }) => checkpoints.totalMs) / made;
  const ran = attempts.filter(({ runningAtMs }) => runningAtMs !== null).map(runningTime);
  const more = made - ran.length;
  const othersPerMs = runningMs === 0 ? 0 : rateFor(more, more / runningMs, (rate) => total(ran, (ranMs) => expectedCheckpoints(ranMs, current * minuteMs, rate)));
  const rows = sessions.map((session) => {
    const lived = session.attempts.map((attempt) => {
      const others = drawOthers(runningTime(attempt), othersPerMs, random);
      return { present: live(attempt, others, current * minuteMs, checkpointMs), proposed: live(attempt, others, proposed * minuteMs, checkpointMs) };
    });
    const row = (of: (life: { lostMs: number; checkpointsMs: number }) => number) => ({ present: total(lived, ({ present }) => of(present)), proposed: total(lived, ({ proposed }) => of(proposed)), weight: 1 });
    return { lost: row(({ lostMs }) => lostMs), checkpoints: row(({ checkpointsMs }) => checkpointsMs), both: row(({ lostMs, checkpointsMs }) => lostMs + checkpointsMs) };
  });
  const recorded = total(attempts, ({ workLostMs }) => workLostMs) / sessions.length;
  return {
    figures: [
      { name: 'work lost a session', unit: 'ms', rows: rows.map(({ lost }) => lost) },
      { name: 'checkpoint time a session', unit: 'ms', rows: rows.map(({ checkpoints }) => checkpoints) },
      { name: 'time lost a session', unit: 'ms', rows: rows.map(({ both }) => both) },
    ],
    assumptions: [
      'Attempts crash when they did, whatever the interval.',
      `A checkpoint takes ${formatDuration(checkpointMs)}, the mean of ${made}.`,
      othersPerMs === 0 ? 'Checkpoints come by time alone, as their number says.' : `Checkpoints for other reasons come at random, every ${formatDuration(1 / othersPerMs)} on average, as the number of all says.`,
      `Work lost as recorded was ${formatDuration(recorded)} a session: how far the replay of the present value is from it says how far these hold.`,
    ],
  };
}

/**
 * Of an attempt of that length, after the one it begins with: those for other reasons, and those by time, of which one comes whenever the last
 * other, or the start, is k intervals ago: the sum of e^(-r k W) (1 + r (R - k W)) over k W up to R, as geometric series.
 */
function expectedCheckpoints(runningMs: number, intervalMs: number, perMs: number): number {
  const n = Math.floor(runningMs / intervalMs);
  const perInterval = perMs * intervalMs;
  const weight = 1 + perMs * runningMs;
  // For a small rate the series are 0/0.
  if (perInterval < 1e-6) return perMs * runningMs + n * weight - (perInterval * n * (n + 1)) / 2;
  const q = Math.exp(-perInterval);
  const sum = (q * (1 - q ** n)) / (1 - q);
  const weighted = (q * (1 - (n + 1) * q ** n + n * q ** (n + 1))) / (1 - q) ** 2;
  return perMs * runningMs + weight * sum - perInterval * weighted;
}

/** Times of a Poisson process while an attempt runs, ms from its first event. */
function drawOthers(runningMs: number, perMs: number, random: () => number): number[] {
  const times: number[] = [];
  if (perMs === 0) return times;
  let atMs = 0;
  while (times.length < mostOthers) {
    atMs += -Math.log1p(-random()) / perMs;
    if (atMs >= runningMs) break;
    times.push(atMs);
  }
  return times;
}

/** A clock that starts anew with each checkpoint; the first is made as the attempt begins to run. */
function live(attempt: Outcome, others: readonly number[], intervalMs: number, checkpointMs: number): { lostMs: number; checkpointsMs: number } {
  const runningMs = runningTime(attempt);
  let lastMs = 0;
  let made = attempt.runningAtMs === null ? 0 : 1;
  for (const nextMs of [...others, runningMs]) {
    const byTime = Math.floor((nextMs - lastMs) / intervalMs);
    made += byTime;
    lastMs += byTime * intervalMs;
    if (nextMs === runningMs) break;
    made += 1;
    lastMs = nextMs;
  }
  return { lostMs: attempt.crashed ? runningMs - lastMs : 0, checkpointsMs: made * checkpointMs };
}

function total<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}
