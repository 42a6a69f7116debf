import { quantile } from '../statistics/descriptive.js';
import type { Interval } from '../statistics/interval.js';

/** What one session adds to a figure under either value: the figure is the sum of these over the sum of the weights. */
export interface PairedRow {
  present: number;
  proposed: number;
  /** 1 for a mean over sessions; attempts for a share of attempts. */
  weight: number;
}

/** Samples of the sessions with replacement. */
const resamples = 1_000;

/** More sessions than this are not drawn in one sample, so that a replay takes no longer however many there are; the interval is scaled for it. */
const mostDrawn = 2_000;

/**
 * A figure under either value, and the percentile interval of their difference at .95 (Efron and Tibshirani 1993, chapter 13). Sessions
 * are drawn, not attempts: those of one session are alike. Null where no session has a weight.
 */
export function bootstrapDifference(rows: readonly PairedRow[], random: () => number): { present: number; proposed: number; interval: Interval } | null {
  const whole = figures(rows);
  if (whole === null) return null;
  const draws = Math.min(rows.length, mostDrawn);
  const difference = whole.proposed - whole.present;
  // An m out of n bootstrap: the spread of a smaller sample, put back to the size of the whole.
  const scale = Math.sqrt(draws / rows.length);
  const differences: number[] = [];
  for (let resample = 0; resample < resamples; resample += 1) {
    const drawn = figures(Array.from({ length: draws }, () => rows[Math.floor(random() * rows.length)] as PairedRow));
    if (drawn !== null) differences.push(difference + (drawn.proposed - drawn.present - difference) * scale);
  }
  const end = (probability: number) => quantile(differences, probability).estimate;
  return { ...whole, interval: differences.length === 0 ? { lower: null, upper: null } : { lower: end(0.025), upper: end(0.975) } };
}

function figures(rows: readonly PairedRow[]): { present: number; proposed: number } | null {
  let [present, proposed, weight] = [0, 0, 0];
  for (const row of rows) {
    present += row.present;
    proposed += row.proposed;
    weight += row.weight;
  }
  return weight === 0 ? null : { present: present / weight, proposed: proposed / weight };
}
