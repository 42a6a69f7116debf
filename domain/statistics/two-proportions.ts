import { requireBetween, requireObservations, requireSuccesses } from './arguments.js';
import type { Alternative, Arms, Interval, Proportion } from './interval.js';
import { normalPValue, normalQuantile } from './tails.js';

export interface ProportionComparison {
  /** Treatment's share less control's. */
  difference: number;
  /** Under the null hypothesis that the shares are equal. */
  pooledStandardError: number;
  /** 0 where no arm or every trial succeeded. */
  statistic: number;
  pValue: number;
  /** By Newcombe, two-sided at 1 - alpha. */
  interval: Interval;
}

/**
 * Two proportions: the pooled z test, and Newcombe's interval of the difference. Asymptotic; for small counts see fisherTest.
 * Where no trial or every trial succeeded, there is nothing to tell the arms apart: statistic 0, p 1.
 *
 * Source: Newcombe 1998, method 10 (hybrid score interval, no continuity correction).
 *
 * @param alpha 1 less the interval's confidence, between 0 and 1.
 * @throws StatisticsError TooFewObservations (an empty arm), NotFinite, OutOfRange.
 */
export function twoProportionTest({ control, treatment }: Arms<Proportion>, { alpha = 0.05, alternative = 'two-sided' }: { alpha?: number; alternative?: Alternative } = {}): ProportionComparison {
  const lower = wilsonInterval(control, alpha);
  const upper = wilsonInterval(treatment, alpha);
  const ofControl = control.successes / control.trials;
  const ofTreatment = treatment.successes / treatment.trials;
  const difference = ofTreatment - ofControl;
  const pooled = (control.successes + treatment.successes) / (control.trials + treatment.trials);
  const pooledStandardError = Math.sqrt(pooled * (1 - pooled) * (1 / control.trials + 1 / treatment.trials));
  const statistic = pooledStandardError > 0 ? difference / pooledStandardError : 0;
  const interval = {
    lower: difference - Math.hypot(ofTreatment - upper.lower, lower.upper - ofControl),
    upper: difference + Math.hypot(upper.upper - ofTreatment, ofControl - lower.lower),
  };
  return { difference, pooledStandardError, statistic, pValue: pooledStandardError > 0 ? normalPValue(statistic, alternative) : 1, interval };
}

/**
 * The score interval of one proportion. Asymptotic, good from few trials on.
 *
 * Source: Wilson 1927.
 *
 * @throws StatisticsError TooFewObservations (no trials), NotFinite, OutOfRange.
 */
export function wilsonInterval({ successes, trials }: Proportion, alpha = 0.05): { lower: number; upper: number } {
  requireBetween('alpha', alpha, 0, 1);
  requireSuccesses('successes', successes, trials);
  requireObservations('a proportion', trials, 1);
  const z = normalQuantile(1 - alpha / 2);
  const share = successes / trials;
  const scale = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) / scale;
  // At no or all successes the bound is exactly 0 or 1, which rounding would miss.
  return { lower: successes === 0 ? 0 : centre - half, upper: successes === trials ? 1 : centre + half };
}
