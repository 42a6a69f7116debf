import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covariateSums, cuped } from '../../../domain/statistics/cuped.js';
import { describe as describeValues } from '../../../domain/statistics/descriptive.js';
import { binomialTest, clopperPearson, fisherTest } from '../../../domain/statistics/exact-tests.js';
import type { Alternative, SampleSummary } from '../../../domain/statistics/interval.js';
import { mannWhitneyTest, permutationTest } from '../../../domain/statistics/rank-tests.js';
import { ratioSummary } from '../../../domain/statistics/ratio-metric.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { statisticsErrorCodes } from '../../../domain/statistics/statistics-error.js';
import { twoProportionTest, wilsonInterval } from '../../../domain/statistics/two-proportions.js';
import { welchTest, welchTestRelative } from '../../../domain/statistics/welch.js';
import { expectClose } from './expect-close.js';
import { fixtureRows } from './fixture.js';

const noEnd = Number.NaN;

/** n, mean and variance from sums, as published examples give them. */
function fromSums(sum: number, sumOfSquares: number, n: number): SampleSummary {
  return { n, mean: sum / n, variance: (sumOfSquares - (sum * sum) / n) / (n - 1) };
}

const summary = fc.record({ n: fc.integer({ min: 2, max: 10_000 }), mean: fc.double({ min: -1e3, max: 1e3, noNaN: true }), variance: fc.double({ min: 1e-3, max: 1e4, noNaN: true }) });

