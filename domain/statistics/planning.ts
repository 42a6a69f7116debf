import { requireBetween, requireFinite, requirePositive } from './arguments.js';
import { bisect } from './bisect.js';
import { noncentralTCdf } from './noncentral-t.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';
import { normalQuantile, normalUpperTail, tQuantile } from './tails.js';

export interface PlanningOptions {
  /** Two-sided level, between 0 and 1. */
  alpha?: number;
  /** Units in treatment for each in control, above 0. */
  ratio?: number;
}

export interface PowerOptions extends PlanningOptions {
  /** Chance to find the effect, between 0 and 1. */
  power?: number;
}

/** Units that nobody will wait for: past this a plan is refused. */
const mostUnits = 1e12;

/**
 * The chance that the pooled z test tells two proportions apart. Asymptotic.
 *
 * Source: Fleiss, Levin and Paik 2003, eq. 4.14 (no continuity correction); for equal arms as R's power.prop.test with
 * strict = TRUE.
 *
 * @param n units in control. @throws StatisticsError NotFinite, OutOfRange.
 */
export function proportionsPower(control: number, treatment: number, n: number, { alpha = 0.05, ratio = 1 }: PlanningOptions = {}): number {
  requireBetween('control', control, 0, 1);
  requireBetween('treatment', treatment, 0, 1);
  const pooled = (control + ratio * treatment) / (1 + ratio);
  const underNull = Math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio));
  const underEffect = Math.sqrt(control * (1 - control) + (treatment * (1 - treatment)) / ratio);
  return normalPower(treatment - control, underNull, underEffect, n, alpha, ratio);
}

/** Units of control that find this difference with this power. @throws StatisticsError as proportionsPower; OutOfRange where there is no difference. */
export function proportionsSampleSize(control: number, treatment: number, { power = 0.8, ...options }: PowerOptions = {}): number {
  return leastUnits(power, (n) => proportionsPower(control, treatment, n, options), treatment - control);
}

/**
 * The smallest difference, upwards or downwards, that n units in control find with this power; null where even the extreme
 * share is not told apart.
 *
 * @throws StatisticsError as proportionsPower.
 */
export function proportionsDetectable(control: number, n: number, direction: 'greater' | 'less', { power = 0.8, ...options }: PowerOptions = {}): number | null {
  requireBetween('control', control, 0, 1);
  requireBetween('power', power, 0, 1);
  const edge = direction === 'greater' ? 1 - 1e-12 : 1e-12;
  const found = (share: number) => share !== control && proportionsPower(control, share, n, options) >= power;
  return found(edge) ? bisect(edge, control, found) - control : null;
}

/**
 * The chance that a two-sided t test with a common standard deviation tells two means apart; the far tail counts too, as in
 * R's power.t.test with strict = TRUE. Exact for normal observations.
 *
 * Source: Cohen 1988, chapter 2, by the noncentral t distribution.
 *
 * @param difference of the means, in the metric's unit. @param standardDeviation of one observation. @param n units in control.
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function meansPower(difference: number, standardDeviation: number, n: number, { alpha = 0.05, ratio = 1 }: PlanningOptions = {}): number {
  requireFinite('difference', difference);
  requirePositive('standardDeviation', standardDeviation);
  requirePlan(n, alpha, ratio);
  const degreesOfFreedom = n * (1 + ratio) - 2;
  if (degreesOfFreedom <= 0) throw new StatisticsError(statisticsErrorCodes.tooFew, `${n * (1 + ratio)} units leave no degree of freedom`);
  const noncentrality = Math.abs(difference) / (standardDeviation * Math.sqrt(1 / n + 1 / (n * ratio)));
  // The algorithm of the noncentral t ends where e^(-x²/2) does; there the power is 1 but for e-100 or the normal will do.
  if (noncentrality > 30 || degreesOfFreedom > 1e6) return normalTails(normalQuantile(1 - alpha / 2), noncentrality);
  const critical = tQuantile(1 - alpha / 2, degreesOfFreedom);
  return 1 - noncentralTCdf(critical, degreesOfFreedom, noncentrality) + noncentralTCdf(-critical, degreesOfFreedom, noncentrality);
}

/** Units of control that find this difference. @throws StatisticsError as meansPower; OutOfRange where there is no difference. */
export function meansSampleSize(difference: number, standardDeviation: number, { power = 0.8, ...options }: PowerOptions = {}): number {
  return leastUnits(power, (n) => meansPower(difference, standardDeviation, n, options), difference, Math.ceil(3 / (1 + (options.ratio ?? 1))));
}

