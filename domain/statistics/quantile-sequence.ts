import { requireBetween, requireFinite, requireObservations, requirePositive } from './arguments.js';
import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound, type BernoulliBoundState } from './bernoulli-bound.js';
import type { Evidence } from './evidence.js';
import type { Alternative, Interval } from './interval.js';
import { logBetaMixture, mixtureConcentration, type OneSampleBernoulliOptions } from './one-sample-bernoulli.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';

export interface QuantileLimitOptions {
  /** Level of the confidence limit, 0-1. */
  alpha: number;
  /** Which quantile, 0-1: 0.95 for a p95. */
  quantile: number;
  /** In the unit of the observations. */
  limit: number;
  /** What is to be shown: the quantile is at or below the limit (`less`), or above it (`greater`). */
  alternative: Exclude<Alternative, 'two-sided'>;
}

/** Plain JSON, constant in size: of the observations only how many are at or below the limit is kept. */
export interface QuantileLimitState {
  limit: number;
  /** Successes are observations at or below the limit. */
  within: BernoulliBoundState;
}

export interface QuantileLimitResult extends Evidence {
  observations: number;
  /** Share of them above the limit; null before the first. */
  exceeding: number | null;
  /** One-sided confidence sequence, at this moment, of the share of observations above the limit, 0-1. */
  exceedingInterval: Interval;
}

/**
 * Is a quantile within a limit, such as "the p95 of checkpoint time is at most 2,000 ms"? It is where the share of
 * observations at or below the limit is `quantile` or more. Exact for independent observations of whatever
 * distribution, under any stopping rule; method as createBernoulliBound, on the exceedances.
 * @throws StatisticsError where an option is outside its range.
 */
export function createQuantileLimit({ alpha, quantile, limit, alternative }: QuantileLimitOptions): QuantileLimitState {
  requireBetween('quantile', quantile, 0, 1);
  requireFinite('limit', limit);
  return { limit, within: createBernoulliBound({ alpha, bound: quantile, alternative: alternative === 'less' ? 'greater' : 'less' }) };
}

/** @throws StatisticsError NotFinite for an observation that is no finite number. */
export function updateQuantileLimit(state: QuantileLimitState, observation: number): QuantileLimitState {
  requireFinite('observation', observation);
  return { limit: state.limit, within: updateBernoulliBound(state.within, { successes: observation <= state.limit ? 1 : 0, trials: 1 }) };
}

export function quantileLimitResult({ within }: QuantileLimitState): QuantileLimitResult {
  const { logEValue, eValue, pValue, trials, estimate, interval } = bernoulliBoundResult(within);
  return {
    logEValue,
    eValue,
    pValue,
    observations: trials,
    exceeding: estimate === null ? null : 1 - estimate,
    exceedingInterval: { lower: 1 - (interval.upper ?? 1), upper: 1 - (interval.lower ?? 0) },
  };
}

export interface QuantileIntervalOptions extends OneSampleBernoulliOptions {
  /** Which quantile, 0-1. */
  quantile: number;
}

/**
 * The confidence sequence of a quantile at the moment that the sample is all there is: order statistics k and m + 1,
 * k and m the least and the most of n observations that can be at or below the quantile when the mixture against
 * `quantile` is below 1/alpha. An end is null where the sample cannot bound it yet.
 *
 * Exact for independent observations of whatever distribution, ties included, at all sample sizes at once. Source:
 * Howard and Ramdas 2022, Bernoulli 28(3), theorem 1 with the beta-binomial mixture.
 *
 * @param sorted observations, rising. @throws StatisticsError for none, one that is not finite or out of order, and
 * options outside their range.
 */
export function quantileInterval(sorted: readonly number[], { quantile, alpha, optimalTrials }: QuantileIntervalOptions): Interval {
  requireBetween('quantile', quantile, 0, 1);
  requireBetween('alpha', alpha, 0, 1);
  requirePositive('optimalTrials', optimalTrials);
  requireObservations('sorted', sorted.length, 1);
  sorted.forEach((value, at) => {
    requireFinite(`sorted[${at}]`, value);
    if (at > 0 && value < (sorted[at - 1] ?? value)) throw new StatisticsError(statisticsErrorCodes.outOfRange, `sorted[${at}] is ${value}, below the one before it`);
  });
  const { least, most } = countsWithin(sorted.length, quantile, mixtureConcentration(optimalTrials, alpha), -Math.log(alpha));
  return { lower: sorted[least - 1] ?? null, upper: sorted[most] ?? null };
}

/** The least and the most successes of n trials that leave the rate in its confidence sequence; the mixture is convex in them. */
function countsWithin(trials: number, rate: number, concentration: number, threshold: number): { least: number; most: number } {
  const within = (successes: number) => logBetaMixture(rate, concentration, successes, trials) < threshold;
  const centre = Math.round(trials * rate);
  return { least: lastWithin(centre, -1, within), most: lastWithin(centre, trials + 1, within) };
}

function lastWithin(from: number, beyond: number, within: (successes: number) => boolean): number {
  let near = from;
  let far = beyond;
  while (Math.abs(far - near) > 1) {
    const middle = Math.trunc((near + far) / 2);
    if (within(middle)) near = middle;
    else far = middle;
  }
  return near;
}
