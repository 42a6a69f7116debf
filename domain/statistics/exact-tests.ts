import betaQuantile from '@stdlib/stats-base-dists-beta-quantile';
import gammaln from '@stdlib/math-base-special-gammaln';
import { requireBetween, requireObservations, requireSuccesses, requireWithin } from './arguments.js';
import type { Alternative, Arms, Proportion } from './interval.js';
import { binomialLowerTail, binomialUpperTail } from './tails.js';

/** Outcomes as likely as the observed one count as such despite rounding: R's tolerance. */
const tie = 1 + 1e-7;

/**
 * Fisher's exact test of two proportions, given the margins. Two-sided by the sum of all tables that are no likelier.
 *
 * Source: Fisher 1935; as R's fisher.test.
 *
 * @returns the p-value; 1 for an empty arm, which can show nothing.
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function fisherTest({ control, treatment }: Arms<Proportion>, alternative: Alternative = 'two-sided'): number {
  requireSuccesses('successes of control', control.successes, control.trials);
  requireSuccesses('successes of treatment', treatment.successes, treatment.trials);
  const successes = control.successes + treatment.successes;
  const least = Math.max(0, successes - control.trials);
  const most = Math.min(treatment.trials, successes);
  const logDensity = (k: number) => logChoose(treatment.trials, k) + logChoose(control.trials, successes - k);
  const whole = logChoose(treatment.trials + control.trials, successes);
  const observed = Math.exp(logDensity(treatment.successes) - whole);
  let pValue = 0;
  for (let k = least; k <= most; k += 1) {
    const density = Math.exp(logDensity(k) - whole);
    const counts = alternative === 'two-sided' ? density <= observed * tie : alternative === 'greater' ? k >= treatment.successes : k <= treatment.successes;
    if (counts) pValue += density;
  }
  return Math.min(1, pValue);
}

export interface BinomialTest {
  estimate: number;
  pValue: number;
  /** By Clopper and Pearson, two-sided at 1 - alpha. */
  interval: { lower: number; upper: number };
}

/**
 * The exact test of one proportion against a given one.
 *
 * Source: Clopper and Pearson 1934; the two-sided p-value sums all outcomes that are no likelier, as R's binom.test.
 *
 * @param probability under the null hypothesis, 0 to 1.
 * @throws StatisticsError TooFewObservations (no trials), NotFinite, OutOfRange.
 */
export function binomialTest({ successes, trials }: Proportion, probability: number, { alpha = 0.05, alternative = 'two-sided' }: { alpha?: number; alternative?: Alternative } = {}): BinomialTest {
  requireWithin('probability', probability, 0, 1);
  return { estimate: successes / trials, interval: clopperPearson({ successes, trials }, alpha), pValue: binomialPValue(successes, trials, probability, alternative) };
}

/** The exact interval of one proportion, never too narrow. @throws StatisticsError as binomialTest. */
export function clopperPearson({ successes, trials }: Proportion, alpha = 0.05): { lower: number; upper: number } {
  requireBetween('alpha', alpha, 0, 1);
  requireSuccesses('successes', successes, trials);
  requireObservations('a proportion', trials, 1);
  return {
    lower: successes === 0 ? 0 : betaQuantile(alpha / 2, successes, trials - successes + 1),
    upper: successes === trials ? 1 : betaQuantile(1 - alpha / 2, successes + 1, trials - successes),
  };
}

function binomialPValue(successes: number, trials: number, probability: number, alternative: Alternative): number {
  if (alternative === 'less') return binomialLowerTail(successes, trials, probability);
  if (alternative === 'greater') return binomialUpperTail(successes, trials, probability);
  if (probability === 0 || probability === 1) return successes === trials * probability ? 1 : 0;
  const expected = trials * probability;
  if (successes === expected) return 1;
  const logDensity = (k: number) => logChoose(trials, k) + k * Math.log(probability) + (trials - k) * Math.log1p(-probability);
  const limit = logDensity(successes) + Math.log(tie);
  // The density rises to its mode and falls after it: the far side's first outcome that is no likelier is found by halving.
  if (successes < expected) {
    const from = firstWhere(Math.ceil(expected), trials + 1, (k) => logDensity(k) <= limit);
    return Math.min(1, binomialLowerTail(successes, trials, probability) + binomialUpperTail(from, trials, probability));
  }
  const above = firstWhere(0, Math.floor(expected) + 1, (k) => logDensity(k) > limit);
  return Math.min(1, binomialUpperTail(successes, trials, probability) + binomialLowerTail(above - 1, trials, probability));
}

/** The first whole number of [from, to) for which a condition holds that then goes on holding; `to` where none. */
function firstWhere(from: number, to: number, holds: (k: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function logChoose(n: number, k: number): number {
  return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1);
}
