import type { ExperimentPlan } from './experiment.js';

const dayMs = 86_400_000;

/** How fast an experiment gets its units. */
export interface Enrolling extends Pick<ExperimentPlan, 'ramp' | 'unitsPerStep' | 'horizonMs'> {
  /** New sessions a day, in it or not. */
  sessionsPerDay: number;
}

export type Decidability =
  | { decidable: true; units: number; durationMs: number }
  /** In the time there is it would mature `unitsInTime`; it wants `units`, for which it would take `durationMs` (null where sessions never come). */
  | { decidable: false; units: number; unitsInTime: number; durationMs: number | null };

/** How long an experiment takes to mature so many units: step by step of its ramp, and one horizon at the end, ms; null where sessions never come. */
export function durationOf(units: number, { ramp, unitsPerStep, horizonMs, sessionsPerDay }: Enrolling): number | null {
  if (!(sessionsPerDay > 0)) return null;
  let left = units;
  let days = 0;
  for (const [step, share] of ramp.entries()) {
    const isLast = step === ramp.length - 1;
    const here = isLast ? left : Math.min(left, unitsPerStep);
    days += here / (sessionsPerDay * share);
    // A step ends when its units have matured, not when they have come.
    if (!isLast && here < left) days += horizonMs / dayMs;
    left -= here;
    if (left === 0) break;
  }
  return days * dayMs + horizonMs;
}

/** Whether an experiment can be decided in the time that there is for it; else how many sessions it would need, and how long that takes. */
export function decidability(units: number, availableMs: number, enrolling: Enrolling): Decidability {
  const durationMs = durationOf(units, enrolling);
  if (durationMs !== null && durationMs <= availableMs) return { decidable: true, units, durationMs };
  const fits = (count: number) => (durationOf(count, enrolling) ?? Number.POSITIVE_INFINITY) <= availableMs;
  let low = 0;
  let high = units;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return { decidable: false, units, unitsInTime: low, durationMs };
}
