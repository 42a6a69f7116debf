import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bisect } from '../../../domain/statistics/bisect.js';
import { changeDetectorResult, createChangeDetector, updateChangeDetector, type ChangeDetectorState } from '../../../domain/statistics/change-detector.js';
import { countLogEValue, countMixtureResult, createCountMixture, updateCountMixture, type CountEvent } from '../../../domain/statistics/count-mixture.js';
import { crossingProbability, spendingBoundaries, spentAlpha, type SpendingFunction } from '../../../domain/statistics/group-sequential.js';
import type { Alternative, SampleSummary } from '../../../domain/statistics/interval.js';
import { createMeanSequence, meanSequenceResult, observeMeanSequence, updateMeanSequence, type MeanSequenceState } from '../../../domain/statistics/mean-sequence.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { statisticsErrorCodes } from '../../../domain/statistics/statistics-error.js';
import { expectClose } from './expect-close.js';
import { fixtureRows } from './fixture.js';

const open = Number.NaN;

function fromSums(sum: number, sumOfSquares: number, n: number): SampleSummary {
  return { n, mean: sum / n, variance: (sumOfSquares - (sum * sum) / n) / (n - 1) };
}

const countEvent = fc.record({ arm: fc.constantFrom('control' as const, 'treatment' as const), atRisk: fc.record({ control: fc.integer({ min: 1, max: 500 }), treatment: fc.integer({ min: 1, max: 500 }) }) });
const countsOf = (events: readonly CountEvent[], alpha = 0.05) => events.reduce(updateCountMixture, createCountMixture({ alpha }));

