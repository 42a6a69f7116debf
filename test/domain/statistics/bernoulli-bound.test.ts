import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound, type BernoulliBoundOptions, type BernoulliBoundState } from '../../../domain/statistics/bernoulli-bound.js';
import type { Proportion } from '../../../domain/statistics/interval.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';
import { expectClose } from './expect-close.js';

type Row = [alpha: number, bound: number, less: number, successes: number, trials: number, logE: number, limit: number];
const { rows } = JSON.parse(readFileSync(new URL('fixtures/bernoulli-bound.json', import.meta.url), 'utf8')) as { rows: Row[] };

const of = (options: BernoulliBoundOptions, counts: Proportion) => bernoulliBoundResult(updateBernoulliBound(createBernoulliBound(options), counts));
const crashes = (counts: Proportion) => of({ alpha: 0.05, bound: 0.1, alternative: 'less' }, counts);
const counts = fc.integer({ min: 1, max: 3000 }).chain((trials) => fc.integer({ min: 0, max: trials }).map((successes) => ({ successes, trials })));

describe('absolute bound on a Bernoulli rate', () => {
  it('equals the formula at 50 digits', () => {
    expect(rows.length).toBeGreaterThanOrEqual(500);
    for (const [alpha, bound, less, successes, trials, logE, limit] of rows) {
      const { logEValue, interval } = of({ alpha, bound, alternative: less === 1 ? 'less' : 'greater' }, { successes, trials });
      expectClose([logEValue, (less === 1 ? interval.upper : interval.lower) ?? NaN], [logE, limit]);
    }
  });

  it('shows "crash rate below 0.10" from 60 crashes in 1000 sessions, not from 8 or 12 in 100', () => {
    expect(crashes({ successes: 60, trials: 1000 })).toMatchObject({ estimate: 0.06, interval: { lower: 0 } });
    expect(crashes({ successes: 60, trials: 1000 }).pValue).toBeLessThan(0.001);
    expect(crashes({ successes: 60, trials: 1000 }).interval.upper).toBeLessThan(0.1);
    expect(crashes({ successes: 8, trials: 100 }).pValue).toBeGreaterThan(0.05);
    expect(crashes({ successes: 12, trials: 100 }).pValue).toBe(1);
  });

  it('shows "resume success above 0.90" from 970 of 1000, not from 19 of 20', () => {
    const resumes = (successes: number, trials: number) => of({ alpha: 0.05, bound: 0.9, alternative: 'greater' }, { successes, trials });
    expect(resumes(970, 1000).interval.lower).toBeGreaterThan(0.9);
    expect(resumes(970, 1000).interval.upper).toBe(1);
    expect(resumes(19, 20).pValue).toBeGreaterThan(0.05);
  });

  it('says nothing before the first trial', () => {
    expect(crashes({ successes: 0, trials: 0 })).toEqual({ logEValue: 0, eValue: 1, pValue: 1, successes: 0, trials: 0, estimate: null, interval: { lower: 0, upper: 1 } });
  });

  it('is mirrored by counting failures against the complement of the bound', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), ({ successes, trials }, bound) => {
        const less = of({ alpha: 0.05, bound, alternative: 'less' }, { successes, trials });
        const greater = of({ alpha: 0.05, bound: 1 - bound, alternative: 'greater' }, { successes: trials - successes, trials });
        expectClose([greater.logEValue, 1 - (greater.interval.lower ?? NaN)], [less.logEValue, less.interval.upper ?? NaN], 1);
      }),
    );
  });

  it('has its limit beyond the bound exactly where the e-value reaches 1/alpha, since it is monotone in the bound', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.constantFrom('less' as const, 'greater' as const), (observed, bound, alternative) => {
        const { logEValue, interval } = of({ alpha: 0.05, bound, alternative }, observed);
        const [limit, gap] = alternative === 'less' ? [interval.upper ?? NaN, bound - (interval.upper ?? NaN)] : [interval.lower ?? NaN, (interval.lower ?? NaN) - bound];
        expect(Number.isFinite(limit) && Number.isFinite(logEValue)).toBe(true);
        expect(Math.abs(gap) < 1e-9 || gap > 0 === logEValue >= Math.log(20)).toBe(true);
      }),
    );
  });

  it('takes outcomes in any order to the same e-value, one by one or at once, through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (outcomes) => {
        let state = createBernoulliBound({ alpha: 0.05, bound: 0.3, alternative: 'less' });
        let pValue = 1;
        for (const outcome of outcomes) {
          state = JSON.parse(JSON.stringify(updateBernoulliBound(state, { successes: outcome ? 1 : 0, trials: 1 }))) as BernoulliBoundState;
          expect(bernoulliBoundResult(state).pValue).toBeLessThanOrEqual(pValue);
          ({ pValue } = bernoulliBoundResult(state));
        }
        const atOnce = of({ alpha: 0.05, bound: 0.3, alternative: 'less' }, { successes: outcomes.filter(Boolean).length, trials: outcomes.length });
        expect(bernoulliBoundResult(state)).toEqual({ ...atOnce, pValue });
      }),
    );
  });

  it('stays finite where the data could not be further from the alternative', () => {
    for (const alternative of ['less', 'greater'] as const) {
      const { logEValue, pValue, eValue } = of({ alpha: 0.05, bound: 0.5, alternative }, { successes: alternative === 'less' ? 100000 : 0, trials: 100000 });
      expect([logEValue, eValue].every(Number.isFinite)).toBe(true);
      expect(logEValue).toBeLessThan(-5);
      expect(pValue).toBe(1);
    }
  });

  it.each([
    { bound: 0.1, alternative: 'less' as const },
    { bound: 0.9, alternative: 'greater' as const },
    { bound: 0.1, alternative: 'greater' as const },
  ])('rejects a rate of $bound itself as $alternative in no more than alpha of the runs, looked at 1000 times', ({ bound, alternative }) => {
    const random = seededRandom(3);
    const [alpha, runs] = [0.1, 400];
    let rejected = 0;
    for (let run = 0; run < runs; run += 1) {
      let state = createBernoulliBound({ alpha, bound, alternative });
      for (let look = 0; look < 1000; look += 1) state = updateBernoulliBound(state, { successes: random() < bound ? 1 : 0, trials: 1 });
      if (bernoulliBoundResult(state).pValue <= alpha) rejected += 1;
    }
    expect(rejected / runs).toBeLessThanOrEqual(alpha + 2.6 * Math.sqrt((alpha * (1 - alpha)) / runs));
  });

  it.each([
    ['a bound of 0', () => createBernoulliBound({ alpha: 0.05, bound: 0, alternative: 'less' }), 'OutOfRange'],
    ['a bound that is no number', () => createBernoulliBound({ alpha: 0.05, bound: NaN, alternative: 'less' }), 'NotFinite'],
    ['a level of 2', () => createBernoulliBound({ alpha: 2, bound: 0.1, alternative: 'less' }), 'OutOfRange'],
    ['a negative count', () => crashes({ successes: -1, trials: 1 }), 'OutOfRange'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(StatisticsError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
