import { requireBetween, requirePositive } from '../statistics/arguments.js';
import { defaultBurnIn } from '../statistics/mean-sequence.js';
import { normalQuantile, normalUpperTail } from '../statistics/tails.js';
import { metrics, type MetricName } from './metric.js';

/** What an experiment is to find, and how surely. */
export interface EffectToFind {
  metric: MetricName;
  /** Control's value of a session: a rate (for a binary metric), or its mean and standard deviation. */
  baseline: { mean: number; standardDeviation: number };
  /** Change of the metric as a share of its mean, ratio; -0.3 is three tenths less. */
  impact: number;
  /** The experiment's own level: it rejects at an e-value of 1/alpha. */
  alpha: number;
  /** Chance to have rejected once so many units have matured, 0-1. */
  power?: number;
}

/** A few pairs decide in steps, of which the approximation is short; see the tests. */
const pairsMore = 3;

/** Past this nobody waits, units. */
const mostUnits = 1e9;

/**
 * Units, of both arms together, at which an experiment that is looked at all the time has found the effect with that power;
 * null where the effect is none, or too small to ever be waited for.
 *
 * Means: at the planned size S of its tuning, the sequence of means rejects past |z| = sqrt(2 (s+1)/s ln(sqrt(s+1)/alpha)), s = S rho²
 * (mean-sequence.ts), so that n of each arm = 2 (z + z_power)² sd² / effect², as for one look but for that z; never under the
 * burn-in. Rates: the log e-value grows a pair by the divergence of both rates from their middle, with the variance of that
 * likelihood ratio, less half a logarithm of the pairs for rates that have to be learned; that a Brownian motion of this drift
 * has passed 1/alpha by then is solved for the power. Both are held against simulation in the tests.
 *
 * @throws StatisticsError where alpha, the power or the baseline is out of range.
 */
export function unitsToFind({ metric, baseline, impact, alpha, power = 0.8 }: EffectToFind): number | null {
  requireBetween('alpha', alpha, 0, 1);
  requireBetween('power', power, 0, 1);
  if (impact === 0 || baseline.mean === 0) return null;
  const pairs = metrics[metric].kind === 'binary' ? pairsForRates(baseline.mean, baseline.mean * (1 + impact), alpha, power) : pairsForMeans(baseline.mean * impact, baseline.standardDeviation, alpha, power);
  return pairs > mostUnits / 2 ? null : 2 * pairs;
}

function pairsForMeans(difference: number, standardDeviation: number, alpha: number, power: number): number {
  requirePositive('standardDeviation', standardDeviation);
  const scaled = -2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha));
  const critical = Math.sqrt(((2 * (scaled + 1)) / scaled) * Math.log(Math.sqrt(scaled + 1) / alpha));
  const effect = Math.abs(difference) / standardDeviation;
  return Math.max(defaultBurnIn, Math.ceil(2 * ((critical + normalQuantile(power)) / effect) ** 2));
}

function pairsForRates(control: number, treatment: number, alpha: number, power: number): number {
  requireBetween('the rate', control, 0, 1);
  const other = Math.min(1 - 1e-9, Math.max(1e-9, treatment));
  const middle = (control + other) / 2;
  const growth = divergence(control, middle) + divergence(other, middle);
  const variance = spread(control, middle) + spread(other, middle);
  const found = (pairs: number) => passedBy(pairs, growth, variance, Math.log(pairs) / 2 - Math.log(alpha)) >= power;
  let high = 2;
  while (!found(high) && high <= mostUnits) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const between = Math.floor((low + high) / 2);
    if (found(between)) high = between;
    else low = between;
  }
  return high + pairsMore;
}

/** The chance that a Brownian motion with drift has passed a level by a time (Karatzas and Shreve 1991, eq. 3.5.12, integrated). */
function passedBy(time: number, drift: number, variance: number, level: number): number {
  const deviation = Math.sqrt(variance * time);
  const exponent = (2 * drift * level) / variance;
  // Past this the other tail is as small as its factor is large, and the product is next to nothing.
  const returned = exponent > 600 ? 0 : Math.exp(exponent) * normalUpperTail((level + drift * time) / deviation);
  return normalUpperTail((level - drift * time) / deviation) + returned;
}

/** Of one trial at a rate, the mean of its log likelihood ratio against another. */
function divergence(rate: number, against: number): number {
  return rate * Math.log(rate / against) + (1 - rate) * Math.log((1 - rate) / (1 - against));
}

/** And its variance. */
function spread(rate: number, against: number): number {
  return rate * (1 - rate) * (Math.log(rate / against) - Math.log((1 - rate) / (1 - against))) ** 2;
}