describe("Welch's test", () => {
  it("equals GrowthBook's published example, absolute and relative", () => {
    const arms = { control: fromSums(1396.87, 52377.9767, 3407), treatment: fromSums(2422.7, 134698.29, 3461) };
    const absolute = welchTest(arms);
    expect([absolute.difference, absolute.standardError, absolute.interval.lower, absolute.interval.upper, absolute.pValue].map((value) => Number(value?.toFixed(5)))).toEqual([0.29, 0.12478, 0.04538, 0.53462, 0.02016]);
    const relative = welchTestRelative(arms);
    expect([relative.difference, relative.standardError, relative.interval.lower, relative.interval.upper, relative.pValue].map((value) => Number(value?.toFixed(5)))).toEqual([0.70732, 0.37879, -0.03526, 1.44989, 0.06191]);
  });

  it('equals scipy', () => {
    type Row = [number, number, number, number, number, number, number, Alternative, number, number, number, number, number];
    for (const [nC, nT, meanC, meanT, varC, varT, alpha, alternative, t, p, df, low, high] of fixtureRows<Row>('fixed-horizon-welch')) {
      const result = welchTest({ control: { n: nC, mean: meanC, variance: varC }, treatment: { n: nT, mean: meanT, variance: varT } }, { alpha, alternative });
      const ends = [alternative === 'less' ? low : (result.interval.lower ?? noEnd), alternative === 'greater' ? high : (result.interval.upper ?? noEnd)];
      expectClose([result.statistic, result.degreesOfFreedom, result.pValue, ...ends], [t, df, p, low, high]);
    }
  });

  it("equals GrowthBook's own code", () => {
    for (const [nC, nT, sumC, sumT, sqC, sqT, ...expected] of fixtureRows<number[]>('fixed-horizon-gbstats') as [number, number, number, number, number, number, ...number[]][]) {
      const arms = { control: fromSums(sumC, sqC, nC), treatment: fromSums(sumT, sqT, nT) };
      const actual = [welchTest(arms), welchTestRelative(arms)].flatMap(({ difference, interval, pValue }) => [difference, interval.lower ?? noEnd, interval.upper ?? noEnd, pValue]);
      // Their p-values are 1 less a chance, and so good to 1e-16 and 0 below.
      expectClose(actual, expected, 1e-6);
    }
  });

  it("equals GrowthBook's own code in its one-sided forms", () => {
    type Row = [number, number, number, number, number, number, 'absolute' | 'relative', 'greater' | 'less', number, number, number, number];
    for (const [nC, nT, sumC, sumT, sqC, sqT, kind, alternative, alpha, ...expected] of fixtureRows<Row>('fixed-horizon-one-sided')) {
      const test = kind === 'absolute' ? welchTest : welchTestRelative;
      const { difference, interval, pValue } = test({ control: fromSums(sumC, sqC, nC), treatment: fromSums(sumT, sqT, nT) }, { alpha, alternative });
      expect(alternative === 'greater' ? interval.upper : interval.lower).toBeNull();
      // Their p-values are 1 less a chance, and so good to 1e-16.
      expectClose([difference, interval.lower ?? interval.upper ?? noEnd, pValue], expected, 1e-6);
    }
  });

  it("equals R's example of sleep, and has its interval", () => {
    const one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const other = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const { statistic, degreesOfFreedom, pValue, interval } = welchTest({ control: describeValues(other), treatment: describeValues(one) });
    expect([statistic.toFixed(4), degreesOfFreedom.toFixed(3), pValue.toFixed(5)]).toEqual(['-1.8608', '17.776', '0.07939']);
    expect([interval.lower?.toFixed(7), interval.upper?.toFixed(7)]).toEqual(['-3.3654832', '0.2054832']);
  });

  it('turns its sign when the arms are swapped, and does not mind the unit', () => {
    fc.assert(
      fc.property(summary, summary, fc.double({ min: 0.01, max: 100, noNaN: true }), (control, treatment, unit) => {
        const one = welchTest({ control, treatment });
        const other = welchTest({ control: treatment, treatment: control });
        // Their sum, since 0 and -0 are two values to a comparison by identity.
        expect(other.difference + one.difference).toBe(0);
        expect(other.pValue).toBeCloseTo(one.pValue, 12);
        const scaled = (arm: SampleSummary) => ({ n: arm.n, mean: arm.mean * unit, variance: arm.variance * unit * unit });
        expect(welchTest({ control: scaled(control), treatment: scaled(treatment) }).pValue).toBeCloseTo(one.pValue, 8);
      }),
    );
  });

  it.each([
    ['one observation', { n: 1, mean: 1, variance: 0 }, statisticsErrorCodes.tooFew],
    ['no variance in either arm', { n: 5, mean: 1, variance: 0 }, statisticsErrorCodes.noVariance],
    ['a mean that is no number', { n: 5, mean: Number.NaN, variance: 1 }, statisticsErrorCodes.notFinite],
    ['a negative variance', { n: 5, mean: 1, variance: -1 }, statisticsErrorCodes.outOfRange],
  ])('refuses %s', (_what, arm, code) => {
    expect(() => welchTest({ control: arm, treatment: arm })).toThrow(expect.objectContaining({ code }));
  });
});

