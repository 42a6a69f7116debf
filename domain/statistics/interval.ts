/** An interval estimate; a one-sided one has an infinite other end, written as null since JSON knows no infinity. */
export interface Interval {
  lower: number | null;
  upper: number | null;
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
