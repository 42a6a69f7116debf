import { normalQuantile } from '../../domain/statistics/tails.js';
import { wilsonInterval } from '../../domain/statistics/two-proportions.js';
import type { Share, Tally } from './tally.js';

/** The share of a tally's runs that a count is of, with its 99 % score interval. */
export function shareOf(tally: Tally, name: string, at = 0): Share {
  const runs = tally['runs']?.[0] ?? 0;
  const count = tally[name]?.[at] ?? 0;
  return { share: count / runs, runs, ...wilsonInterval({ successes: count, trials: runs }, 0.01) };
}

/** `.0231 [.0205, .0260]`. */
export function showShare({ share, lower, upper }: Share): string {
  return `${showNumber(share)} [${showNumber(lower)}, ${showNumber(upper)}]`;
}

export function showNumber(value: number): string {
  return value.toFixed(4).replace(/^0\./, '.');
}

/** Whether the 99 % lower bound of an error rate is above the level it is held to. */
export function isCrossed({ lower }: Share, alpha: number): boolean {
  return lower > alpha;
}

/** A mean of sums over runs, with the 99 % interval of a mean from its sum of squares. */
export function meanOf(sum: number, sumOfSquares: number, runs: number): { mean: number; half: number } {
  const mean = sum / runs;
  const variance = Math.max(0, sumOfSquares / runs - mean * mean);
  return { mean, half: normalQuantile(0.995) * Math.sqrt(variance / runs) };
}

/** Upper end of the bin by which a share of the runs had stopped; null where fewer did. */
export function stoppedBy(bins: readonly number[], width: number, runs: number, share: number): number | null {
  let stopped = 0;
  for (const [at, count] of bins.entries()) {
    stopped += count;
    if (stopped >= share * runs) return (at + 1) * width;
  }
  return null;
}

/** Share of the runs that had stopped by then. */
export function powerAt(bins: readonly number[], width: number, runs: number, by: number): number {
  return bins.slice(0, Math.floor(by / width)).reduce((sum, count) => sum + count, 0) / runs;
}

/** Mean stopping time, a run that never stopped counted as the longest. */
export function meanStop(bins: readonly number[], width: number, runs: number): number {
  const stopped = bins.reduce((sum, count) => sum + count, 0);
  const sum = bins.reduce((total, count, at) => total + count * (at + 0.5) * width, 0);
  return (sum + (runs - stopped) * bins.length * width) / runs;
}

/** Those of one simulation. @throws Error where none of its parts was simulated. */
export function tallyOf(tallies: ReadonlyMap<string, Tally>, name: string): Tally {
  const tally = tallies.get(name);
  if (!tally) throw new Error(`no part of ${name} was simulated`);
  return tally;
}