describe('two proportions', () => {
  it('equal statsmodels and scipy: pooled z, Newcombe, Wilson, Fisher', () => {
    type Row = [number, number, number, number, number, Alternative, ...number[]];
    for (const [xC, xT, nC, nT, alpha, alternative, ...expected] of fixtureRows<Row>('fixed-horizon-proportions')) {
      const arms = { control: { successes: xC, trials: nC }, treatment: { successes: xT, trials: nT } };
      const { statistic, pValue, interval } = twoProportionTest(arms, { alpha, alternative });
      const wilson = wilsonInterval(arms.control, alpha);
      const fisher = fisherTest(arms, alternative);
      expectClose([statistic, pValue, interval.lower ?? noEnd, interval.upper ?? noEnd, wilson.lower, wilson.upper, fisher], expected);
    }
  });

  it("equal Newcombe's and Wilson's published intervals, and R's tea tasting and convictions", () => {
    const { interval } = twoProportionTest({ control: { successes: 48, trials: 80 }, treatment: { successes: 56, trials: 70 } });
    expect([interval.lower?.toFixed(4), interval.upper?.toFixed(4)]).toEqual(['0.0524', '0.3339']);
    const published = [[81, 263, '0.2553', '0.3662'], [15, 148, '0.0624', '0.1605'], [0, 20, '0.0000', '0.1611'], [1, 29, '0.0061', '0.1718']] as const;
    for (const [successes, trials, ...ends] of published) {
      const { lower, upper } = wilsonInterval({ successes, trials });
      expect([lower.toFixed(4), upper.toFixed(4)]).toEqual(ends);
    }
    expect(fisherTest({ control: { successes: 1, trials: 4 }, treatment: { successes: 3, trials: 4 } }, 'greater').toFixed(4)).toBe('0.2429');
    expect(fisherTest({ control: { successes: 10, trials: 13 }, treatment: { successes: 2, trials: 17 } }, 'less').toFixed(7)).toBe('0.0004652');
  });

  it('do not tell 12 from 8 crashes in 100 sessions', () => {
    const arms = { control: { successes: 12, trials: 100 }, treatment: { successes: 8, trials: 100 } };
    expect(twoProportionTest(arms).pValue).toBeCloseTo(0.3458, 4);
    expect(fisherTest(arms)).toBeGreaterThan(0.3);
    const spread = (share: number) => ({ n: 100, mean: share, variance: (share * (1 - share) * 100) / 99 });
    expect(welchTest({ control: spread(0.12), treatment: spread(0.08) }).pValue).toBeGreaterThan(0.3);
  });

  it('find no difference where nothing or everything succeeded', () => {
    for (const successes of [0, 20]) {
      const arm = { successes, trials: 20 };
      expect(twoProportionTest({ control: arm, treatment: arm })).toMatchObject({ difference: 0, statistic: 0, pValue: 1 });
    }
  });

  it('refuse an empty arm and more successes than trials', () => {
    const arm = { successes: 1, trials: 2 };
    expect(() => twoProportionTest({ control: arm, treatment: { successes: 0, trials: 0 } })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.tooFew }));
    expect(() => twoProportionTest({ control: arm, treatment: { successes: 3, trials: 2 } })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});

describe('the exact binomial test', () => {
  it("equals the example of R's documentation", () => {
    const { pValue, interval } = binomialTest({ successes: 682, trials: 925 }, 0.75);
    expect(pValue.toFixed(4)).toBe('0.3825');
    expect([interval.lower.toFixed(7), interval.upper.toFixed(7)]).toEqual(['0.7076683', '0.7654066']);
  });

  it('equals scipy and statsmodels', () => {
    type Row = [number, number, number, number, Alternative, number, number, number];
    for (const [x, n, probability, alpha, alternative, p, low, high] of fixtureRows<Row>('fixed-horizon-binomial')) {
      const { pValue, interval } = binomialTest({ successes: x, trials: n }, probability, { alpha, alternative });
      expectClose([pValue, interval.lower, interval.upper], [p, low, high]);
    }
  });

  it('covers its own estimate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, share) => {
        const successes = Math.floor(share * trials);
        const { lower, upper } = clopperPearson({ successes, trials });
        expect(lower).toBeLessThanOrEqual(successes / trials);
        expect(upper).toBeGreaterThanOrEqual(successes / trials);
      }),
    );
  });
});

