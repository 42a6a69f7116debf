import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound } from '../statistics/bernoulli-bound.js';
import type { Proportion } from '../statistics/interval.js';
import { createOneSampleBernoulli, oneSampleBernoulliResult, updateOneSampleBernoulli } from '../statistics/one-sample-bernoulli.js';
import type { Interval } from '../statistics/interval.js';

/** Whether a share is shown to be past a limit. */
export interface ShareClaim {
  shown: boolean;
  /** Valid however often it is looked at. */
  pValue: number;
  share: number;
}

/**
 * Is a share above (or below) a limit? By the mixture of bernoulli-bound.ts, since the loop looks all the time.
 *
 * @param limit ratio, strictly inside (0, 1). @throws StatisticsError for counts that are none.
 */
export function claimShare(seen: Proportion, side: 'above' | 'below', limit: number, alpha: number): ShareClaim {
  const { pValue } = bernoulliBoundResult(updateBernoulliBound(createBernoulliBound({ alpha, bound: limit, alternative: side === 'above' ? 'greater' : 'less' }), seen));
  return { shown: pValue <= alpha, pValue, share: seen.trials === 0 ? 0 : seen.successes / seen.trials };
}

/** Of a share, at 1 - alpha, valid however often it is looked at. @param about trials at which it is to be narrowest. */
export function shareInterval(seen: Proportion, alpha: number, about: number): Interval {
  return oneSampleBernoulliResult(updateOneSampleBernoulli(createOneSampleBernoulli({ alpha, optimalTrials: about }), seen)).interval;
}

/** As a baseline of a plan. */
export function rateOf({ successes, trials }: Proportion): { mean: number; standardDeviation: number } {
  const mean = trials === 0 ? 0 : successes / trials;
  return { mean, standardDeviation: Math.sqrt(mean * (1 - mean)) };
}
