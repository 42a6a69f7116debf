import { quantile, theilSenTrend } from '../domain/statistics/descriptive.js';

/** What is looked at again and again, at a time (min). */
export type Measure = readonly { atMin: number; value: number }[];

export interface Growth {
  /** The median of what was seen. */
  level: number;
  /** From the beginning to the end of the measure, by Theil and Sen, with its 95 % interval. */
  by: number;
  lower: number;
  upper: number;
}

/** By how much it grew; in the unit of the values. @throws StatisticsError for fewer than three looks */
export function growthOf(measure: Measure): Growth {
  const times = measure.map(({ atMin }) => atMin);
  const values = measure.map(({ value }) => value);
  const { slope, interval } = theilSenTrend(times, values);
  const lasted = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return { level: quantile(values, 0.5).estimate, by: slope * lasted, lower: (interval.lower ?? slope) * lasted, upper: (interval.upper ?? slope) * lasted };
}

/** What is small may grow by so much, whatever its size: MB, or descriptors. */
const little = 1;

/** Whether nothing shows that it grows by more than a tenth of itself. */
export function isBounded({ level, lower }: Growth): boolean {
  return lower <= Math.max(little, level / 10);
}
