/** Counts over buckets: constant in size, however much was measured. */
export interface Histogram {
  /** Upper ends of the buckets (inclusive), rising; what is above the last is in one more. */
  bounds: readonly number[];
  /** One more than there are bounds. */
  counts: readonly number[];
  /** Sum of all that was measured, in the bounds' unit. */
  total: number;
}

export function emptyHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: [...bounds, 0].map(() => 0), total: 0 };
}

/** A histogram of the same bounds over values. */
export function histogramOf(bounds: readonly number[], values: readonly number[]): Histogram {
  const counts = [...bounds, 0].map(() => 0);
  for (const value of values) {
    const found = bounds.findIndex((bound) => value <= bound);
    const at = found === -1 ? bounds.length : found;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { bounds, counts, total: values.reduce((sum, value) => sum + value, 0) };
}

export function histogramCount({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Undefined where nothing was measured. */
export function histogramMean(histogram: Histogram): number | undefined {
  const count = histogramCount(histogram);
  return count === 0 ? undefined : histogram.total / count;
}

/** How many are surely above a limit: a bucket that the limit lies within does not count. */
export function countAbove({ bounds, counts }: Histogram, limit: number): number {
  return counts.reduce((sum, count, at) => sum + ((at === 0 ? Number.NEGATIVE_INFINITY : (bounds[at - 1] ?? 0)) >= limit ? count : 0), 0);
}

/** How many may be above a limit: a bucket that the limit lies within counts whole. */
export function countPerhapsAbove({ bounds, counts }: Histogram, limit: number): number {
  return counts.reduce((sum, count, at) => sum + ((bounds[at] ?? Number.POSITIVE_INFINITY) > limit ? count : 0), 0);
}

/**
 * The relative standard error of the mean, each bucket's values taken at its middle (the last at its lower end): what
 * grouping hides is not in it. Undefined for fewer than two values, or a mean of 0.
 */
export function relativeErrorOfMean(histogram: Histogram): number | undefined {
  const { bounds, counts } = histogram;
  const count = histogramCount(histogram);
  const mean = histogramMean(histogram);
  if (count < 2 || mean === undefined || mean === 0) return undefined;
  const middles = counts.map((_, at) => {
    const lower = at === 0 ? 0 : (bounds[at - 1] ?? 0);
    const upper = bounds[at] ?? lower;
    return (lower + upper) / 2;
  });
  const grouped = counts.reduce((sum, n, at) => sum + n * (middles[at] ?? 0), 0) / count;
  const squares = counts.reduce((sum, n, at) => sum + n * ((middles[at] ?? 0) - grouped) ** 2, 0);
  return Math.sqrt(squares / (count - 1) / count) / mean;
}
