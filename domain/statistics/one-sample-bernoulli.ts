import betaln from '@stdlib/math-base-special-betaln';
import { requireBetween, requireFinite, requirePositive, requireSuccesses } from './arguments.js';
import { bisect } from './bisect.js';
import type { Interval, Proportion } from './interval.js';

export interface OneSampleBernoulliOptions {
  /** Level, 0-1. */
  alpha: number;
  /** Trials at which the interval shall be about as narrow as it can be; valid at every other number too. */
  optimalTrials: number;
}

/** Plain JSON, constant in size. */
export interface OneSampleBernoulliState extends OneSampleBernoulliOptions, Proportion {}

export interface OneSampleBernoulliResult extends Proportion {
  /** Observed rate; null before the first trial. */
  estimate: number | null;
  /** Of the confidence sequence at this moment: the true rate is in all of them at once with probability 1 - alpha at least. */
  interval: Interval;
}

/**
 * The mixture's parameter rho with the narrowest boundary at intrinsic time v. Source: Howard, Ramdas, McAuliffe
 * and Sekhon 2021, Annals of Statistics 49(2), in the closed form of their package confseq.
 * @param v intrinsic time, above 0: trials times the variance of one. @param alpha level, 0-1.
 * @throws StatisticsError for other values.
 */
export function bestRho(v: number, alpha: number): number {
  requirePositive('v', v);
  requireBetween('alpha', alpha, 0, 1);
  const twice = -2 * Math.log(alpha);
  const rho = v / (twice + Math.log1p(twice));
  requireFinite('rho', rho);
  return rho;
}

/**
 * Confidence sequence of one Bernoulli rate. Exact at any number of trials and under any stopping rule.
 * @throws StatisticsError where an option is outside its range.
 */
export function createOneSampleBernoulli({ alpha, optimalTrials }: OneSampleBernoulliOptions): OneSampleBernoulliState {
  requireBetween('alpha', alpha, 0, 1);
  requirePositive('optimalTrials', optimalTrials);
  return { alpha, optimalTrials, successes: 0, trials: 0 };
}

/** Adds trials; their order and how they are batched do not matter. @throws StatisticsError for counts that are none. */
export function updateOneSampleBernoulli(state: OneSampleBernoulliState, { successes, trials }: Proportion): OneSampleBernoulliState {
  requireSuccesses('successes', successes, trials);
  return { ...state, successes: state.successes + successes, trials: state.trials + trials };
}

/**
 * The rates p whose mixture against p is below 1/alpha, by bisection to either side of the observed rate: the
 * mixture's logarithm is convex in p, so that they are an interval.
 */
export function oneSampleBernoulliResult({ alpha, optimalTrials, successes, trials }: OneSampleBernoulliState): OneSampleBernoulliResult {
  if (trials === 0) return { successes, trials, estimate: null, interval: { lower: 0, upper: 1 } };
  const estimate = successes / trials;
  const concentration = mixtureConcentration(optimalTrials, alpha);
  const rejected = (rate: number) => logBetaMixture(rate, concentration, successes, trials) >= -Math.log(alpha);
  const interval = { lower: successes === 0 ? 0 : bisect(0, estimate, rejected), upper: successes === trials ? 1 : bisect(1, estimate, rejected) };
  return { successes, trials, estimate, interval };
}

/**
 * Concentration c of the mixing Beta(c p, c (1 - p)): with v = p (1 - p) optimalTrials, rho and
 * r = max(rho - p (1 - p), 0.001 p (1 - p)) of Howard et al. 2021 (proposition 7, equations 56-57, as in confseq), r is c p (1 - p).
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function mixtureConcentration(optimalTrials: number, alpha: number): number {
  return Math.max(bestRho(optimalTrials, alpha) - 1, 1e-3);
}

/**
 * Natural logarithm of the mixture of likelihoods over Beta(c p, c (1 - p)), divided by the likelihood of p: a
 * martingale from 1 where p, strictly inside (0, 1), is the true rate.
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function logBetaMixture(rate: number, concentration: number, successes: number, trials: number): number {
  requireBetween('rate', rate, 0, 1);
  requirePositive('concentration', concentration);
  requireSuccesses('successes', successes, trials);
  const a = concentration * rate;
  const b = concentration * (1 - rate);
  const failures = trials - successes;
  const logMixture = logBeta(a + successes, b + failures) - logBeta(a, b) - (successes === 0 ? 0 : successes * Math.log(rate)) - (failures === 0 ? 0 : failures * Math.log1p(-rate));
  requireFinite('the log mixture', logMixture);
  return logMixture;
}

/** The package's overflows where an argument is next to 0, as an interval's search comes to; B(a, b) is 1/a there. */
function logBeta(a: number, b: number): number {
  const least = Math.min(a, b);
  return least < 1e-290 ? -Math.log(Math.max(least, Number.MIN_VALUE)) : betaln(a, b);
}
