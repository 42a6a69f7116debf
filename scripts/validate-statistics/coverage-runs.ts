import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound } from '../../domain/statistics/bernoulli-bound.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import { changeDetectorResult, createChangeDetector, updateChangeDetector } from '../../domain/statistics/change-detector.js';
import type { Proportion } from '../../domain/statistics/interval.js';
import { logBetaMixture, mixtureConcentration } from '../../domain/statistics/one-sample-bernoulli.js';
import { createQuantileLimit, quantileLimitResult, updateQuantileLimit } from '../../domain/statistics/quantile-sequence.js';
import { createSampleRatio, sampleRatioResult, updateSampleRatio } from '../../domain/statistics/sample-ratio.js';
import { alpha, pairs } from './null-runs.js';
import { draws, longDuration } from './streams.js';
import { count, noCounts, type Tally } from './tally.js';

/** Rates whose confidence sequence is judged; the last two as the shares of observations at or below a quantile. */
export const heldRates = [0.01, 0.1, 0.5, 0.95] as const;
const concentration = mixtureConcentration(100, alpha);

/**
 * Sequences of one arm or two, looked at after every session: whether they ever miss the truth, or ever claim what is not so.
 * An interval of a rate, and so of a quantile, misses the truth exactly where the mixture against the truth reaches 1/alpha,
 * which costs less to look at than the interval.
 */
export function coverageRuns(runs: number, random: () => number): Tally {
  const tally = noCounts(runs, ['difference', ...heldRates.map((rate) => `rate ${rate}`), 'bound less', 'bound greater', 'quantile', 'assignment']);
  for (let run = 0; run < runs; run += 1) {
    if (missesDifference(random)) count(tally, 'difference');
    for (const rate of heldRates) if (missesRate(rate, random)) count(tally, `rate ${rate}`);
    for (const alternative of ['less', 'greater'] as const) if (claimsBound(alternative, random)) count(tally, `bound ${alternative}`);
    if (claimsQuantile(random)) count(tally, 'quantile');
    if (claimsMismatch(random)) count(tally, 'assignment');
  }
  return tally;
}

function missesDifference(random: () => number): boolean {
  let state = createBernoulliEProcess({ alpha });
  for (let at = 0; at < pairs; at += 1) state = updateBernoulliEProcess(state, { control: trial(0.12, random), treatment: trial(0.08, random) });
  // Nested over time: what it holds at the end it has held at every look.
  const { lower, upper } = bernoulliEProcessResult(state).interval;
  return (lower ?? -1) > -0.04 || (upper ?? 1) < -0.04;
}

function missesRate(rate: number, random: () => number): boolean {
  let successes = 0;
  for (let trials = 1; trials <= 2 * pairs; trials += 1) {
    if (random() < rate) successes += 1;
    if (logBetaMixture(rate, concentration, successes, trials) >= -Math.log(alpha)) return true;
  }
  return false;
}

/** A rate that is at the bound. */
function claimsBound(alternative: 'less' | 'greater', random: () => number): boolean {
  let state = createBernoulliBound({ alpha, bound: 0.1, alternative });
  for (let at = 0; at < 2 * pairs; at += 1) state = updateBernoulliBound(state, trial(0.1, random));
  return bernoulliBoundResult(state).pValue <= alpha;
}

/** Lognormal durations whose 95th percentile is at the limit: whether it is ever said to be above it. */
function claimsQuantile(random: () => number): boolean {
  let state = createQuantileLimit({ alpha, quantile: 0.95, limit: longDuration, alternative: 'greater' });
  for (let at = 0; at < 2 * pairs; at += 1) state = updateQuantileLimit(state, draws.lognormal(random).value);
  return quantileLimitResult(state).pValue <= alpha;
}

function claimsMismatch(random: () => number): boolean {
  let state = createSampleRatio([1, 1]);
  for (let at = 0; at < 2 * pairs; at += 1) state = updateSampleRatio(state, random() < 0.5 ? [1, 0] : [0, 1]);
  return sampleRatioResult(state).pValue <= alpha;
}

/** Of the change detector's false alarms. */
export const alarmAlpha = 0.005;

/** Sessions to a false alarm, and to one after the crash rate has doubled: sums, and sums of squares. */
export function alarmRuns(runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs], false: [0, 0], doubled: [0, 0] };
  for (let run = 0; run < runs; run += 1) {
    for (const [name, rate] of [['false', 0.1], ['doubled', 0.2]] as const) {
      let state = createChangeDetector({ kind: 'bernoulli', baseline: 0.1, alpha: alarmAlpha });
      while (!changeDetectorResult(state).alarm) state = updateChangeDetector(state, { events: random() < rate ? 1 : 0, exposure: 1 });
      const sums = tally[name] as number[];
      sums[0] = (sums[0] as number) + state.looks;
      sums[1] = (sums[1] as number) + state.looks ** 2;
    }
  }
  return tally;
}

function trial(rate: number, random: () => number): Proportion {
  return { successes: random() < rate ? 1 : 0, trials: 1 };
}
