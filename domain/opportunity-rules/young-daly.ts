import { requireBetween, requireFinite, requirePositive } from '../statistics/arguments.js';
import { normalPValue, normalQuantile } from '../statistics/tails.js';

/** What the Young-Daly interval is computed from. */
export interface CheckpointCosts {
  /** Mean time that a checkpoint takes, ms, and its relative standard error. */
  checkpointMs: number;
  checkpointRelativeError: number;
  /** Crashes, and the time that attempts ran, ms. */
  crashes: number;
  runningMs: number;
  /** Variance of the crashes over a Poisson's, at least 1. */
  dispersion: number;
}

export interface YoungDaly {
  /** The time between checkpoints with the least loss, ms. */
  intervalMs: number;
  /** Of intervalMs, at 1 - alpha, ms. */
  confidence: { lower: number; upper: number };
  meanTimeBetweenFailuresMs: number;
  /** Of ln(intervalMs). */
  standardError: number;
}

/**
 * The time between checkpoints that loses the least: sqrt(2 C M), C what a checkpoint takes and M the mean time between
 * failures. Source: Young 1974, CACM 17(9); holds where C is small beside M (Daly 2006, Future Generation Computer Systems 22, has the
 * next terms, which do not matter below C = M/50).
 *
 * Its interval is by the delta method on the logarithm: ln W = (ln 2 + ln C + ln M)/2, so that its variance is a quarter of C's
 * relative variance and of M's, which is dispersion/crashes. Asymptotic: wants ten crashes or so.
 *
 * @throws StatisticsError NotFinite, OutOfRange where there is no crash, no cost or no time.
 */
export function youngDaly({ checkpointMs, checkpointRelativeError, crashes, runningMs, dispersion }: CheckpointCosts, alpha = 0.05): YoungDaly {
  requirePositive('checkpointMs', checkpointMs);
  requireFinite('checkpointRelativeError', checkpointRelativeError);
  requirePositive('crashes', crashes);
  requirePositive('runningMs', runningMs);
  requirePositive('dispersion', dispersion);
  requireBetween('alpha', alpha, 0, 1);
  const meanTimeBetweenFailuresMs = runningMs / crashes;
  // As a product of roots: the product of the times may leave the range of numbers.
  const intervalMs = Math.sqrt(2) * Math.sqrt(checkpointMs) * Math.sqrt(meanTimeBetweenFailuresMs);
  const standardError = Math.sqrt(checkpointRelativeError ** 2 + Math.max(1, dispersion) / crashes) / 2;
  const factor = Math.exp(normalQuantile(1 - alpha / 2) * standardError);
  return { intervalMs, confidence: { lower: intervalMs / factor, upper: intervalMs * factor }, meanTimeBetweenFailuresMs, standardError };
}

/** How likely an estimate at least as far from a given interval is, were that the true optimum; two-sided. @throws StatisticsError OutOfRange. */
export function againstInterval({ intervalMs, standardError }: YoungDaly, presentMs: number): number {
  requirePositive('presentMs', presentMs);
  return normalPValue(Math.log(intervalMs / presentMs) / standardError, 'two-sided');
}

/**
 * The share of its running time that a session loses, as a sum of checkpoints' time and of work lost to crashes.
 *
 * A checkpoint comes by time, or sooner by something else (tool calls, zones), taken as coming at random at a rate: the
 * spacing S is then exponential, cut at the interval. Checkpoints cost C / E[S]; a crash loses E[S²] / (2 E[S]), by the
 * inspection paradox. Without anything else this is C/W + W/(2M).
 *
 * @param othersPerMs rate of checkpoints for other reasons, 0 or more.
 */
export function lossRate(intervalMs: number, checkpointMs: number, meanTimeBetweenFailuresMs: number, othersPerMs: number): number {
  const spacing = meanSpacing(intervalMs, othersPerMs);
  const expected = othersPerMs * intervalMs;
  // For a small rate the closed form is 0/0.
  const secondMoment = expected < 1e-4 ? intervalMs ** 2 * (1 - (2 * expected) / 3) : (2 / othersPerMs ** 2) * (1 - Math.exp(-expected) * (1 + expected));
  return checkpointMs / spacing + secondMoment / (2 * spacing) / meanTimeBetweenFailuresMs;
}

/** Mean time between checkpoints, ms. */
export function meanSpacing(intervalMs: number, othersPerMs: number): number {
  return othersPerMs === 0 ? intervalMs : -Math.expm1(-othersPerMs * intervalMs) / othersPerMs;
}

/** What is known of how often checkpoints are made. */
export interface CheckpointsSeen {
  intervalMs: number;
  /** The one that each attempt begins with is among them. */
  madePerAttempt: number;
  meanRunningMs: number;
}

/**
 * The rate of checkpoints for other reasons that explains their number, per ms; 0 where time alone does.
 *
 * Attempts are taken to last exponentially, as those do that crash at random. At a rate r of others, an attempt of mean length R has
 * r R of them, and of those by time (1 + r R) / (e^((r + 1/R) W) - 1): one comes whenever the last other, or the start, is k W ago.
 *
 * @throws StatisticsError OutOfRange.
 */
export function otherCheckpoints({ intervalMs, madePerAttempt, meanRunningMs }: CheckpointsSeen): number {
  requirePositive('intervalMs', intervalMs);
  requirePositive('meanRunningMs', meanRunningMs);
  const more = madePerAttempt - 1;
  return rateFor(more, more / meanRunningMs, (rate) => rate * meanRunningMs + (1 + rate * meanRunningMs) / Math.expm1((rate + 1 / meanRunningMs) * intervalMs));
}

/** The rate from 0 at which a number that rises with it is as wanted; 0 where it is more from the beginning. */
export function rateFor(wanted: number, most: number, numberAt: (rate: number) => number): number {
  if (!(numberAt(0) < wanted)) return 0;
  let low = 0;
  let high = most;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (numberAt(middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
