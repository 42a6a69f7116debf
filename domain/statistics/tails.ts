import betainc from '@stdlib/math-base-special-betainc';
import erfc from '@stdlib/math-base-special-erfc';
import gammainc from '@stdlib/math-base-special-gammainc';
import normalQuantileOf from '@stdlib/stats-base-dists-normal-quantile';
import tQuantileOf from '@stdlib/stats-base-dists-t-quantile';
import { requireBetween, requireCount, requireFinite, requirePositive, requireWithin } from './arguments.js';

/** P(Z > z) of the standard normal, right far out in the tail (1 - cdf is not). @throws StatisticsError NotFinite. */
export function normalUpperTail(z: number): number {
  requireFinite('z', z);
  return erfc(z / Math.SQRT2) / 2;
}

/** The z with P(Z <= z) = probability; the probability lies between 0 and 1. @throws StatisticsError NotFinite, OutOfRange. */
export function normalQuantile(probability: number): number {
  requireBetween('probability', probability, 0, 1);
  const z = normalQuantileOf(probability, 0, 1);
  // Of a subnormal probability there is none.
  requireFinite('the quantile', z);
  return z;
}

/** P(|T| > |t|) of Student's t; degrees of freedom above 0. @throws StatisticsError NotFinite, OutOfRange. */
export function tTwoSidedTail(t: number, degreesOfFreedom: number): number {
  requireFinite('t', t);
  requirePositive('degreesOfFreedom', degreesOfFreedom);
  const squared = t * t;
  // Of the two forms the one whose argument does not round to 1.
  return squared > degreesOfFreedom
    ? betainc(degreesOfFreedom / (degreesOfFreedom + squared), degreesOfFreedom / 2, 0.5)
    : betainc(squared / (degreesOfFreedom + squared), 0.5, degreesOfFreedom / 2, true, true);
}

/** The t with P(T <= t) = probability, which lies between 0 and 1. @throws StatisticsError NotFinite, OutOfRange. */
export function tQuantile(probability: number, degreesOfFreedom: number): number {
  requireBetween('probability', probability, 0, 1);
  requirePositive('degreesOfFreedom', degreesOfFreedom);
  const t = tQuantileOf(probability, degreesOfFreedom);
  requireFinite('the quantile', t);
  return t;
}

/** P(X > x) of chi-square; degrees of freedom above 0. @throws StatisticsError NotFinite, OutOfRange. */
export function chiSquareUpperTail(x: number, degreesOfFreedom: number): number {
  requireFinite('x', x);
  requirePositive('degreesOfFreedom', degreesOfFreedom);
  return x <= 0 ? 1 : gammainc(x / 2, degreesOfFreedom / 2, true, true);
}

/** P(X <= k) of the binomial distribution. @throws StatisticsError NotFinite, OutOfRange. */
export function binomialLowerTail(k: number, trials: number, probability: number): number {
  requireBinomial(k, trials, probability);
  if (k < 0) return 0;
  if (k >= trials) return 1;
  return betainc(1 - probability, trials - k, k + 1);
}

/** P(X >= k) of the binomial distribution. @throws StatisticsError NotFinite, OutOfRange. */
export function binomialUpperTail(k: number, trials: number, probability: number): number {
  requireBinomial(k, trials, probability);
  if (k <= 0) return 1;
  if (k > trials) return 0;
  return betainc(probability, k, trials - k + 1);
}

/** The tail that the alternative asks for, of a statistic that is standard normal under the null hypothesis. */
export function normalPValue(z: number, alternative: 'two-sided' | 'greater' | 'less'): number {
  if (alternative === 'two-sided') return 2 * normalUpperTail(Math.abs(z));
  return normalUpperTail(alternative === 'greater' ? z : -z);
}

/** The same of Student's t. */
export function tPValue(t: number, degreesOfFreedom: number, alternative: 'two-sided' | 'greater' | 'less'): number {
  const both = tTwoSidedTail(t, degreesOfFreedom);
  if (alternative === 'two-sided') return both;
  const inDirection = alternative === 'greater' ? t > 0 : t < 0;
  return inDirection ? both / 2 : 1 - both / 2;
}

/** Any whole k: beyond the trials a tail is empty, or everything. */
function requireBinomial(k: number, trials: number, probability: number): void {
  requireCount('k', k, Number.MIN_SAFE_INTEGER);
  requireCount('trials', trials);
  requireWithin('probability', probability, 0, 1);
}
