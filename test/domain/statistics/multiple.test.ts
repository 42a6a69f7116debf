import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg, bonferroni, holm } from '../../../domain/statistics/multiple-testing.js';
import { judgeGuardrail } from '../../../domain/statistics/non-inferiority.js';
import { beginELond, concludeELond, createELond, createLord, createSaffron, spendingWeight, updateLord, updateSaffron, type Spending } from '../../../domain/statistics/online-fdr.js';
import { createSampleRatio, sampleRatioResult, sampleRatioTest, updateSampleRatio } from '../../../domain/statistics/sample-ratio.js';
import { statisticsErrorCodes } from '../../../domain/statistics/statistics-error.js';
import { expectClose } from './expect-close.js';
import { fixtureRows } from './fixture.js';

describe('many p-values at once', () => {
  it("reject what Benjamini and Hochberg's own example does", () => {
    const p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1];
    expect(benjaminiHochberg(p).filter((value) => value <= 0.05)).toHaveLength(4);
    expect(bonferroni(p).filter((value) => value <= 0.05)).toHaveLength(3);
  });

  it('are adjusted as by statsmodels', () => {
    for (const [p, bh, byHolm, byBonferroni] of fixtureRows<[number[], number[], number[], number[]]>('fixed-horizon-multiple')) {
      expectClose(benjaminiHochberg(p), bh);
      expectClose(holm(p), byHolm);
      expectClose(bonferroni(p), byBonferroni);
    }
  });

  it('do not mind their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (p) => {
        const backwards = p.toReversed();
        for (const adjust of [benjaminiHochberg, holm, bonferroni]) expect(adjust(backwards).toReversed()).toEqual(adjust(p));
      }),
    );
  });

  it('must be probabilities', () => {
    expect(() => holm([0.2, 1.1])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});

describe('false-discovery control over a sequence', () => {
  it("has the levels of onlineFDR's LORD example, and rejects 1, 6 and 10", () => {
    const p = [2.9e-8, 0.06743, 0.01514, 0.08174, 0.00171, 3.6e-5, 0.79149, 0.27201, 0.28295, 7.59e-8, 0.69274, 0.30443, 0.00136, 0.72342, 0.54757];
    let state = createLord(0.05);
    const levels: number[] = [];
    for (const value of p) {
      const next = updateLord(state, value);
      levels.push(next.level);
      ({ state } = next);
    }
    expect(levels.slice(0, 7).map((level) => level.toFixed(10))).toEqual(['0.0002675839', '0.0024664457', '0.0005732818', '0.0004872805', '0.0004059066', '0.0003447286', '0.0029745013']);
    expect(state.rejectedAt).toEqual([1, 6, 10]);
  });

  it("has the levels of onlineFDR's SAFFRON example, and rejects 1, 5, 6, 10 and 13", () => {
    const p = [2.9e-8, 0.06743, 0.01514, 0.08174, 0.00171, 3.6e-5, 0.79149, 0.27201, 0.28295, 7.59e-8, 0.69274, 0.30443, 0.00136, 0.72342, 0.54757];
    let state = createSaffron(0.05);
    const levels: string[] = [];
    for (const value of p) {
      const next = updateSaffron(state, value);
      levels.push(next.level.toFixed(9));
      ({ state } = next);
    }
    const [first, second, third] = ['0.010937254', '0.010823845', '0.009265591'];
    expect(levels).toEqual(['0.005468627', first, first, first, first, '0.021874508', '0.032811762', second, second, second, '0.021761099', third, third, '0.020202846', '0.009064367']);
    expect(state.rejections.map(({ at }) => at)).toEqual([1, 5, 6, 10, 13]);
  });

  it('has the levels of the formulas at 50 digits', () => {
    type Row = [number, number[], number[], number[], number[], number[], number];
    for (const [alpha, p, lordLevels, saffronLevels, eValues, eLevels, rejections] of fixtureRows<Row>('fixed-horizon-online')) {
      let lord = createLord(alpha);
      let saffron = createSaffron(alpha);
      let elond = createELond(alpha, { kind: 'lord' });
      const levels: [number[], number[], number[]] = [[], [], []];
      p.forEach((value, at) => {
        const nextLord = updateLord(lord, value);
        const nextSaffron = updateSaffron(saffron, value);
        const begun = beginELond(elond);
        levels[0].push(nextLord.level);
        levels[1].push(nextSaffron.level);
        levels[2].push(begun.level);
        lord = nextLord.state;
        saffron = nextSaffron.state;
        elond = concludeELond(begun.state, begun.level, eValues[at] as number).state;
      });
      expectClose(levels[0], lordLevels);
      expectClose(levels[1], saffronLevels);
      expectClose(levels[2], eLevels);
      expect(elond.rejections).toBe(rejections);
    }
  });

  it.each<Spending>([{ kind: 'lord' }, { kind: 'uniform', horizon: 40 }, { kind: 'inverse-power', exponent: 1.6 }])('spends at most what there is ($kind)', (spending) => {
    let sum = 0;
    for (let j = 1; j <= 20_000; j += 1) sum += spendingWeight(spending, j);
    expect(sum).toBeLessThanOrEqual(1 + 1e-12);
    // The endless ones have some left, the first of them nearly half.
    expect(sum).toBeGreaterThan(0.4);
  });

  it('keeps the level of a test that has begun, whatever ends meanwhile, and counts one that is given up', () => {
    const first = beginELond(createELond(0.05, { kind: 'uniform', horizon: 10 }));
    const second = beginELond(first.state);
    expectClose([first.level, second.level], [0.005, 0.005]);
    const concluded = concludeELond(second.state, first.level, 1_000);
    expect(concluded).toMatchObject({ rejected: true, state: { begun: 2, rejections: 1 } });
    expectClose([beginELond(concluded.state).level], [0.01]);
    expect(concludeELond(concluded.state, 0, Number.MAX_VALUE).rejected).toBe(false);
  });

  it('survives a trip through JSON', () => {
    const states = [beginELond(createELond(0.05, { kind: 'lord' })).state, updateLord(createLord(0.05), 1e-9).state, updateSaffron(createSaffron(0.05), 1e-9).state];
    expect(JSON.parse(JSON.stringify(states))).toEqual(states);
  });
});

describe('the sample ratio', () => {
  it("equals GrowthBook's published examples", () => {
    expect(sampleRatioTest([1000, 1200], [0.5, 0.5]).pValue.toFixed(9)).toBe('0.000020079');
    expect(sampleRatioTest([135, 115], [0.5, 0.5]).pValue.toFixed(9)).toBe('0.205903211');
  });

  it("equals ssrm's published example", () => {
    let state = createSampleRatio([0.4, 0.4, 0.2], [1, 1, 1]);
    for (const row of [[20, 17, 9], [18, 21, 8], [4, 6, 4], [18, 19, 11]]) state = updateSampleRatio(state, row);
    expect([state.logLikelihoodMixture.toFixed(8), state.logLikelihoodNull.toFixed(8)]).toEqual(['-19.96484521', '-15.78103123']);
  });

  it('equals scipy, and the formula at 50 digits', () => {
    type Row = [number[], number[], number, number, number[], number[][], number, number, number];
    for (const [shares, observed, chi2, p, prior, blocks, logNull, logMixture, sequential] of fixtureRows<Row>('fixed-horizon-sample-ratio')) {
      const test = sampleRatioTest(observed, shares);
      const state = blocks.reduce(updateSampleRatio, createSampleRatio(shares, prior));
      expectClose([test.statistic, test.pValue, state.logLikelihoodNull, state.logLikelihoodMixture, sampleRatioResult(state).pValue], [chi2, p, logNull, logMixture, sequential]);
    }
  });

  it('is the same one by one as in a block, but for what a look on the way has seen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 40 }), (units) => {
        const one = (unit: number) => [0, 1, 2].map((arm) => (arm === unit ? 1 : 0));
        const single = units.reduce((state, unit) => updateSampleRatio(state, one(unit)), createSampleRatio([1, 1, 2]));
        const block = updateSampleRatio(createSampleRatio([1, 1, 2]), [0, 1, 2].map((arm) => units.filter((unit) => unit === arm).length));
        expect(sampleRatioResult(single).logEValue).toBeCloseTo(sampleRatioResult(block).logEValue, 9);
        expect(sampleRatioResult(single).pValue).toBeLessThanOrEqual(sampleRatioResult(block).pValue + 1e-12);
      }),
    );
  });
});

describe('a guardrail', () => {
  const crashes = { goodDirection: 'lower', margin: 0.02 } as const;
  it.each([
    [{ lower: 0.001, upper: 0.01 }, 'harmed'],
    [{ lower: -0.01, upper: 0.019 }, 'non_inferior'],
    [{ lower: -0.01, upper: 0.02 }, 'undecided'],
    [{ lower: null, upper: 0.01 }, 'non_inferior'],
    [{ lower: null, upper: null }, 'undecided'],
  ] as const)('by %j is %s', (interval, finding) => {
    expect(judgeGuardrail(interval, crashes)).toBe(finding);
  });

  it('whose good direction is up is the mirror image', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (lower, width) => {
        const upper = lower + width;
        expect(judgeGuardrail({ lower: -upper, upper: -lower }, { ...crashes, goodDirection: 'higher' })).toBe(judgeGuardrail({ lower, upper }, crashes));
      }),
    );
  });

  it('cannot be judged by an empty interval', () => {
    expect(() => judgeGuardrail({ lower: 1, upper: 0 }, crashes)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});