describe('the sequential test of counts', () => {
  it('has the values of the closed form', () => {
    expect(Math.exp(countLogEValue({ control: 10, treatment: 30 }, 0.5)).toFixed(4)).toBe('31.6369');
    expect(Math.exp(countLogEValue({ control: 40, treatment: 60 }, 0.5)).toFixed(4)).toBe('0.9130');
  });

  it('equals the formulas at 50 digits', () => {
    type Row = [number, [number, number, number][], number, number, number, number, number, number, number, number | null, number | null];
    for (const [spread, events, logE, nC, nT, share, a, b, closed, low, high] of fixtureRows<Row>('sequential-counts')) {
      const state = events
        .map(([treated, control, treatment]): CountEvent => ({ arm: treated === 1 ? 'treatment' : 'control', atRisk: { control, treatment } }))
        .reduce(updateCountMixture, createCountMixture({ alpha: 0.4, spread }));
      const { interval } = countMixtureResult(state);
      expect([interval.lower === null, interval.upper === null]).toEqual([low === null, high === null]);
      expectClose([interval.lower ?? 0, interval.upper ?? 0], [low ?? 0, high ?? 0]);
      // Of a logarithm 1e-9 by itself is 1e-9 of the e-value; where it is 0 all its digits cancel.
      expectClose([countMixtureResult(state).logEValue, countLogEValue({ control: nC, treatment: nT }, share, a, b)], [logE, closed], 1e-3);
    }
  });

  it('does not mind the order of events, nor the unit of exposure, and mirrors when the arms are swapped', () => {
    fc.assert(
      fc.property(fc.array(countEvent, { minLength: 1, maxLength: 30 }), (events) => {
        const { logEValue } = countMixtureResult(countsOf(events));
        expect(countMixtureResult(countsOf(events.toReversed())).logEValue).toBeCloseTo(logEValue, 8);
        expect(countMixtureResult(countsOf(events.map(({ arm, atRisk }) => ({ arm, atRisk: { control: atRisk.control / 24, treatment: atRisk.treatment / 24 } })))).logEValue).toBeCloseTo(logEValue, 8);
        const swapped = events.map(({ arm, atRisk }): CountEvent => ({ arm: arm === 'control' ? 'treatment' : 'control', atRisk: { control: atRisk.treatment, treatment: atRisk.control } }));
        expect(countMixtureResult(countsOf(swapped)).logEValue).toBeCloseTo(logEValue, 8);
      }),
      { numRuns: 50 },
    );
  });

  it('narrows its interval over time, and survives a trip through JSON', () => {
    fc.assert(
      fc.property(fc.array(countEvent, { minLength: 2, maxLength: 60 }), (events) => {
        let state = createCountMixture({ alpha: 0.1 });
        let before = countMixtureResult(state).interval;
        for (const event of events) {
          state = JSON.parse(JSON.stringify(updateCountMixture(state, event))) as typeof state;
          const { interval } = countMixtureResult(state);
          expect(interval.lower ?? 0).toBeGreaterThanOrEqual(before.lower ?? 0);
          expect(interval.upper ?? Infinity).toBeLessThanOrEqual(before.upper ?? Infinity);
          before = interval;
        }
        expect(state).toEqual(countsOf(events, 0.1));
      }),
      { numRuns: 30 },
    );
  });

  it('finds a rate ratio of 3 and covers it', () => {
    const random = seededRandom(3);
    const atRisk = { control: 5_000, treatment: 5_000 };
    let state = createCountMixture({ alpha: 0.05 });
    for (let at = 0; at < 200; at += 1) state = updateCountMixture(state, { arm: random() < 0.75 ? 'treatment' : 'control', atRisk });
    const { pValue, interval } = countMixtureResult(state);
    expect(pValue).toBeLessThan(1e-6);
    expect(interval.lower).toBeGreaterThan(1);
    expect(interval.lower).toBeLessThan(3);
    expect(interval.upper).toBeGreaterThan(3);
  });

  it('learns nothing where only one arm was at risk, and refuses an event of nobody', () => {
    const state = createCountMixture({ alpha: 0.05 });
    expect(countMixtureResult(updateCountMixture(state, { arm: 'treatment', atRisk: { control: 0, treatment: 5 } })).logEValue).toBeCloseTo(0, 12);
    expect(() => updateCountMixture(state, { arm: 'treatment', atRisk: { control: 5, treatment: 0 } })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});

describe('the confidence sequence of means', () => {
  const observe = (state: MeanSequenceState, control: SampleSummary, treatment: SampleSummary) => updateMeanSequence(updateMeanSequence(state, 'control', control), 'treatment', treatment);

  it("equals GrowthBook's published one-sided example", () => {
    const state = observe(createMeanSequence({ alpha: 0.05, plannedUnits: 5_000, alternative: 'greater' }), fromSums(1396.87, 52377.9767, 3000), fromSums(2422.7, 134698.29, 3461));
    expect(meanSequenceResult(state).interval.lower?.toFixed(8)).toBe('-0.12656844');
    // Theirs is the level at which the bound is 0, by halving from .00001 and .4999 until the bound is within 1e-6 of it.
    const boundAt = (alpha: number) => meanSequenceResult(observeMeanSequence({ ...state, alpha, interval: { lower: null, upper: null } }, state.arms)).interval.lower ?? open;
    let [low, high] = [1e-5, 0.4999];
    for (let bound = open; !(Math.abs(bound) < 1e-6); ) {
      const middle = (low + high) / 2;
      bound = boundAt(middle);
      if (bound < 0) low = middle;
      else high = middle;
    }
    expect(((low + high) / 2).toFixed(8)).toBe('0.46316492');
    // To the end of the search, and in closed form: the level is 1/e of the bound's own e-value.
    const level = bisect(0.4999, 1e-5, (alpha) => boundAt(alpha) > 0);
    const { difference, standardError } = meanSequenceResult(state);
    const scaled = 6461 * state.rhoSquared;
    const z = (difference ?? open) / (standardError ?? open);
    expectClose([level], [Math.sqrt(scaled + 1) / (2 * Math.expm1((scaled * z * z) / (2 * (scaled + 1))))]);
  });

  it('equals the formulas at 50 digits', () => {
    type Row = [number, number, number, number, number, number, number, number, Alternative, number, number, number];
    for (const [nC, nT, meanC, meanT, varC, varT, alpha, plannedUnits, alternative, low, high, logE] of fixtureRows<Row>('sequential-means')) {
      const { interval, logEValue } = meanSequenceResult(observe(createMeanSequence({ alpha, plannedUnits, alternative }), { n: nC, mean: meanC, variance: varC }, { n: nT, mean: meanT, variance: varT }));
      const ends = [alternative === 'less' ? low : (interval.lower ?? open), alternative === 'greater' ? high : (interval.upper ?? open)];
      expectClose([...ends, logEValue], [low, high, logE]);
    }
  });

  it("equals GrowthBook's own code", () => {
    for (const [nC, nT, sumC, sumT, sqC, sqT, plannedUnits, low, high, p] of fixtureRows<number[]>('sequential-gbstats') as [number, number, number, number, number, number, number, number, number, number][]) {
      const { interval, logEValue } = meanSequenceResult(observe(createMeanSequence({ alpha: 0.05, plannedUnits }), fromSums(sumC, sqC, nC), fromSums(sumT, sqT, nT)));
      expectClose([interval.lower ?? open, interval.upper ?? open, Math.min(1, Math.exp(-logEValue))], [low, high, p]);
    }
  });

  it('is the same one by one as in a block, and does not mind the unit', () => {
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 4, maxLength: 30 });
    fc.assert(
      fc.property(values, values, fc.double({ min: 0.1, max: 50, noNaN: true }), (control, treatment, unit) => {
        const begin = () => createMeanSequence({ alpha: 0.05, plannedUnits: 100, burnIn: 4 });
        const feed = (scale: number) => {
          let state = begin();
          for (const value of control) state = updateMeanSequence(state, 'control', { n: 1, mean: value * scale, variance: 0 });
          for (const value of treatment) state = updateMeanSequence(state, 'treatment', { n: 1, mean: value * scale, variance: 0 });
          return state;
        };
        const summaryOf = (all: number[]) => fromSums(all.reduce((a, b) => a + b, 0), all.reduce((a, b) => a + b * b, 0), all.length);
        const spread = Math.max(...control, ...treatment) - Math.min(...control, ...treatment);
        fc.pre(spread > 1);
        const single = meanSequenceResult(feed(1));
        const block = meanSequenceResult(observe(begin(), summaryOf(control), summaryOf(treatment)));
        expect(single.logEValue).toBeCloseTo(block.logEValue, 6);
        expect(meanSequenceResult(feed(unit)).logEValue).toBeCloseTo(single.logEValue, 6);
      }),
      { numRuns: 50 },
    );
  });

  it('says nothing before its burn-in, nor without variance', () => {
    const arm = { n: 99, mean: 1, variance: 1 };
    const state = observe(createMeanSequence({ alpha: 0.05, plannedUnits: 1_000 }), arm, { ...arm, mean: 50 });
    expect(meanSequenceResult(state)).toEqual({ ready: false, logEValue: 0, eValue: 1, pValue: 1, difference: null, standardError: null, interval: { lower: null, upper: null } });
    const flat = { n: 500, mean: 1, variance: 0 };
    expect(meanSequenceResult(observe(createMeanSequence({ alpha: 0.05, plannedUnits: 1_000 }), flat, flat)).ready).toBe(false);
    expect(() => createMeanSequence({ alpha: 0.6, plannedUnits: 10, alternative: 'less' })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });

  it('far on the wrong side of a one-sided test is still a number', () => {
    const state = observe(createMeanSequence({ alpha: 0.05, plannedUnits: 1_000, alternative: 'greater' }), { n: 5_000, mean: 100, variance: 1 }, { n: 5_000, mean: 0, variance: 1 });
    expect(Number.isFinite(meanSequenceResult(state).logEValue)).toBe(true);
    expect(meanSequenceResult(state).pValue).toBe(1);
  });
});

describe('scheduled looks', () => {
  const evenly = (looks: number) => Array.from({ length: looks }, (_, at) => (at + 1) / looks);

  it("have Jennison and Turnbull's constants and the false positives of naive looks", () => {
    const constantOf = (boundary: (constant: number, share: number) => number) => bisect(1.5, 3, (constant) => crossingProbability(evenly(5).map((share) => boundary(constant, share)), evenly(5)) > 0.05);
    expect(constantOf((constant, share) => constant / Math.sqrt(share)).toFixed(3)).toBe('2.040');
    expect(constantOf((constant) => constant).toFixed(3)).toBe('2.413');
    const naive = [5, 10, 20].map((looks) => crossingProbability(evenly(looks).map(() => 1.96), evenly(looks)).toFixed(3));
    expect(naive).toEqual(['0.142', '0.193', '0.248']);
  });

  it("have Lan and DeMets's published boundaries", () => {
    expect(spendingBoundaries('obrien-fleming', 0.05, evenly(5)).map((value) => value.toFixed(4))).toEqual(['4.8769', '3.3570', '2.6803', '2.2898', '2.0310']);
    expect(spendingBoundaries('pocock', 0.05, evenly(5)).map((value) => value.toFixed(4))).toEqual(['2.4380', '2.4268', '2.4102', '2.3966', '2.3860']);
  });

  it('equal the integration on another grid', () => {
    for (const [spending, alpha, information, boundaries] of fixtureRows<[SpendingFunction, number, number[], number[]]>('sequential-spending')) {
      expectClose(spendingBoundaries(spending, alpha, information), boundaries);
    }
  });

  it('spend all of alpha at the end, and no more on the way', () => {
    fc.assert(
      fc.property(fc.constantFrom('obrien-fleming' as const, 'pocock' as const), fc.double({ min: 0.001, max: 0.2, noNaN: true }), fc.integer({ min: 1, max: 8 }), (spending, alpha, looks) => {
        expect(crossingProbability(spendingBoundaries(spending, alpha, evenly(looks)), evenly(looks))).toBeCloseTo(alpha, 8);
        expect(spentAlpha(spending, alpha, 0.5)).toBeLessThan(alpha);
      }),
      { numRuns: 20 },
    );
  });

  it('have to be in order, within the plan', () => {
    for (const information of [[0.5, 0.4], [0.5, 1.2], [0, 1]]) expect(() => spendingBoundaries('pocock', 0.05, information)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
    expect(() => spendingBoundaries('pocock', 0.05, [])).toThrow(expect.objectContaining({ code: statisticsErrorCodes.tooFew }));
  });
});

describe('the change detector', () => {
  it('equals the formula at 50 digits', () => {
    for (const [kind, baseline, looks, logDetector] of fixtureRows<['bernoulli' | 'poisson', number, [number, number][], number]>('sequential-change')) {
      const state = looks.reduce((before, [events, exposure]) => updateChangeDetector(before, { events, exposure }), createChangeDetector({ kind, baseline, alpha: 0.001 }));
      expectClose([changeDetectorResult(state).logDetector], [logDetector]);
    }
  });

  it('keeps its alarm, and forgets a long calm', () => {
    const calm = { events: 0, exposure: 10 };
    const storm = { events: 9, exposure: 10 };
    const feed = (looks: { events: number; exposure: number }[]) => looks.reduce<ChangeDetectorState>(updateChangeDetector, createChangeDetector({ kind: 'bernoulli', baseline: 0.1, alpha: 0.001 }));
    const alarmed = feed([...Array.from({ length: 1_000 }, () => calm), storm, storm]);
    expect(changeDetectorResult(alarmed)).toMatchObject({ alarm: true, alarmedAt: 1_001 });
    expect(changeDetectorResult(JSON.parse(JSON.stringify(updateChangeDetector(alarmed, calm))) as ChangeDetectorState)).toMatchObject({ alarm: true, alarmedAt: 1_001 });
    expect(changeDetectorResult(feed([calm])).alarm).toBe(false);
  });

  it('has at least 1 / alpha looks to a false alarm on average', () => {
    const random = seededRandom(11);
    const alpha = 0.02;
    const runs = 300;
    let looks = 0;
    for (let run = 0; run < runs; run += 1) {
      let state = createChangeDetector({ kind: 'bernoulli', baseline: 0.1, alpha });
      while (state.alarmedAt === null) state = updateChangeDetector(state, { events: random() < 0.1 ? 1 : 0, exposure: 1 });
      looks += state.alarmedAt;
    }
    expect(looks / runs).toBeGreaterThan(1 / alpha);
  });

  it('watches a high share for what is possible', () => {
    expect(createChangeDetector({ kind: 'bernoulli', baseline: 0.9, alpha: 0.01 }).rateRatios).toEqual([(1 + 1 / 0.9) / 2]);
    expect(() => createChangeDetector({ kind: 'bernoulli', baseline: 1, alpha: 0.01 })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
    expect(() => updateChangeDetector(createChangeDetector({ kind: 'bernoulli', baseline: 0.1, alpha: 0.01 }), { events: 3, exposure: 2 })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
  });
});
