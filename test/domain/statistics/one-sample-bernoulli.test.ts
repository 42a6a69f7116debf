import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Proportion } from '../../../domain/statistics/interval.js';
import { bestRho, createOneSampleBernoulli, logBetaMixture, oneSampleBernoulliResult, updateOneSampleBernoulli, type OneSampleBernoulliState } from '../../../domain/statistics/one-sample-bernoulli.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';
import { expectClose } from './expect-close.js';

type Row = [alpha: number, optimalTrials: number, successes: number, trials: number, lower: number, upper: number, rho: number];
const { rows } = JSON.parse(readFileSync(new URL('fixtures/one-sample-bernoulli.json', import.meta.url), 'utf8')) as { rows: Row[] };

const of = (counts: Proportion, alpha = 0.05, optimalTrials = 100) => oneSampleBernoulliResult(updateOneSampleBernoulli(createOneSampleBernoulli({ alpha, optimalTrials }), counts));
const counts = fc.integer({ min: 1, max: 5000 }).chain((trials) => fc.integer({ min: 0, max: trials }).map((successes) => ({ successes, trials })));

describe('one-sample Bernoulli confidence sequence', () => {
  it('equals the unit tests of confseq', () => {
    expect(bestRho(100, 0.05).toFixed(5)).toBe('12.60056');
    const { interval } = of({ successes: 700, trials: 1000 });
    // Theirs are roots as R finds them, and their test allows 1e-5; at 50 digits they are .65162981 and .74594950.
    expect(Math.abs((interval.lower ?? NaN) - 0.651629)).toBeLessThan(1e-6);
    expect(Math.abs((interval.upper ?? NaN) - 0.745949)).toBeLessThan(1e-6);
    expect([interval.lower?.toFixed(8), interval.upper?.toFixed(8)]).toEqual(['0.65162981', '0.74594950']);
    // beta_binomial_log_mixture(s = 10, v = 100, v_opt = 100, g = 0.2, h = 0.8): 625 trials, 10 successes above 125.
    expect(logBetaMixture(0.2, (bestRho(100, 0.05) - 0.16) / 0.16, 135, 625)).toBeCloseTo(-0.6941012, 6);
  });

  it('equals the formula at 50 digits', () => {
    expect(rows.length).toBeGreaterThanOrEqual(500);
    for (const [alpha, optimalTrials, successes, trials, lower, upper, rho] of rows) {
      const { interval } = of({ successes, trials }, alpha, optimalTrials);
      // An end that is 0 is so but for the steps of either search, which halve.
      expectClose([interval.lower ?? NaN, interval.upper ?? NaN, bestRho(optimalTrials, alpha)], [lower, upper, rho], 1e-15);
    }
  });

  it('does not tell the crash rates of 12 and of 8 in 100 sessions apart', () => {
    const [control, treatment] = [of({ successes: 12, trials: 100 }), of({ successes: 8, trials: 100 })];
    expect(control.interval.lower).toBeLessThan(treatment.interval.upper ?? NaN);
  });

  it('spans everything before the first trial, and reaches 0 or 1 where all were alike', () => {
    expect(of({ successes: 0, trials: 0 })).toEqual({ successes: 0, trials: 0, estimate: null, interval: { lower: 0, upper: 1 } });
    expect(of({ successes: 0, trials: 50 }).interval.lower).toBe(0);
    expect(of({ successes: 50, trials: 50 }).interval.upper).toBe(1);
  });

  it('holds the observed rate, ends where the mixture reaches 1/alpha, and is mirrored by counting failures', () => {
    fc.assert(
      fc.property(counts, ({ successes, trials }) => {
        const { interval, estimate } = of({ successes, trials });
        const [lower, upper] = [interval.lower ?? NaN, interval.upper ?? NaN];
        expect(lower <= (estimate ?? NaN) && (estimate ?? NaN) <= upper).toBe(true);
        const mirror = of({ successes: trials - successes, trials }).interval;
        expectClose([1 - (mirror.upper ?? NaN), 1 - (mirror.lower ?? NaN)], [lower, upper], 1);
      }),
    );
  });

  it('is narrower at a higher alpha, free of order, and equal one by one and at once', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (outcomes) => {
        let state = createOneSampleBernoulli({ alpha: 0.05, optimalTrials: 50 });
        for (const outcome of outcomes) state = JSON.parse(JSON.stringify(updateOneSampleBernoulli(state, { successes: outcome ? 1 : 0, trials: 1 }))) as OneSampleBernoulliState;
        const all = { successes: outcomes.filter(Boolean).length, trials: outcomes.length };
        const { interval } = oneSampleBernoulliResult(state);
        expect(oneSampleBernoulliResult(state)).toEqual(of(all, 0.05, 50));
        const wider = oneSampleBernoulliResult({ ...state, alpha: 0.01, optimalTrials: (50 * bestRho(1, 0.05)) / bestRho(1, 0.01) }).interval;
        expect(wider.lower).toBeLessThanOrEqual(interval.lower ?? NaN);
        expect(wider.upper).toBeGreaterThanOrEqual(interval.upper ?? NaN);
      }),
    );
  });

  it('has a mixture that is convex in the rate, so that what it keeps is an interval', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 50, noNaN: true }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), ({ successes, trials }, c, p, q) => {
        const at = (rate: number) => logBetaMixture(rate, c, successes, trials);
        expect(at((p + q) / 2)).toBeLessThanOrEqual((at(p) + at(q)) / 2 + 1e-6);
      }),
    );
  });

  it.each([0.02, 0.12, 0.5])('holds a rate of %f at every one of 1000 looks', (rate) => {
    const random = seededRandom(5);
    const [alpha, runs] = [0.1, 1000];
    const threshold = -Math.log(alpha);
    const concentration = bestRho(200, alpha) - 1;
    let missed = 0;
    for (let run = 0; run < runs; run += 1) {
      let successes = 0;
      for (let trials = 1; trials <= 1000; trials += 1) {
        if (random() < rate) successes += 1;
        if (logBetaMixture(rate, concentration, successes, trials) < threshold) continue;
        missed += 1;
        break;
      }
    }
    expect(missed / runs).toBeLessThanOrEqual(alpha + 2.6 * Math.sqrt((alpha * (1 - alpha)) / runs));
    expect(missed / runs).toBeGreaterThan(alpha / 10);
  });

  it.each([
    ['a level of 1', () => createOneSampleBernoulli({ alpha: 1, optimalTrials: 100 }), 'OutOfRange'],
    ['no optimal trials', () => createOneSampleBernoulli({ alpha: 0.05, optimalTrials: 0 }), 'OutOfRange'],
    ['infinite optimal trials', () => createOneSampleBernoulli({ alpha: 0.05, optimalTrials: Infinity }), 'NotFinite'],
    ['an intrinsic time of 0', () => bestRho(0, 0.05), 'OutOfRange'],
    ['more successes than trials', () => of({ successes: 2, trials: 1 }), 'OutOfRange'],
    ['a count that is no number', () => of({ successes: NaN, trials: 1 }), 'NotFinite'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(StatisticsError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
