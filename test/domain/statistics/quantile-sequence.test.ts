import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQuantileLimit, quantileInterval, quantileLimitResult, updateQuantileLimit, type QuantileLimitOptions, type QuantileLimitState } from '../../../domain/statistics/quantile-sequence.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';

type Row = [alpha: number, optimalTrials: number, quantile: number, trials: number, least: number, most: number];
const { rows } = JSON.parse(readFileSync(new URL('fixtures/quantile-sequence.json', import.meta.url), 'utf8')) as { rows: Row[] };

const p95 = (options: Partial<QuantileLimitOptions> = {}) => createQuantileLimit({ alpha: 0.05, quantile: 0.95, limit: 2000, alternative: 'less', ...options });
const taken = (observations: number[], start: QuantileLimitState) => observations.reduce(updateQuantileLimit, start);
const times = (within: number, beyond: number) => [...Array.from({ length: within }, () => 1500), ...Array.from({ length: beyond }, () => 2500)];
const options = { quantile: 0.5, alpha: 0.05, optimalTrials: 100 };
const numbers = (least: number) => fc.array(fc.integer({ min: -50, max: 50 }), { minLength: least, maxLength: 300 }).map((values) => values.sort((one, other) => one - other));

describe('quantile against a limit', () => {
  it('shows a p95 within the limit from 5 of 500 beyond it, and one above it from 60 of 500', () => {
    const good = quantileLimitResult(taken(times(495, 5), p95()));
    expect(good).toMatchObject({ observations: 500, exceedingInterval: { lower: 0 } });
    expect(good.exceeding).toBeCloseTo(0.01, 12);
    expect(good.exceedingInterval.upper).toBeLessThan(0.05);
    expect(good.eValue).toBeGreaterThan(20);
    const bad = quantileLimitResult(taken(times(440, 60), p95({ alternative: 'greater' })));
    expect(bad.exceedingInterval.lower).toBeGreaterThan(0.05);
    expect(bad.exceedingInterval.upper).toBe(1);
    expect(bad.pValue).toBeLessThan(0.001);
  });

  it('counts an observation at the limit as within it', () => {
    expect(quantileLimitResult(taken([2000], p95())).exceeding).toBe(0);
  });

  it('says nothing before the first observation', () => {
    expect(quantileLimitResult(p95())).toEqual({ logEValue: 0, eValue: 1, pValue: 1, observations: 0, exceeding: null, exceedingInterval: { lower: 0, upper: 1 } });
  });

  it('does not change with the unit of the observations, nor through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 50 }), (observations) => {
        const state = taken(observations, p95());
        const inSeconds = taken(observations.map((each) => each / 1024), p95({ limit: 2000 / 1024 }));
        expect(quantileLimitResult(inSeconds)).toEqual(quantileLimitResult(state));
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });

  it.each([
    ['a quantile of 1', () => p95({ quantile: 1 }), 'OutOfRange'],
    ['an infinite limit', () => p95({ limit: Infinity }), 'NotFinite'],
    ['an observation that is no number', () => taken([NaN], p95()), 'NotFinite'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(StatisticsError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});

describe('confidence sequence of a quantile', () => {
  it('ends at the order statistics that the formula names at 50 digits', () => {
    expect(rows.length).toBeGreaterThanOrEqual(500);
    for (const [alpha, optimalTrials, quantile, trials, least, most] of rows) {
      // The observations are their own ranks, from 1.
      const interval = quantileInterval(Array.from({ length: trials }, (_, at) => at + 1), { alpha, optimalTrials, quantile });
      expect(interval).toEqual({ lower: least === 0 ? null : least, upper: most === trials ? null : most + 1 });
    }
  });

  it('cannot bound the median by one observation, and the p95 from above by few', () => {
    expect(quantileInterval([7], options)).toEqual({ lower: null, upper: null });
    expect(quantileInterval(Array.from({ length: 40 }, (_, at) => at), { ...options, quantile: 0.95 }).upper).toBeNull();
  });

  it('moves with the observations by any rising map, and is mirrored by their negatives at the median', () => {
    fc.assert(
      fc.property(numbers(1), (sorted) => {
        const { lower, upper } = quantileInterval(sorted, options);
        const map = (value: number) => value ** 3 + 2;
        expect(quantileInterval(sorted.map(map), options)).toEqual({ lower: lower === null ? null : map(lower), upper: upper === null ? null : map(upper) });
        // 0 - value, since toEqual tells -0 from 0.
        const negated = (value: number | null) => (value === null ? null : 0 - value);
        expect(quantileInterval(sorted.map((value) => 0 - value).toReversed(), options)).toEqual({ lower: negated(upper), upper: negated(lower) });
      }),
    );
  });

  it('is the value itself where every observation is the same and there are enough', () => {
    expect(quantileInterval(Array.from({ length: 60 }, () => 3), options)).toEqual({ lower: 3, upper: 3 });
  });

  it.each([0.5, 0.9])('holds the quantile %f at every look, of continuous observations and of ones with ties', (quantile) => {
    const random = seededRandom(17);
    const [alpha, runs] = [0.1, 150];
    const bound = alpha + 2.6 * Math.sqrt((alpha * (1 - alpha)) / runs);
    let missed = 0;
    let missedTies = 0;
    for (let run = 0; run < runs; run += 1) {
      const sample: number[] = [];
      let [out, outOfTies] = [false, false];
      for (let look = 1; look <= 100; look += 1) {
        sample.push(random(), random(), random());
        sample.sort((one, other) => one - other);
        const { lower, upper } = quantileInterval(sample, { quantile, alpha, optimalTrials: 100 });
        out ||= (lower ?? 0) > quantile || (upper ?? 1) < quantile;
        const ties = quantileInterval(sample.map((value) => Math.floor(value * 4)), { quantile, alpha, optimalTrials: 100 });
        // Four values, a quarter each: at 0.5 every point from 1 to 2 is a median; the lower one is asked for.
        const truth = Math.ceil(quantile * 4) - 1;
        outOfTies ||= (ties.lower ?? 0) > truth || (ties.upper ?? 3) < truth;
      }
      if (out) missed += 1;
      if (outOfTies) missedTies += 1;
    }
    expect(missed / runs).toBeLessThanOrEqual(bound);
    expect(missedTies / runs).toBeLessThanOrEqual(bound);
  });

  it.each([
    ['no observations', () => quantileInterval([], options), 'TooFewObservations'],
    ['observations out of order', () => quantileInterval([2, 1], options), 'OutOfRange'],
    ['an infinite observation', () => quantileInterval([1, Infinity], options), 'NotFinite'],
    ['a level of 0', () => quantileInterval([1], { ...options, alpha: 0 }), 'OutOfRange'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(StatisticsError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
