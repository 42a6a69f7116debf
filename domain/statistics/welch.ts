import { requireBetween, requireCount, requireFinite, requireObservations, requireVariance, requireWithin } from './arguments.js';
import type { Alternative, Arms, Interval, SampleSummary } from './interval.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';
import { tPValue, tQuantile } from './tails.js';

export interface MeanComparison {
  /** Treatment less control; for the relative form, as a share of control's mean. */
  difference: number;
  standardError: number;
  statistic: number;
  degreesOfFreedom: number;
  pValue: number;
  /** At level 1 - alpha; one-sided for a one-sided alternative. */
  interval: Interval;
}

export interface MeanComparisonOptions {
  /** 1 less the confidence, between 0 and 1. */
  alpha?: number;
  alternative?: Alternative;
}

/**
 * Welch's test of two means with unequal variances. Asymptotic unless observations are normal.
 *
 * Source: Welch 1947; degrees of freedom by Satterthwaite 1946, eq. 17.
 *
 * @throws StatisticsError TooFewObservations (an arm has fewer than 2), NoVariance (neither arm varies), NotFinite, OutOfRange.
 */
export function welchTest({ control, treatment }: Arms<SampleSummary>, options: MeanComparisonOptions = {}): MeanComparison {
  requireArms({ control, treatment });
  const ofControl = control.variance / control.n;
  const ofTreatment = treatment.variance / treatment.n;
  return compared(treatment.mean - control.mean, Math.sqrt(ofControl + ofTreatment), satterthwaite(control, treatment), options);
}

/**
 * The same for the difference as a share of control's mean, by the delta method: asymptotic, and of use only where that mean
 * is many standard errors from 0.
 *
 * Source: Deng, Knoblich and Lu 2018, section 3.1 (first order), with the degrees of freedom of the absolute difference.
 *
 * @throws StatisticsError as welchTest, and OutOfRange where control's mean is 0.
 */
export function welchTestRelative({ control, treatment }: Arms<SampleSummary>, options: MeanComparisonOptions = {}): MeanComparison {
  requireArms({ control, treatment });
  if (control.mean === 0) throw new StatisticsError(statisticsErrorCodes.outOfRange, "control's mean is 0: nothing can be a share of it");
  const variance = treatment.variance / (treatment.n * control.mean ** 2) + (control.variance * treatment.mean ** 2) / (control.n * control.mean ** 4);
  return compared((treatment.mean - control.mean) / Math.abs(control.mean), Math.sqrt(variance), satterthwaite(control, treatment), options);
}

function requireArms(arms: Arms<SampleSummary>): void {
  for (const [name, { n, mean, variance }] of Object.entries(arms) as [string, SampleSummary][]) {
    requireCount(`n of ${name}`, n);
    requireObservations(name, n, 2);
    requireFinite(`mean of ${name}`, mean);
    requireWithin(`variance of ${name}`, variance, 0, Number.MAX_VALUE);
  }
  requireVariance('control and treatment', arms.control.variance + arms.treatment.variance);
}

function satterthwaite(control: SampleSummary, treatment: SampleSummary): number {
  const ofControl = control.variance / control.n;
  const ofTreatment = treatment.variance / treatment.n;
  // As shares, so that the squares of tiny variances do not vanish.
  const share = ofControl / (ofControl + ofTreatment);
  return 1 / (share ** 2 / (control.n - 1) + (1 - share) ** 2 / (treatment.n - 1));
}

function compared(difference: number, standardError: number, degreesOfFreedom: number, { alpha = 0.05, alternative = 'two-sided' }: MeanComparisonOptions): MeanComparison {
  requireBetween('alpha', alpha, 0, 1);
  requireVariance('the difference', standardError);
  requireFinite('the standard error', standardError);
  const statistic = difference / standardError;
  const half = standardError * tQuantile(1 - (alternative === 'two-sided' ? alpha / 2 : alpha), degreesOfFreedom);
  const interval = { lower: alternative === 'less' ? null : difference - half, upper: alternative === 'greater' ? null : difference + half };
  const pValue = tPValue(statistic, degreesOfFreedom, alternative);
  requireFinite('half the interval', half);
  requireFinite('the difference', Math.abs(difference) + half);
  return { difference, standardError, statistic, degreesOfFreedom, pValue, interval };
}
