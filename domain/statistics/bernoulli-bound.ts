import betainc from '@stdlib/math-base-special-betainc';
import betaln from '@stdlib/math-base-special-betaln';
import { requireBetween, requireSuccesses } from './arguments.js';
import { bisect } from './bisect.js';
import { evidence, type Evidence } from './evidence.js';
import type { Interval, Proportion } from './interval.js';
import type { Alternative } from './interval.js';

export interface BernoulliBoundOptions {
  /** Level of the confidence limit, 0-1; the e-value and the p-value do not depend on it. */
  alpha: number;
  /** The rate that the true one is judged against, strictly inside (0, 1). */
  bound: number;
  /** What is to be shown of the true rate: less than the bound (a crash rate), or greater (resumes that succeed). */
  alternative: Exclude<Alternative, 'two-sided'>;
}

/** Plain JSON, constant in size. */
export interface BernoulliBoundState extends BernoulliBoundOptions, Proportion {
  logEValue: number;
  maxLogEValue: number;
}

export interface BernoulliBoundResult extends Evidence, Proportion {
  /** Observed rate; null before the first trial. */
  estimate: number | null;
  /**
   * One-sided confidence sequence at this moment, from 0 where the alternative is `less`, to 1 where it is
   * `greater`; its other end has passed the bound exactly when this moment's e-value reaches 1/alpha.
   */
  interval: Interval;
}

/**
 * An absolute bound on one Bernoulli rate, such as "crash rate below 0.10": e-value against every rate at or past
 * the bound, and the one-sided confidence sequence. Exact at any number of trials and under any stopping rule.
 *
 * The e-value is the likelihood averaged over rates uniform on the alternative, divided by that of the bound: for
 * `less`, B(s+1, f+1) I_bound(s+1, f+1) / (bound^(s+1) (1-bound)^f) after s successes and f failures. A mixture as
 * Robbins 1970, Annals of Mathematical Statistics 41(5); at each rate of the null every averaged likelihood ratio
 * 1 + (p - bound)(q - bound) / (bound (1 - bound)) has an expectation of at most 1. It is monotone in the bound.
 *
 * @throws StatisticsError where alpha or the bound is not strictly inside (0, 1).
 */
export function createBernoulliBound({ alpha, bound, alternative }: BernoulliBoundOptions): BernoulliBoundState {
  requireBetween('alpha', alpha, 0, 1);
  requireBetween('bound', bound, 0, 1);
  return { alpha, bound, alternative, successes: 0, trials: 0, logEValue: 0, maxLogEValue: 0 };
}

/** Adds trials; order does not matter to the e-value, only how often one looks to the p-value. @throws StatisticsError for counts that are none. */
export function updateBernoulliBound(state: BernoulliBoundState, added: Proportion): BernoulliBoundState {
  requireSuccesses('successes', added.successes, added.trials);
  const successes = state.successes + added.successes;
  const trials = state.trials + added.trials;
  const logEValue = logBoundMixture(state.bound, state.alternative, successes, trials);
  return { ...state, successes, trials, logEValue, maxLogEValue: Math.max(state.maxLogEValue, logEValue) };
}

export function bernoulliBoundResult(state: BernoulliBoundState): BernoulliBoundResult {
  const { successes, trials, alternative, alpha } = state;
  // Named rather than spread: several times faster, and this is asked for after every update.
  const { logEValue, eValue, pValue } = evidence(state.logEValue, state.maxLogEValue);
  if (trials === 0) return { logEValue, eValue, pValue, successes, trials, estimate: null, interval: { lower: 0, upper: 1 } };
  const estimate = successes / trials;
  const rejected = (rate: number) => logBoundMixture(rate, alternative, successes, trials) >= -Math.log(alpha);
  const interval =
    alternative === 'less'
      ? { lower: 0, upper: successes === trials ? 1 : bisect(1, estimate, rejected) }
      : { lower: successes === 0 ? 0 : bisect(0, estimate, rejected), upper: 1 };
  return { logEValue, eValue, pValue, successes, trials, estimate, interval };
}

function logBoundMixture(bound: number, alternative: BernoulliBoundOptions['alternative'], successes: number, trials: number): number {
  if (trials === 0) return 0;
  const less = alternative === 'less';
  const failures = trials - successes;
  const share = betainc(bound, successes + 1, failures + 1, true, !less);
  const logBound = Math.log(bound);
  const logRest = Math.log1p(-bound);
  // So far on the null's side that the share underflows: its series' first term, a little below it, is still an e-value.
  if (share < 1e-290) return less ? logRest - Math.log(successes + 1) : logBound - Math.log(failures + 1);
  const logWidth = less ? logBound : logRest;
  return betaln(successes + 1, failures + 1) + Math.log(share) - logWidth - successes * logBound - failures * logRest;
}
