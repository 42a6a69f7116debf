import { requireInterval } from './arguments.js';

/** An interval estimate; a one-sided one has an infinite other end, written as null since JSON knows no infinity. */
export interface Interval {
  lower: number | null;
  upper: number | null;
}

/**
 * What two intervals of the same confidence sequence have in common: as valid as each of them, since the truth is in all of them
 * at once. Where they have nothing in common (of which the chance is alpha; or the truth has moved), the end of `before` that
 * is nearest to `now`, so that an interval never widens and is never empty.
 *
 * @throws StatisticsError NotFinite, OutOfRange where the ends of one are in the wrong order.
 */
export function narrowed(before: Interval, now: Interval): Interval {
  requireInterval('the interval before', before);
  requireInterval('the interval now', now);
  const within = (value: number) => Math.min(Math.max(value, before.lower ?? -Infinity), before.upper ?? Infinity);
  return { lower: now.lower === null ? before.lower : within(now.lower), upper: now.upper === null ? before.upper : within(now.upper) };
}

/** Mean and variance of one arm's observations: all that the means' methods need. */
export interface SampleSummary {
  /** Observations. */
  n: number;
  mean: number;
  /** Unbiased, of one observation; 0 where n is 1. */
  variance: number;
}

/** Successes among trials in one arm. */
export interface Proportion {
  successes: number;
  trials: number;
}

/** Control and treatment, in the order of every two-arm function of this folder; differences are treatment less control. */
export interface Arms<T> {
  control: T;
  treatment: T;
}

export type Alternative = 'two-sided' | 'greater' | 'less';
