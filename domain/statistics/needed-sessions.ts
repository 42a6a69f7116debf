import { requireBetween, requireCount, requireFinite, requireObservations, requireWithin } from './arguments.js';
import type { Arms, SampleSummary } from './interval.js';
import { normalQuantile } from './tails.js';

/** Sessions that nobody will wait for. */
const most = 1e12;

/**
 * Sessions of control, treatment having its share of them as so far, after which one look finds a difference as large as the one
 * that is seen, given that it is true and that the variances stay. For people who read of an experiment that found nothing.
 * Asymptotic; a difference that was seen is apt to be larger than the true one, and so the number is apt to be too small.
 *
 * Source: Chow, Shao and Wang 2008, section 3.2.1, each arm with its own variance.
 *
 * @param alpha two-sided level, between 0 and 1. @param power chance to find it, between 0 and 1.
 * @returns null where no difference is seen, or one for which more than 1e12 sessions would be needed.
 * @throws StatisticsError TooFewObservations (an arm has fewer than 2), NotFinite, OutOfRange.
 */
export function neededSessions({ control, treatment }: Arms<SampleSummary>, { alpha = 0.05, power = 0.8 }: { alpha?: number; power?: number } = {}): number | null {
  requireBetween('alpha', alpha, 0, 1);
  requireBetween('power', power, 0, 1);
  for (const arm of [control, treatment]) {
    requireCount('n', arm.n);
    requireObservations('an arm', arm.n, 2);
    requireFinite('mean', arm.mean);
    requireWithin('variance', arm.variance, 0, Number.MAX_VALUE);
  }
  const difference = Math.abs(treatment.mean - control.mean);
  const variance = control.variance + (treatment.variance * control.n) / treatment.n;
  // A power below alpha / 2 takes no session: never fewer than one.
  const deviations = Math.max(0, normalQuantile(1 - alpha / 2) + normalQuantile(power));
  const needed = Math.max(1, Math.ceil(variance * (deviations / difference) ** 2));
  return difference > 0 && needed <= most ? needed : null;
}
