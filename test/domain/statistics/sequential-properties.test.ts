import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound } from '../../../domain/statistics/bernoulli-bound.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../../domain/statistics/bernoulli-e-process.js';
import { changeDetectorResult, createChangeDetector, updateChangeDetector, type ChangeDetectorState } from '../../../domain/statistics/change-detector.js';
import { narrowed, type Alternative, type Interval, type Proportion } from '../../../domain/statistics/interval.js';
import { createMeanSequence, meanSequenceResult, observeMeanSequence, updateMeanSequence, type MeanSequenceState } from '../../../domain/statistics/mean-sequence.js';
import { createOneSampleBernoulli, oneSampleBernoulliResult, updateOneSampleBernoulli } from '../../../domain/statistics/one-sample-bernoulli.js';
import { beginELond, concludeELond, concludeELondByLog, createELond, createLord, createSaffron, updateLord, updateSaffron } from '../../../domain/statistics/online-fdr.js';
import { createSampleRatio, sampleRatioResult, updateSampleRatio } from '../../../domain/statistics/sample-ratio.js';
import { expectClose } from './expect-close.js';

const throughJson = <State>(state: State): State => JSON.parse(JSON.stringify(state)) as State;
const proportion = fc.integer({ min: 1, max: 30 }).chain((trials) => fc.integer({ min: 0, max: trials }).map((successes) => ({ successes, trials })));

/** Whole numbers, of which sums are the same in any order; the first two differ, so that there is variance. */
const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 }).filter(([one, other]) => one !== other);
const alternatives = fc.constantFrom<Alternative>('two-sided', 'greater', 'less');

describe('the sequence of means', () => {
  const begin = (alternative: Alternative = 'two-sided', alpha = 0.05) => createMeanSequence({ alpha, plannedUnits: 50, alternative, burnIn: 2 });
  const unit = (mean: number) => ({ n: 1, mean, variance: 0 });
  const taken = (state: MeanSequenceState, arm: 'control' | 'treatment', all: readonly number[]) => all.reduce((before, value) => updateMeanSequence(before, arm, unit(value)), state);
  const result = (control: readonly number[], treatment: readonly number[], alternative?: Alternative) => meanSequenceResult(taken(taken(begin(alternative), 'control', control), 'treatment', treatment));

  it('has the same e-value whatever the order of the units', () => {
    fc.assert(
      fc.property(values, values, (control, treatment) => {
        expectClose([result(control.toReversed(), treatment.toSorted((a, b) => a - b)).logEValue], [result(control, treatment).logEValue], 1);
      }),
    );
  });

  it('is mirrored when the arms are swapped, and one-sided when the direction is too', () => {
    fc.assert(
      fc.property(values, values, alternatives, (control, treatment, alternative) => {
        const opposite = ({ 'two-sided': 'two-sided', greater: 'less', less: 'greater' } as const)[alternative];
        // At once, so that both see the same looks.
        const summaries = { control: meanSequenceSummary(control), treatment: meanSequenceSummary(treatment) };
        const one = meanSequenceResult(observeMeanSequence(begin(alternative), summaries));
        const other = meanSequenceResult(observeMeanSequence(begin(opposite), { control: summaries.treatment, treatment: summaries.control }));
        expectClose([other.logEValue, other.pValue], [one.logEValue, one.pValue], 1);
        expectClose([other.interval.lower ?? 0, other.interval.upper ?? 0], [-(one.interval.upper ?? 0), -(one.interval.lower ?? 0)], 1);
      }),
    );
  });

  it('scales its interval with the unit', () => {
    fc.assert(
      fc.property(values, values, (control, treatment) => {
        const scaled = (all: readonly number[]) => all.map((value) => value * 1024);
        const { interval } = result(control, treatment);
        const inOtherUnit = result(scaled(control), scaled(treatment)).interval;
        expectClose([inOtherUnit.lower ?? 0, inOtherUnit.upper ?? 0], [(interval.lower ?? 0) * 1024, (interval.upper ?? 0) * 1024], 1);
      }),
    );
  });

  it('never widens, never raises its p-value, and goes through JSON at every step', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('control' as const, 'treatment' as const), fc.double({ min: -1e6, max: 1e6, noNaN: true })), { minLength: 1, maxLength: 60 }), alternatives, (units, alternative) => {
        let state = begin(alternative, 0.3);
        let before = meanSequenceResult(state);
        for (const [arm, value] of units) {
          state = throughJson(updateMeanSequence(state, arm, unit(value)));
          const now = meanSequenceResult(state);
          expect(now.interval.lower ?? -Infinity).toBeGreaterThanOrEqual(before.interval.lower ?? -Infinity);
          expect(now.interval.upper ?? Infinity).toBeLessThanOrEqual(before.interval.upper ?? Infinity);
          expect(now.pValue).toBeLessThanOrEqual(before.pValue);
          before = now;
        }
        expect(meanSequenceResult(units.reduce((all, [arm, value]) => updateMeanSequence(all, arm, unit(value)), begin(alternative, 0.3)))).toEqual(before);
      }),
    );
  });

  it('excludes no difference from its interval exactly where the p-value is at most alpha', () => {
    fc.assert(
      fc.property(values, values, (control, treatment) => {
        const { interval, pValue } = result(control, treatment);
        const excluded = (interval.lower ?? -Infinity) > 0 || (interval.upper ?? Infinity) < 0;
        expect(Math.abs(pValue - 0.05) < 1e-9 || excluded === pValue <= 0.05).toBe(true);
      }),
    );
  });

  it('is the same taken all at once as unit by unit, but for what looks on the way have seen', () => {
    fc.assert(
      fc.property(values, values, (control, treatment) => {
        const atOnce = meanSequenceResult(observeMeanSequence(begin(), { control: meanSequenceSummary(control), treatment: meanSequenceSummary(treatment) }));
        expectClose([result(control, treatment).logEValue], [atOnce.logEValue], 1);
        expect(result(control, treatment).pValue).toBeLessThanOrEqual(atOnce.pValue + 1e-9);
      }),
    );
  });

  function meanSequenceSummary(all: readonly number[]) {
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    return { n: all.length, mean, variance: all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1) };
  }
});

