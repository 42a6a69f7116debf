import gammaln from '@stdlib/math-base-special-gammaln';
import { requireBetween, requireCounts, requireFinite, requireObservations, requirePositive } from './arguments.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';
import { chiSquareUpperTail } from './tails.js';

/**
 * Whether units came to the arms in the shares they were meant to: chi-square, for a single look. Asymptotic; wants about 5
 * expected units in each arm.
 *
 * Source: Fabijan et al. 2019.
 *
 * @param observed units in each arm. @param shares wanted, in the same order; they need not sum to 1.
 * @throws StatisticsError TooFewObservations (no units, fewer than 2 arms), OutOfRange, NotFinite.
 */
export function sampleRatioTest(observed: readonly number[], shares: readonly number[]): { statistic: number; degreesOfFreedom: number; pValue: number } {
  const wanted = normalised(shares, observed);
  const total = observed.reduce((sum, count) => sum + count, 0);
  requireObservations('the arms together', total, 1);
  const statistic = observed.reduce((sum, count, arm) => sum + (count - total * (wanted[arm] as number)) ** 2 / (total * (wanted[arm] as number)), 0);
  const degreesOfFreedom = observed.length - 1;
  return { statistic, degreesOfFreedom, pValue: chiSquareUpperTail(statistic, degreesOfFreedom) };
}

/** The sequential test's state: plain, and as large as there are arms. */
export interface SampleRatioState {
  /** Wanted, summing to 1. */
  shares: number[];
  /** Of the Dirichlet prior on the true shares. */
  concentration: number[];
  counts: number[];
  /** Log likelihoods of all blocks: with the wanted shares, and averaged over the prior. */
  logLikelihoodNull: number;
  logLikelihoodMixture: number;
  /** The greatest log Bayes factor so far; 0 at the start. */
  logLargest: number;
}

export interface SampleRatioResult {
  /** Log Bayes factor, mixture over null: an e-value's log. */
  logEValue: number;
  /** Anytime valid, exact: the chance that it ever falls to alpha is at most alpha while the shares are right. */
  pValue: number;
  mismatch: boolean;
}

/**
 * A sequential test of the sample ratio, to be looked at after every unit. Exact.
 *
 * Source: Lindon and Malek 2022, section 3 (Dirichlet-multinomial Bayes factor).
 *
 * @param concentration of the prior, in units of past observations; spread as the wanted shares are unless given for each arm.
 * @throws StatisticsError OutOfRange, NotFinite, TooFewObservations (fewer than 2 arms).
 */
export function createSampleRatio(shares: readonly number[], concentration: number | readonly number[] = shares.length): SampleRatioState {
  const wanted = normalised(shares, shares.map(() => 0));
  const prior = typeof concentration === 'number' ? wanted.map((share) => share * concentration) : [...concentration];
  if (prior.length !== wanted.length) throw new StatisticsError(statisticsErrorCodes.outOfRange, `the prior has ${prior.length} arms, the shares have ${wanted.length}`);
  for (const value of prior) requirePositive('concentration', value);
  return { shares: wanted, concentration: prior, counts: wanted.map(() => 0), logLikelihoodNull: 0, logLikelihoodMixture: 0, logLargest: 0 };
}

/** Takes in units that came since the last look, by arm. @throws StatisticsError OutOfRange, NotFinite. */
export function updateSampleRatio(state: SampleRatioState, block: readonly number[]): SampleRatioState {
  requireCounts('block', block);
  if (block.length !== state.shares.length) throw new StatisticsError(statisticsErrorCodes.outOfRange, `the block has ${block.length} arms, not ${state.shares.length}`);
  let total = 0;
  let posteriorTotal = 0;
  let ways = 0;
  let logNull = 0;
  let logMixture = 0;
  const counts = state.counts.map((count, arm) => {
    const units = block[arm] as number;
    const before = (state.concentration[arm] as number) + count;
    total += units;
    posteriorTotal += before;
    ways -= gammaln(units + 1);
    logNull += units * Math.log(state.shares[arm] as number);
    logMixture += gammaln(before + units) - gammaln(before);
    return count + units;
  });
  if (total === 0) return state;
  ways += gammaln(total + 1);
  logMixture += gammaln(posteriorTotal) - gammaln(posteriorTotal + total);
  const logLikelihoodNull = state.logLikelihoodNull + ways + logNull;
  const logLikelihoodMixture = state.logLikelihoodMixture + ways + logMixture;
  requireFinite('the log Bayes factor', logLikelihoodMixture - logLikelihoodNull);
  return { ...state, counts, logLikelihoodNull, logLikelihoodMixture, logLargest: Math.max(state.logLargest, logLikelihoodMixture - logLikelihoodNull) };
}

/** @param alpha mismatch is declared where p is at most this; between 0 and 1. @throws StatisticsError NotFinite, OutOfRange. */
export function sampleRatioResult(state: SampleRatioState, alpha = 0.001): SampleRatioResult {
  requireBetween('alpha', alpha, 0, 1);
  const pValue = Math.min(1, Math.exp(-state.logLargest));
  return { logEValue: state.logLikelihoodMixture - state.logLikelihoodNull, pValue, mismatch: pValue <= alpha };
}

function normalised(shares: readonly number[], observed: readonly number[]): number[] {
  requireObservations('shares', shares.length, 2);
  requireCounts('observed', observed);
  if (observed.length !== shares.length) throw new StatisticsError(statisticsErrorCodes.outOfRange, `there are ${observed.length} counts for ${shares.length} shares`);
  for (const share of shares) requirePositive('a share', share);
  const sum = shares.reduce((total, share) => total + share, 0);
  requireFinite('the sum of the shares', sum);
  const wanted = shares.map((share) => share / sum);
  // One of subnormal size beside a huge one.
  for (const share of wanted) requirePositive('a share of the sum', share);
  return wanted;
}
