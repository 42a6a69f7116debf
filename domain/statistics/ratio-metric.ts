import { requireCount, requireFinite, requireObservations } from './arguments.js';
import type { SampleSummary } from './interval.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';

/** Sums over one arm's units of a ratio metric's two parts: tool failures and tool calls of each session, say. */
export interface RatioSums {
  /** Units: those that were randomised. */
  n: number;
  sumNumerator: number;
  sumDenominator: number;
  sumNumeratorSquared: number;
  sumDenominatorSquared: number;
  sumProduct: number;
}

/**
 * A ratio of sums as if it were a mean, for welchTest: `mean` is the ratio, `variance` is that of one unit by the delta method.
 * Asymptotic. Units vary in their denominators: treating each event as independent would make the variance too small.
 *
 * Source: Deng, Knoblich and Lu 2018, eq. 3: Var = V(M)/D^2 + V(D) M^2/D^4 - 2 Cov(M, D) M/D^3.
 *
 * @throws StatisticsError TooFewObservations (fewer than 2 units), OutOfRange (the denominators sum to 0), NotFinite.
 */
export function ratioSummary(sums: RatioSums): SampleSummary {
  for (const [name, value] of Object.entries(sums)) requireFinite(name, value);
  const { n, sumNumerator, sumDenominator, sumNumeratorSquared, sumDenominatorSquared, sumProduct } = sums;
  requireCount('n', n);
  requireObservations('a ratio', n, 2);
  if (sumDenominator === 0) throw new StatisticsError(statisticsErrorCodes.outOfRange, 'the denominators sum to 0: there is no ratio');
  const m = sumNumerator / n;
  const d = sumDenominator / n;
  const varianceM = (sumNumeratorSquared - n * m * m) / (n - 1);
  const varianceD = (sumDenominatorSquared - n * d * d) / (n - 1);
  const covariance = (sumProduct - n * m * d) / (n - 1);
  const variance = varianceM / d ** 2 + (varianceD * m ** 2) / d ** 4 - (2 * covariance * m) / d ** 3;
  // Denominators so near to 0 that their powers leave the range of numbers.
  requireFinite('the ratio', m / d);
  requireFinite('the variance of the ratio', variance);
  return { n, mean: m / d, variance: Math.max(0, variance) };
}