describe('the two-arm e-process', () => {
  it('taken block by block equals the product over all blocks at once', () => {
    const mean = (successes: number, trials: number) => (successes + 1) / (trials + 2);
    const log = ({ successes, trials }: Proportion, rate: number) => successes * Math.log(rate) + (trials - successes) * Math.log(1 - rate);
    const total = (all: readonly Proportion[]): [number, number] => [all.reduce((sum, { successes }) => sum + successes, 0), all.reduce((sum, { trials }) => sum + trials, 0)];
    fc.assert(
      fc.property(fc.array(fc.record({ control: proportion, treatment: proportion }), { minLength: 1, maxLength: 20 }), (blocks) => {
        const factors = blocks.map(({ control, treatment }, at) => {
          const earlier = blocks.slice(0, at);
          const [a, b] = [mean(...total(earlier.map((block) => block.control))), mean(...total(earlier.map((block) => block.treatment)))];
          const both = (control.trials * a + treatment.trials * b) / (control.trials + treatment.trials);
          return log(control, a) + log(treatment, b) - log(control, both) - log(treatment, both);
        });
        const state = blocks.reduce(updateBernoulliEProcess, createBernoulliEProcess({ alpha: 0.05, differences: [] }));
        expectClose([bernoulliEProcessResult(state).logEValue], [factors.reduce((sum, factor) => sum + factor, 0)], 1);
      }),
    );
  });
});

describe('the confidence sequences of one rate', () => {
  const everything: Interval = { lower: 0, upper: 1 };
  it('kept over time are nested, and end inside the one of the moment where there is one to be inside of', () => {
    fc.assert(
      fc.property(fc.array(proportion, { minLength: 1, maxLength: 12 }), (looks) => {
        let rate = createOneSampleBernoulli({ alpha: 0.05, optimalTrials: 50 });
        let bound = createBernoulliBound({ alpha: 0.05, bound: 0.3, alternative: 'less' });
        let [ofRate, ofBound] = [everything, everything];
        for (const look of looks) {
          rate = throughJson(updateOneSampleBernoulli(rate, look));
          bound = throughJson(updateBernoulliBound(bound, look));
          for (const [before, now] of [[ofRate, oneSampleBernoulliResult(rate).interval], [ofBound, bernoulliBoundResult(bound).interval]] as const) {
            const kept = narrowed(before, now);
            expect(kept.lower).toBeGreaterThanOrEqual(before.lower ?? NaN);
            expect(kept.upper).toBeLessThanOrEqual(before.upper ?? NaN);
            expect(kept.lower).toBeLessThanOrEqual(kept.upper ?? NaN);
          }
          ofRate = narrowed(ofRate, oneSampleBernoulliResult(rate).interval);
          ofBound = narrowed(ofBound, bernoulliBoundResult(bound).interval);
        }
      }),
    );
  });
});