describe('CUPED and ratio metrics', () => {
  it('equal numpy on rows', () => {
    type Row = [number[], number[], number[], number[], ...number[]];
    for (const [preC, postC, preT, postT, ...expected] of fixtureRows<Row>('fixed-horizon-covariates')) {
      const control = covariateSums(postC, preC);
      const { theta, adjusted } = cuped({ control, treatment: covariateSums(postT, preT) });
      const ratio = ratioSummary({ n: control.n, sumNumerator: control.sumPost, sumDenominator: control.sumPre, sumNumeratorSquared: control.sumPostSquared, sumDenominatorSquared: control.sumPreSquared, sumProduct: control.sumProduct });
      expectClose([theta, adjusted.control.mean, adjusted.treatment.mean, adjusted.control.variance, adjusted.treatment.variance, ratio.mean, ratio.variance], expected);
    }
  });

  it('leave a metric alone that its covariate says nothing of', () => {
    const arm = covariateSums([1, 2, 4, 8], [5, 5, 5, 5]);
    const { theta, adjusted, varianceReduction } = cuped({ control: arm, treatment: arm });
    expect({ theta, varianceReduction, mean: adjusted.control.mean }).toEqual({ theta: 0, varianceReduction: 0, mean: 3.75 });
  });

  it('take out what a covariate explains whole', () => {
    const pre = [1, 2, 3, 4, 5];
    const sums = covariateSums(pre.map((value) => 3 * value + 1), pre);
    const { theta, varianceReduction } = cuped({ control: sums, treatment: sums });
    expect(theta).toBeCloseTo(3, 12);
    expect(varianceReduction).toBeCloseTo(1, 12);
  });

  it('refuse columns of unequal length and a ratio to nothing', () => {
    expect(() => covariateSums([1, 2], [1])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.tooFew }));
    const nothing = { n: 2, sumNumerator: 1, sumDenominator: 0, sumNumeratorSquared: 1, sumDenominatorSquared: 0, sumProduct: 0 };
    expect(() => ratioSummary(nothing)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});

describe('tests by ranks and permutations', () => {
  it('equal scipy, ties and all', () => {
    type Row = [number[], number[], Alternative, number, number];
    for (const [control, treatment, alternative, u, p] of fixtureRows<Row>('fixed-horizon-ranks')) {
      const { statistic, pValue } = mannWhitneyTest({ control, treatment }, alternative);
      expectClose([statistic, pValue], [u, p]);
    }
  });

  it('see only ranks: any rising scale gives the same', () => {
    const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(values, values, (control, treatment) => {
        fc.pre(new Set([...control, ...treatment]).size > 1);
        const rising = (value: number) => Math.exp(value / 10);
        expect(mannWhitneyTest({ control: control.map(rising), treatment: treatment.map(rising) }).pValue).toBeCloseTo(mannWhitneyTest({ control, treatment }).pValue, 12);
        const swapped = mannWhitneyTest({ control: treatment, treatment: control });
        expect(swapped.probabilityOfSuperiority).toBeCloseTo(1 - mannWhitneyTest({ control, treatment }).probabilityOfSuperiority, 12);
      }),
    );
  });

  it('come near the exact p of all 252 permutations', () => {
    const [control, treatment] = [[1, 2, 3, 4, 5], [4, 5, 6, 7, 8]];
    const all: number[] = [];
    const pool = [...control, ...treatment];
    for (let mask = 0; mask < 1 << 10; mask += 1) {
      const chosen = pool.filter((_, at) => mask & (1 << at));
      if (chosen.length === 5) all.push(Math.abs(2 * chosen.reduce((sum, value) => sum + value, 0) - 45));
    }
    expect(all).toHaveLength(252);
    const exact = all.filter((distance) => distance >= 15).length / 252;
    expect(permutationTest({ control, treatment }, 20_000, seededRandom(1))).toBeCloseTo(exact, 2);
  });

  it('come within their own chance of the exact p of all permutations', () => {
    const permutations = 1_000;
    const random = seededRandom(12);
    for (const [control, treatment, alternative, exact] of fixtureRows<[number[], number[], Alternative, number]>('fixed-horizon-permutations')) {
      // They count the observed one beside those drawn; 4.5 standard errors of their share, one case in 150,000.
      const expected = (1 + permutations * exact) / (1 + permutations);
      const standardError = Math.sqrt((exact * (1 - exact)) / permutations);
      expect(Math.abs(permutationTest({ control, treatment }, permutations, random, alternative) - expected), `${exact}`).toBeLessThanOrEqual(4.5 * standardError + 1e-12);
    }
  });

  it('refuse a sample in which all are equal', () => {
    expect(() => mannWhitneyTest({ control: [1, 1], treatment: [1] })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.noVariance }));
  });
});