/** The smallest difference that n units in control find, in the metric's unit. @throws StatisticsError as meansPower. */
export function meansDetectable(standardDeviation: number, n: number, { power = 0.8, ...options }: PowerOptions = {}): number {
  requireBetween('power', power, 0, 1);
  requirePositive('standardDeviation', standardDeviation);
  // Twice what the normal asks for, doubled until it is enough.
  let high = standardDeviation;
  while (meansPower(high, standardDeviation, n, options) < power) high *= 2;
  return bisect(high, 0, (difference) => meansPower(difference, standardDeviation, n, options) >= power);
}

/**
 * The chance that two event rates are told apart by the logarithm of their ratio. Asymptotic: wants 10 events or so in each
 * arm. For counts that vary more than a Poisson's, divide the exposure by the variance over the mean.
 *
 * Source: Breslow and Day 1987, section 7.3.
 *
 * @param control events in a unit of exposure. @param rateRatio treatment over control. @param exposure of control.
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function ratesPower(control: number, rateRatio: number, exposure: number, { alpha = 0.05, ratio = 1 }: PlanningOptions = {}): number {
  requirePositive('control', control);
  requirePositive('rateRatio', rateRatio);
  const deviation = Math.sqrt(1 / control + 1 / (control * rateRatio * ratio));
  return normalPower(Math.log(rateRatio), deviation, deviation, exposure, alpha, ratio);
}

/** Exposure of control that finds this ratio. @throws StatisticsError as ratesPower; OutOfRange where the ratio is 1. */
export function ratesExposure(control: number, rateRatio: number, { power = 0.8, ...options }: PowerOptions = {}): number {
  return leastUnits(power, (exposure) => ratesPower(control, rateRatio, exposure, options), Math.log(rateRatio));
}

/** The smallest rate ratio above 1 that this exposure finds. @throws StatisticsError as ratesPower. */
export function ratesDetectable(control: number, exposure: number, { power = 0.8, ...options }: PowerOptions = {}): number {
  requireBetween('power', power, 0, 1);
  const found = (rateRatio: number) => rateRatio > 1 && ratesPower(control, rateRatio, exposure, options) >= power;
  let high = 2;
  while (!found(high)) {
    high *= 2;
    if (high > mostUnits) throw new StatisticsError(statisticsErrorCodes.tooFew, `an exposure of ${exposure} finds no rate ratio at this power`);
  }
  return bisect(high, 1, found);
}

function normalPower(effect: number, underNull: number, underEffect: number, n: number, alpha: number, ratio: number): number {
  requirePlan(n, alpha, ratio);
  const critical = normalQuantile(1 - alpha / 2) * underNull;
  const shift = Math.abs(effect) * Math.sqrt(n);
  return normalUpperTail((critical - shift) / underEffect) + normalUpperTail((critical + shift) / underEffect);
}

function normalTails(critical: number, shift: number): number {
  return normalUpperTail(critical - shift) + normalUpperTail(critical + shift);
}

function requirePlan(n: number, alpha: number, ratio: number): void {
  requirePositive('n', n);
  requireBetween('alpha', alpha, 0, 1);
  requirePositive('ratio', ratio);
}

/** The least whole number of units with the power; power rises with units. */
function leastUnits(power: number, powerOf: (n: number) => number, effect: number, from = 1): number {
  requireBetween('power', power, 0, 1);
  requireFinite('effect', effect);
  if (effect === 0) throw new StatisticsError(statisticsErrorCodes.outOfRange, 'there is no effect to find: the two arms are planned to be equal');
  let high = from;
  while (powerOf(high) < power) {
    high *= 2;
    if (high > mostUnits) throw new StatisticsError(statisticsErrorCodes.outOfRange, `more than ${mostUnits} units would be needed: the effect is too small to plan for`);
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle >= from && powerOf(middle) >= power) high = middle;
    else low = middle;
  }
  return high;
}