describe('the sample ratio', () => {
  it('does not mind which arm is which, nor a trip through JSON, and never raises its p-value', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 20 }), (blocks) => {
        let state = createSampleRatio([1, 2, 3]);
        let turned = createSampleRatio([3, 1, 2]);
        let before = 1;
        for (const [a, b, c] of blocks) {
          state = throughJson(updateSampleRatio(state, [a, b, c]));
          turned = updateSampleRatio(turned, [c, a, b]);
          expect(sampleRatioResult(state).pValue).toBeLessThanOrEqual(before);
          before = sampleRatioResult(state).pValue;
        }
        expectClose([sampleRatioResult(turned).logEValue], [sampleRatioResult(state).logEValue], 1);
        expect(blocks.reduce((all, block) => updateSampleRatio(all, block), createSampleRatio([1, 2, 3]))).toEqual(state);
      }),
    );
  });
});

describe('the change detector', () => {
  const looks = fc.array(fc.integer({ min: 1, max: 50 }).chain((exposure) => fc.integer({ min: 0, max: exposure }).map((events) => ({ events, exposure }))), { minLength: 1, maxLength: 40 });

  it('does not mind the unit of exposure of counts', () => {
    fc.assert(
      fc.property(looks, (all) => {
        const perHour = all.reduce(updateChangeDetector, createChangeDetector({ kind: 'poisson', baseline: 0.2, alpha: 0.01 }));
        const perMinute = all.map(({ events, exposure }) => ({ events, exposure: exposure * 60 })).reduce(updateChangeDetector, createChangeDetector({ kind: 'poisson', baseline: 0.2 / 60, alpha: 0.01 }));
        expectClose([changeDetectorResult(perMinute).logDetector], [changeDetectorResult(perHour).logDetector], 1);
      }),
    );
  });

  it('keeps its alarm through JSON at every step, and equals the whole taken again', () => {
    fc.assert(
      fc.property(looks, fc.constantFrom('bernoulli' as const, 'poisson' as const), (all, kind) => {
        const begin = () => createChangeDetector({ kind, baseline: 0.2, alpha: 0.2 });
        let state: ChangeDetectorState = begin();
        for (const look of all) {
          const { alarmedAt } = state;
          state = throughJson(updateChangeDetector(state, look));
          expect(state.alarmedAt).toBe(alarmedAt ?? state.alarmedAt);
        }
        expect(state).toEqual(all.reduce(updateChangeDetector, begin()));
      }),
    );
  });

  it('is no lower for more events at the same exposure', () => {
    fc.assert(
      fc.property(looks, (all) => {
        const detector = (extra: number) => changeDetectorResult(all.map(({ events, exposure }) => ({ events: events + extra, exposure })).reduce(updateChangeDetector, createChangeDetector({ kind: 'poisson', baseline: 0.2, alpha: 0.01 }))).logDetector;
        expect(detector(1)).toBeGreaterThanOrEqual(detector(0));
      }),
    );
  });
});

describe('false-discovery control', () => {
  it('is the same through JSON at every test, and its levels are levels', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value ** 8), { minLength: 1, maxLength: 30 }), (pValues) => {
        let lord = createLord(0.05);
        let saffron = createSaffron(0.05);
        let eLond = createELond(0.05, { kind: 'lord' });
        for (const pValue of pValues) {
          const [nextLord, nextSaffron, begun] = [updateLord(lord, pValue), updateSaffron(saffron, pValue), beginELond(eLond)];
          for (const { level } of [nextLord, nextSaffron, begun]) expect(level > 0 && level < 1).toBe(true);
          lord = throughJson(nextLord.state);
          saffron = throughJson(nextSaffron.state);
          const eValue = Math.min(1 / pValue, Number.MAX_VALUE);
          const concluded = concludeELond(begun.state, begun.level, eValue);
          expect(concluded).toEqual(concludeELondByLog(begun.state, begun.level, Math.log(eValue)));
          eLond = throughJson(concluded.state);
        }
        const again = pValues.reduce((state, pValue) => updateLord(state, pValue).state, createLord(0.05));
        expect(lord).toEqual(again);
        expect(saffron).toEqual(pValues.reduce((state, pValue) => updateSaffron(state, pValue).state, createSaffron(0.05)));
        expect(eLond.begun).toBe(pValues.length);
      }),
    );
  });
});
