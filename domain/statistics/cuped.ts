import { requireCount, requireFinite, requireObservations, requireWithin } from './arguments.js';
import type { Arms, SampleSummary } from './interval.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';

/** Sums over one arm's units of the metric (post) and of what was known before exposure (pre): all that CUPED needs. */
export interface CovariateSums {
  /** Units. */
  n: number;
  sumPost: number;
  sumPre: number;
  sumPostSquared: number;
  sumPreSquared: number;
  sumProduct: number;
}

export interface CupedResult {
  /** cov(post, pre) / var(pre), pooled over the arms; 0 where `pre` does not vary. */
  theta: number;
  /** Means and variances less what `pre` explains: for welchTest. */
  adjusted: Arms<SampleSummary>;
  /** The share of the metric's variance that is gone, 0-1. */
  varianceReduction: number;
}

/** One arm's sums from its units. @throws StatisticsError NotFinite, TooFewObservations where the columns differ in length. */
export function covariateSums(post: readonly number[], pre: readonly number[]): CovariateSums {
  if (post.length !== pre.length) throw new StatisticsError(statisticsErrorCodes.tooFew, `there are ${post.length} values of the metric and ${pre.length} of the covariate`);
  const sums: CovariateSums = { n: post.length, sumPost: 0, sumPre: 0, sumPostSquared: 0, sumPreSquared: 0, sumProduct: 0 };
  for (let at = 0; at < post.length; at += 1) {
    const y = post[at] as number;
    const x = pre[at] as number;
    sums.sumPost += y;
    sums.sumPre += x;
    sums.sumPostSquared += y * y;
    sums.sumPreSquared += x * x;
    sums.sumProduct += x * y;
  }
  for (const [name, value] of Object.entries(sums)) requireFinite(name, value);
  return sums;
}

/**
 * Takes out of a metric what a covariate from before the exposure explains. Asymptotic: theta is estimated from the same data.
 * The adjusted mean of an arm is post - theta (pre - grand mean of pre), so that it stays in the metric's unit.
 *
 * Source: Deng, Xu, Kohavi and Walker 2013, eq. 4 and 5; theta from the covariance pooled within arms.
 *
 * @throws StatisticsError TooFewObservations (an arm has fewer than 2 units), NotFinite, OutOfRange (a negative sum of squares).
 */
export function cuped({ control, treatment }: Arms<CovariateSums>): CupedResult {
  const c = moments('control', control);
  const t = moments('treatment', treatment);
  const preSquares = c.preSquares + t.preSquares;
  const theta = preSquares > 0 ? (c.products + t.products) / preSquares : 0;
  const grandPre = (control.sumPre + treatment.sumPre) / (control.n + treatment.n);
  const adjust = (arm: Moments): SampleSummary => ({
    n: arm.n,
    mean: arm.meanPost - theta * (arm.meanPre - grandPre),
    // Rounding may leave less than nothing where the covariate explains all.
    variance: Math.max(0, arm.postSquares - 2 * theta * arm.products + theta * theta * arm.preSquares) / (arm.n - 1),
  });
  const adjusted = { control: adjust(c), treatment: adjust(t) };
  for (const { mean, variance } of [adjusted.control, adjusted.treatment]) requireFinite('an adjusted mean or its variance', mean + variance);
  const before = c.postSquares / (c.n - 1) / c.n + t.postSquares / (t.n - 1) / t.n;
  const after = adjusted.control.variance / c.n + adjusted.treatment.variance / t.n;
  return { theta, adjusted, varianceReduction: before > 0 ? Math.max(0, 1 - after / before) : 0 };
}

interface Moments {
  n: number;
  meanPost: number;
  meanPre: number;
  /** Sums of squares and products about the means. */
  postSquares: number;
  preSquares: number;
  products: number;
}

function moments(name: string, sums: CovariateSums): Moments {
  for (const [field, value] of Object.entries(sums)) requireFinite(`${field} of ${name}`, value);
  requireWithin(`sumPostSquared of ${name}`, sums.sumPostSquared, 0, Number.MAX_VALUE);
  requireWithin(`sumPreSquared of ${name}`, sums.sumPreSquared, 0, Number.MAX_VALUE);
  const { n, sumPost, sumPre, sumPostSquared, sumPreSquared, sumProduct } = sums;
  requireCount(`n of ${name}`, n);
  requireObservations(name, n, 2);
  return {
    n,
    meanPost: sumPost / n,
    meanPre: sumPre / n,
    postSquares: Math.max(0, sumPostSquared - (sumPost * sumPost) / n),
    preSquares: Math.max(0, sumPreSquared - (sumPre * sumPre) / n),
    products: sumProduct - (sumPost * sumPre) / n,
  };
}
