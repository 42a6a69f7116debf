import { linearRegression, mean, sampleVariance } from 'simple-statistics';
import { requireBetween, requireFinite, requireObservations, requireVariance, requireWithin } from './arguments.js';
import type { Interval, SampleSummary } from './interval.js';
import { binomialLowerTail, normalQuantile, tPValue, tQuantile } from './tails.js';

/** Pairs that Theil and Sen's estimate may look at: it is quadratic. */
const mostForTheilSen = 2_000;

export interface Description extends SampleSummary {
  standardDeviation: number;
  /** Of the mean. */
  standardError: number;
  minimum: number;
  median: number;
  maximum: number;
}

/** What one arm's or window's observations look like. @throws StatisticsError TooFewObservations (none), NotFinite. */
export function describe(values: readonly number[]): Description {
  const sorted = checked(values, 1);
  const n = sorted.length;
  const variance = n > 1 ? sampleVariance(sorted) : 0;
  // Of finite observations whose sum or squares are past the largest number.
  requireFinite('the mean', mean(sorted));
  requireFinite('the variance', variance);
  return {
    n,
    mean: mean(sorted),
    variance,
    standardDeviation: Math.sqrt(variance),
    standardError: Math.sqrt(variance / n),
    minimum: sorted[0] as number,
    median: quantileOfSorted(sorted, 0.5),
    maximum: sorted[n - 1] as number,
  };
}

/**
 * A quantile by linear interpolation, and an interval for it that holds whatever the distribution: two order statistics. An
 * end is null where the sample is too small to bound it. Exact, conservative.
 *
 * Source: Hyndman and Fan 1996, type 7; interval by David and Nagaraja 2003, section 7.1.
 *
 * @param probability between 0 and 1. @param alpha 1 less the interval's confidence.
 * @throws StatisticsError TooFewObservations (none), NotFinite, OutOfRange.
 */
export function quantile(values: readonly number[], probability: number, alpha = 0.05): { estimate: number; interval: Interval } {
  requireBetween('probability', probability, 0, 1);
  requireBetween('alpha', alpha, 0, 1);
  const sorted = checked(values, 1);
  const n = sorted.length;
  // The quantile lies below the k-th smallest with chance P(X <= k - 1), X binomial(n, probability).
  let lower: number | null = null;
  for (let k = 1, end = n; k <= end; ) {
    const middle = Math.floor((k + end) / 2);
    if (binomialLowerTail(middle - 1, n, probability) <= alpha / 2) {
      lower = sorted[middle - 1] as number;
      k = middle + 1;
    } else end = middle - 1;
  }
  let upper: number | null = null;
  for (let k = 1, end = n; k <= end; ) {
    const middle = Math.floor((k + end) / 2);
    if (binomialLowerTail(middle - 1, n, probability) >= 1 - alpha / 2) {
      upper = sorted[middle - 1] as number;
      end = middle - 1;
    } else k = middle + 1;
  }
  return { estimate: quantileOfSorted(sorted, probability), interval: { lower, upper } };
}

export interface Trend {
  /** Change of y for one unit of x. */
  slope: number;
  intercept: number;
  interval: Interval;
}

/**
 * A trend that a few wild values do not move: the median slope of all pairs.
 *
 * Source: Sen 1968; intercept median(y) - slope median(x), interval from Kendall's distribution, asymptotic, as in scipy.
 *
 * @throws StatisticsError TooFewObservations (fewer than 3 points), OutOfRange (more than 2,000), NoVariance in x, NotFinite.
 */
export function theilSenTrend(x: readonly number[], y: readonly number[], alpha = 0.05): Trend {
  requirePoints(x, y, alpha);
  requireWithin('points', x.length, 3, mostForTheilSen);
  const slopes: number[] = [];
  for (let i = 0; i < x.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const run = (x[i] as number) - (x[j] as number);
      if (run !== 0) slopes.push(((y[i] as number) - (y[j] as number)) / run);
    }
  }
  slopes.sort((a, b) => a - b);
  requireVariance('x', slopes.length);
  const n = x.length;
  const variance = (n * (n - 1) * (2 * n + 5) - tiesOf(x) - tiesOf(y)) / 18;
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(Math.max(0, variance));
  const upperRank = Math.min(roundHalfEven((slopes.length + half) / 2), slopes.length - 1);
  const lowerRank = Math.max(roundHalfEven((slopes.length - half) / 2) - 1, 0);
  const slope = quantileOfSorted(slopes, 0.5);
  const intercept = quantileOfSorted(checked(y, 1), 0.5) - slope * quantileOfSorted(checked(x, 1), 0.5);
  for (const value of [slope, intercept, slopes[lowerRank], slopes[upperRank]]) requireFinite('the trend', value as number);
  return { slope, intercept, interval: { lower: slopes[lowerRank] as number, upper: slopes[upperRank] as number } };
}

/**
 * The least-squares trend, with Student's interval and p-value of its slope. Exact for independent normal errors.
 *
 * @throws StatisticsError TooFewObservations (fewer than 3 points), NoVariance in x, NotFinite.
 */
export function regressionTrend(x: readonly number[], y: readonly number[], alpha = 0.05): Trend & { standardError: number; pValue: number } {
  requirePoints(x, y, alpha);
  const n = x.length;
  const meanX = mean(x);
  const spread = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  requireVariance('x', spread);
  const { m: slope, b: intercept } = linearRegression(x.map((value, at) => [value, y[at] as number]));
  const residual = x.reduce((sum, value, at) => sum + ((y[at] as number) - intercept - slope * value) ** 2, 0);
  const standardError = Math.sqrt(residual / (n - 2) / spread);
  const half = standardError * tQuantile(1 - alpha / 2, n - 2);
  // Points on a line leave no doubt about its slope.
  const pValue = standardError > 0 ? tPValue(slope / standardError, n - 2, 'two-sided') : slope === 0 ? 1 : 0;
  for (const value of [slope, intercept, Math.abs(slope) + half]) requireFinite('the trend', value);
  return { slope, intercept, standardError, pValue, interval: { lower: slope - half, upper: slope + half } };
}

function checked(values: readonly number[], least: number): number[] {
  requireObservations('the sample', values.length, least);
  for (const value of values) requireFinite('an observation', value);
  return values.toSorted((a, b) => a - b);
}

function requirePoints(x: readonly number[], y: readonly number[], alpha: number): void {
  requireBetween('alpha', alpha, 0, 1);
  requireObservations('the trend', Math.min(x.length, y.length), 3);
  requireWithin('points of y', y.length, x.length, x.length);
  for (const value of [...x, ...y]) requireFinite('a coordinate', value);
}

function quantileOfSorted(sorted: readonly number[], probability: number): number {
  const position = (sorted.length - 1) * probability;
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  const estimate = low + (position - below) * (high - low);
  // Two observations may lie further apart than the largest number.
  requireFinite('the quantile', estimate);
  return estimate;
}

/** What ties take from the variance of Kendall's statistic, times 18. */
function tiesOf(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].reduce((sum, k) => sum + k * (k - 1) * (2 * k + 5), 0);
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return value % 1 === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
