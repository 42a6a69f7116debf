import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess, type BernoulliEProcessState } from '../../../domain/statistics/bernoulli-e-process.js';
import type { Arms, Proportion } from '../../../domain/statistics/interval.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';
import { expectClose } from './expect-close.js';

type Block = Arms<Proportion>;
type Row = [blocks: [number, number, number, number][], differences: number[], expected: number[]];
const { rows } = JSON.parse(readFileSync(new URL('fixtures/bernoulli-e-process.json', import.meta.url), 'utf8')) as { rows: Row[] };

const taken = (blocks: Block[], start: BernoulliEProcessState) => blocks.reduce(updateBernoulliEProcess, start);
const swapped = ({ control, treatment }: Block): Block => ({ control: treatment, treatment: control });
const proportion = fc.integer({ min: 0, max: 30 }).chain((trials) => fc.integer({ min: 0, max: trials }).map((successes) => ({ successes, trials })));
const stream = fc.array(fc.record({ control: proportion, treatment: proportion }), { minLength: 1, maxLength: 30 });
const draw = (trials: number, rate: number, random: () => number): Proportion => ({ trials, successes: Array.from({ length: trials }, random).filter((each) => each < rate).length });

describe('two-arm Bernoulli e-process', () => {
  it('equals the formula at 50 digits over random streams of blocks', () => {
    expect(rows.length).toBeGreaterThanOrEqual(500);
    for (const [blocks, differences, expected] of rows) {
      // So small a level that no null is settled, and each goes on being judged.
      const start = createBernoulliEProcess({ alpha: 1e-305, differences });
      const state = taken(blocks.map(([ya, na, yb, nb]) => ({ control: { successes: ya, trials: na }, treatment: { successes: yb, trials: nb } })), start);
      const { logEValue, pValue } = bernoulliEProcessResult(state);
      const [, p = NaN] = expected;
      expectClose([pValue], [p]);
      // Of a logarithm 1e-9 by itself is 1e-9 of the e-value; where it is 0 all its digits cancel.
      expectClose([logEValue, pValue, ...state.logAbove, ...state.logBelow], expected, 1e-3);
    }
  });

  it('gives its first block the evidence of untaught means: none', () => {
    const first = taken([{ control: { successes: 3, trials: 4 }, treatment: { successes: 0, trials: 7 } }], createBernoulliEProcess({ alpha: 0.05 }));
    const { logEValue, eValue, pValue, difference } = bernoulliEProcessResult(first);
    expectClose([logEValue, eValue, pValue, difference ?? NaN], [0, 1, 1, -0.75], 1);
  });

  it('judges the second block by the means of the first, as by hand', () => {
    const one: Block = { control: { successes: 1, trials: 1 }, treatment: { successes: 0, trials: 1 } };
    const second = taken([one, one], createBernoulliEProcess({ alpha: 0.05 }));
    expectClose([bernoulliEProcessResult(second).eValue], [16 / 9]);
  });

  it.each([1, 2, 5, 10, 20, 25, 50, 100])('finds 12 crashes in 100 sessions and 8 in 100, in blocks of %i, not significant', (size) => {
    const random = seededRandom(size);
    const spread = (crashes: number) => Array.from({ length: 100 }, (_, at) => ({ crashed: at < crashes, key: random() })).sort((one, other) => one.key - other.key);
    const [control, treatment] = [spread(12), spread(8)];
    const count = (arm: typeof control, at: number) => ({ trials: size, successes: arm.slice(at, at + size).filter(({ crashed }) => crashed).length });
    let state = createBernoulliEProcess({ alpha: 0.05 });
    for (let at = 0; at < 100; at += size) state = updateBernoulliEProcess(state, { control: count(control, at), treatment: count(treatment, at) });
    const { pValue, interval, difference } = bernoulliEProcessResult(state);
    expect(difference).toBeCloseTo(-0.04, 12);
    expect(pValue).toBeGreaterThan(0.05);
    expect(interval.lower).toBeLessThan(0);
    expect(interval.upper).toBeGreaterThan(0);
  });

  it('takes no evidence from a block with an empty arm, but learns from it', () => {
    const start = createBernoulliEProcess({ alpha: 0.05 });
    const alone = updateBernoulliEProcess(start, { control: { successes: 5, trials: 5 }, treatment: { successes: 0, trials: 0 } });
    expect(bernoulliEProcessResult(alone)).toMatchObject({ logEValue: 0, difference: null, interval: { lower: -1, upper: 1 } });
    expect(bernoulliEProcessResult(updateBernoulliEProcess(alone, { control: { successes: 1, trials: 1 }, treatment: { successes: 0, trials: 1 } })).logEValue).toBeGreaterThan(0);
  });

  it('is mirrored by swapped arms', () => {
    fc.assert(
      fc.property(stream, (blocks) => {
        const start = createBernoulliEProcess({ alpha: 0.1 });
        const one = bernoulliEProcessResult(taken(blocks, start));
        const other = bernoulliEProcessResult(taken(blocks.map(swapped), start));
        expectClose([other.logEValue, other.pValue], [one.logEValue, one.pValue], 1);
        expectClose([other.interval.lower ?? NaN, other.interval.upper ?? NaN], [-(one.interval.upper ?? NaN), -(one.interval.lower ?? NaN)], 1);
      }),
    );
  });

  it('is mirrored by counting failures for successes', () => {
    const failures = ({ successes, trials }: Proportion) => ({ successes: trials - successes, trials });
    fc.assert(
      fc.property(stream, (blocks) => {
        const start = createBernoulliEProcess({ alpha: 0.1 });
        const one = bernoulliEProcessResult(taken(blocks, start));
        const other = bernoulliEProcessResult(taken(blocks.map(({ control, treatment }) => ({ control: failures(control), treatment: failures(treatment) })), start));
        expectClose([other.logEValue], [one.logEValue], 1);
      }),
    );
  });

  it('never widens, never raises the p-value, holds a number in every field, and goes through JSON at every step', () => {
    fc.assert(
      fc.property(stream, (blocks) => {
        let state = createBernoulliEProcess({ alpha: 0.3 });
        let before = bernoulliEProcessResult(state);
        for (const block of blocks) {
          state = JSON.parse(JSON.stringify(updateBernoulliEProcess(state, block))) as BernoulliEProcessState;
          const now = bernoulliEProcessResult(state);
          expect(now.interval.lower).toBeGreaterThanOrEqual(before.interval.lower ?? NaN);
          expect(now.interval.upper).toBeLessThanOrEqual(before.interval.upper ?? NaN);
          expect(now.interval.lower).toBeLessThan(now.interval.upper ?? NaN);
          expect(now.pValue).toBeLessThanOrEqual(before.pValue);
          expect([now.logEValue, now.eValue, now.pValue].every(Number.isFinite)).toBe(true);
          before = now;
        }
        expect(state).toEqual(taken(blocks, createBernoulliEProcess({ alpha: 0.3 })));
      }),
    );
  });

  it('caps an e-value past the largest number and keeps its logarithm', () => {
    const block: Block = { control: { successes: 0, trials: 1000 }, treatment: { successes: 1000, trials: 1000 } };
    const { eValue, logEValue, pValue, interval } = bernoulliEProcessResult(taken([block, block], createBernoulliEProcess({ alpha: 0.05 })));
    expect(eValue).toBe(Number.MAX_VALUE);
    expect(logEValue).toBeGreaterThan(1000);
    expect(pValue).toBe(0);
    expect(interval).toEqual({ lower: 0.7, upper: 1 });
  });

  it.each([
    ['a level of 0', () => createBernoulliEProcess({ alpha: 0 }), 'OutOfRange'],
    ['a level that is no number', () => createBernoulliEProcess({ alpha: NaN }), 'NotFinite'],
    ['differences out of order', () => createBernoulliEProcess({ alpha: 0.05, differences: [0.1, 0] }), 'OutOfRange'],
    ['a difference of 1', () => createBernoulliEProcess({ alpha: 0.05, differences: [1] }), 'OutOfRange'],
    ['more successes than trials', () => taken([{ control: { successes: 2, trials: 1 }, treatment: { successes: 0, trials: 1 } }], createBernoulliEProcess({ alpha: 0.05 })), 'OutOfRange'],
    ['a negative count', () => taken([{ control: { successes: 0, trials: 1 }, treatment: { successes: -1, trials: 1 } }], createBernoulliEProcess({ alpha: 0.05 })), 'OutOfRange'],
    ['half a trial', () => taken([{ control: { successes: 0, trials: 0.5 }, treatment: { successes: 0, trials: 1 } }], createBernoulliEProcess({ alpha: 0.05 })), 'NotFinite'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(StatisticsError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    { rates: [0.1, 0.1], sizes: [1, 1], looks: 600 },
    { rates: [0.5, 0.5], sizes: [3, 1], looks: 300 },
    { rates: [0.3, 0.35], sizes: [5, 8], looks: 200 },
  ])('keeps the interval over the truth at all looks with rates $rates in blocks of $sizes', ({ rates: [a = 0, b = 0], sizes: [na = 0, nb = 0], looks }) => {
    const random = seededRandom(11);
    const [alpha, runs, truth] = [0.1, 400, b - a];
    let missed = 0;
    let rejected = 0;
    for (let run = 0; run < runs; run += 1) {
      let state = createBernoulliEProcess({ alpha, differences: [-0.1, -0.05, -0.02, truth - 1e-9, truth + 1e-9, 0.1, 0.15, 0.2] });
      for (let look = 0; look < looks; look += 1) state = updateBernoulliEProcess(state, { control: draw(na, a, random), treatment: draw(nb, b, random) });
      if (truth < state.lower || truth > state.upper) missed += 1;
      if (bernoulliEProcessResult(state).pValue <= alpha) rejected += 1;
    }
    // 2.6 standard errors above the level: crossed by chance once in 200 fresh seeds if the level were only just kept.
    const bound = alpha + 2.6 * Math.sqrt((alpha * (1 - alpha)) / runs);
    expect(missed / runs).toBeLessThanOrEqual(bound);
    expect(a === b ? rejected / runs : 0).toBeLessThanOrEqual(bound);
  });
});
