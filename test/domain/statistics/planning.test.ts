import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describe as describeValues, quantile, regressionTrend, theilSenTrend } from '../../../domain/statistics/descriptive.js';
import { neededSessions } from '../../../domain/statistics/needed-sessions.js';
import { meansDetectable, meansPower, meansSampleSize, proportionsDetectable, proportionsPower, proportionsSampleSize, ratesDetectable, ratesExposure, ratesPower } from '../../../domain/statistics/planning.js';
import { noncentralTCdf } from '../../../domain/statistics/noncentral-t.js';
import { tQuantile } from '../../../domain/statistics/tails.js';
import { statisticsErrorCodes } from '../../../domain/statistics/statistics-error.js';
import { expectClose } from './expect-close.js';
import { fixtureRows } from './fixture.js';

describe('planning', () => {
  it("equals the example of R's power.t.test, and the sample size of .12 against .08", () => {
    // R leaves the far tail out unless told otherwise.
    expect((1 - noncentralTCdf(tQuantile(0.975, 38), 38, Math.sqrt(10))).toFixed(7)).toBe('0.8689528');
    expect(meansPower(1, 1, 20).toFixed(7)).toBe('0.8689530');
    expect(proportionsSampleSize(0.12, 0.08)).toBe(882);
  });

  it('equals statsmodels', () => {
    for (const [alpha, ratio, n, d, t, p1, p2, proportions, rate, rateRatio, rates] of fixtureRows<number[]>('fixed-horizon-planning') as [number, number, number, number, number, number, number, number, number, number, number][]) {
      const options = { alpha, ratio };
      expectClose([meansPower(d, 1, n, options), proportionsPower(p1, p2, n, options), ratesPower(rate, rateRatio, n, options)], [t, proportions, rates]);
    }
  });

  it("equals R's examples of power.prop.test and power.t.test", () => {
    expect(proportionsPower(0.5, 0.75, 50).toFixed(3)).toBe('0.740');
    // R's n, 76.7 and 22.02110, are the next whole numbers here.
    expect(proportionsSampleSize(0.5, 0.75, { power: 0.9 })).toBe(77);
    expect(meansSampleSize(1, 1, { power: 0.9 })).toBe(23);
  });

  it('has the sizes and the smallest effects of statsmodels and scipy', () => {
    type Row = [number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number];
    fixtureRows<Row>('fixed-horizon-sizes').forEach(([alpha, power, ratio, d, means, p1, p2, proportions, rate, rateRatio, exposure, n, smallest, smallestRatio, meanC, meanT, varC, varT, needed], at) => {
      const options = { alpha, power, ratio };
      expect([meansSampleSize(d, 1, options), proportionsSampleSize(p1, p2, options), ratesExposure(rate, rateRatio, options)]).toEqual([means, proportions, exposure]);
      expectClose([ratesDetectable(rate, n, options)], [smallestRatio]);
      // The power there for all; the search, which halves to the last bit, for one in ten.
      expectClose([meansPower(smallest, 1, n, { alpha, ratio })], [power]);
      expectClose(at % 10 === 0 ? [meansDetectable(1, n, options)] : [], at % 10 === 0 ? [smallest] : []);
      // Arms of any size in this ratio.
      expect(neededSessions({ control: { n: 1_000, mean: meanC, variance: varC }, treatment: { n: 1_000 * ratio, mean: meanT, variance: varT } }, { alpha, power })).toBe(needed);
    });
  });

  it('gives the least number of units that has the power', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.02, max: 0.9, noNaN: true }), fc.double({ min: 0.05, max: 0.95, noNaN: true }), fc.constantFrom(0.5, 0.8, 0.95), (control, treatment, power) => {
        fc.pre(Math.abs(control - treatment) > 0.02);
        const n = proportionsSampleSize(control, treatment, { power });
        expect(proportionsPower(control, treatment, n)).toBeGreaterThanOrEqual(power);
        expect(n === 1 || proportionsPower(control, treatment, n - 1) < power).toBe(true);
        const units = meansSampleSize(treatment - control, 1, { power });
        expect(meansPower(treatment - control, 1, units)).toBeGreaterThanOrEqual(power);
        expect(units <= 2 || meansPower(treatment - control, 1, units - 1) < power).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('finds the smallest effect that a sample size was planned for', () => {
    expect(proportionsDetectable(0.12, proportionsSampleSize(0.12, 0.08), 'less')).toBeCloseTo(-0.04, 4);
    expect(meansDetectable(10, meansSampleSize(2, 10))).toBeCloseTo(2, 2);
    expect(ratesDetectable(0.1, ratesExposure(0.1, 1.5))).toBeCloseTo(1.5, 3);
    expect(proportionsDetectable(0.5, 2, 'greater')).toBeNull();
  });

  it('refuses to plan for no effect, or for one that no number of units finds', () => {
    expect(() => proportionsSampleSize(0.1, 0.1)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
    expect(() => meansSampleSize(1e-9, 1)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
    expect(() => ratesPower(0.1, 0, 10)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});

describe('descriptions', () => {
  it('equal numpy and scipy: quantile and its ranks, Theil-Sen, regression', () => {
    type Row = [number[], number[], number, number, number, number | null, number | null, ...number[]];
    for (const [x, y, alpha, probability, estimate, low, high, mean, variance, ...expected] of fixtureRows<Row>('fixed-horizon-descriptive')) {
      const found = quantile(y, probability, alpha);
      expect(found.interval).toEqual({ lower: low, upper: high });
      const summary = describeValues(y);
      expectClose([found.estimate, summary.mean, summary.variance], [estimate, mean as number, variance as number]);
      const sen = theilSenTrend(x, y, alpha);
      const line = regressionTrend(x, y, alpha);
      const actual = [sen.slope, sen.intercept, sen.interval.lower, sen.interval.upper, line.slope, line.standardError, line.pValue, line.interval.lower, line.interval.upper];
      expectClose(actual.map(Number), expected);
    }
  });

  it('of one observation have no variance, and of none are refused', () => {
    expect(describeValues([7])).toEqual({ n: 1, mean: 7, variance: 0, standardDeviation: 0, standardError: 0, minimum: 7, median: 7, maximum: 7 });
    expect(() => describeValues([])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.tooFew }));
    expect(() => describeValues([1, Number.POSITIVE_INFINITY])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.notFinite }));
    expect(quantile([7], 0.5).interval).toEqual({ lower: null, upper: null });
  });

  it('of a line are the line, without doubt', () => {
    const x = [1, 2, 3, 4, 5, 6];
    const y = x.map((value) => 2 * value - 1);
    expect(theilSenTrend(x, y)).toMatchObject({ slope: 2, intercept: -1, interval: { lower: 2, upper: 2 } });
    expect(regressionTrend(x, y)).toMatchObject({ slope: 2, pValue: 0 });
  });

  it('have no trend where x stands still', () => {
    expect(() => regressionTrend([1, 1, 1], [1, 2, 3])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.noVariance }));
    expect(() => theilSenTrend([1, 1, 1], [1, 2, 3])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.noVariance }));
  });
});
