import { requireWithin } from './arguments.js';

/**
 * P-values adjusted so that rejecting those at or below alpha keeps the false-discovery rate there, under independence or
 * positive dependence. For reports over tests that are all at hand.
 *
 * Source: Benjamini and Hochberg 1995.
 *
 * @returns in the order of the argument. @throws StatisticsError NotFinite, OutOfRange.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const m = pValues.length;
  // From the largest down: each is at most what the next larger one was adjusted to.
  return adjusted(pValues, (a, b) => b - a, (p, at) => (p * m) / (m - at), Math.min);
}

/**
 * P-values adjusted for the family-wise error rate, under any dependence.
 *
 * Source: Holm 1979.
 *
 * @returns in the order of the argument. @throws StatisticsError NotFinite, OutOfRange.
 */
export function holm(pValues: readonly number[]): number[] {
  const m = pValues.length;
  return adjusted(pValues, (a, b) => a - b, (p, at) => p * (m - at), Math.max);
}

/** The same by the plainest means: each times their number. @throws StatisticsError NotFinite, OutOfRange. */
export function bonferroni(pValues: readonly number[]): number[] {
  pValues.forEach((p) => requireWithin('a p-value', p, 0, 1));
  return pValues.map((p) => Math.min(1, p * pValues.length));
}

function adjusted(pValues: readonly number[], order: (a: number, b: number) => number, scale: (p: number, at: number) => number, keep: (a: number, b: number) => number): number[] {
  pValues.forEach((p) => requireWithin('a p-value', p, 0, 1));
  const sorted = pValues.map((p, index) => ({ p, index })).sort((a, b) => order(a.p, b.p));
  const result = pValues.map(() => 1);
  let bound: number | null = null;
  sorted.forEach(({ p, index }, at) => {
    bound = Math.min(1, bound === null ? scale(p, at) : keep(bound, scale(p, at)));
    result[index] = bound;
  });
  return result;
}
