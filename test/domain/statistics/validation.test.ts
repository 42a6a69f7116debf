import { describe, expect, it } from 'vitest';
import { defaultBurnIn } from '../../../domain/statistics/mean-sequence.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { discoveryRuns, effectShares } from '../../../scripts/validate-statistics/discovery-runs.js';
import { isCrossed, shareOf } from '../../../scripts/validate-statistics/figures.js';
import { alpha, burnIns, nullRuns } from '../../../scripts/validate-statistics/null-runs.js';
import { countRuns } from '../../../scripts/validate-statistics/count-runs.js';
import { alarmAlpha, alarmRuns, coverageRuns } from '../../../scripts/validate-statistics/coverage-runs.js';
import { fixedRuns } from '../../../scripts/validate-statistics/fixed-runs.js';
import { draws, type StreamName } from '../../../scripts/validate-statistics/streams.js';

/** The validation of docs/statistics.md in small: the same code, fewer runs. */
describe('in simulations without an effect', () => {
  it.each(Object.keys(draws) as StreamName[])('the e-process and, from its burn-in on, the mean sequence hold their level on %s, and naive peeking does not', (stream) => {
    const tally = nullRuns(stream, 200, seededRandom(1));
    expect(burnIns).toContain(defaultBurnIn);
    const at = burnIns.indexOf(defaultBurnIn);
    for (const method of ['mean sequence', 'early mean sequence']) expect(isCrossed(shareOf(tally, `${method}/after`, at), alpha), method).toBe(false);
    for (const looks of ['every', 'batch']) {
      expect(isCrossed(shareOf(tally, `e-process/${looks}`), alpha), looks).toBe(false);
      expect(isCrossed(shareOf(tally, `naive/${looks}`), alpha), looks).toBe(true);
    }
  });

  it('first crashes hold the level of the count mixture, and counting every crash is caught', () => {
    const tally = countRuns(200, seededRandom(3));
    for (const name of ['first', 'independent', 'misses 1', 'misses 1.5']) expect(isCrossed(shareOf(tally, name), alpha), name).toBe(false);
    expect(isCrossed(shareOf(tally, 'every'), alpha)).toBe(true);
  });

  it('intervals hold the truth at every look, and claims that are not so are as rare as they have to be', () => {
    const tally = coverageRuns(100, seededRandom(4));
    for (const name of Object.keys(tally).filter((key) => key !== 'runs')) expect(isCrossed(shareOf(tally, name), alpha), name).toBe(false);
  });

  it('the change detector has its sessions to a false alarm, and few to a true one', () => {
    const runs = 60;
    const tally = alarmRuns(runs, seededRandom(7));
    expect((tally['false']?.[0] ?? 0) / runs).toBeGreaterThan(1 / alarmAlpha);
    expect((tally['doubled']?.[0] ?? Infinity) / runs).toBeLessThan(1 / alarmAlpha);
  });

  it('tests of one look hold their level', () => {
    const tally = fixedRuns(400, seededRandom(5));
    for (const name of Object.keys(tally).filter((key) => key !== 'runs')) expect(isCrossed(shareOf(tally, name), alpha), name).toBe(false);
  });

  it('the loop keeps its false-discovery rate, which naive tests do not', () => {
    const tally = discoveryRuns(2, seededRandom(6));
    for (const share of effectShares) {
      const [sum = 1, , , right = 0, effects = 0, naive = 0] = tally[String(share)] ?? [];
      expect(sum / 2).toBeLessThanOrEqual(alpha);
      expect(naive / 2).toBeGreaterThan(0.3);
      expect(right).toBeGreaterThanOrEqual(0.8 * effects);
    }
  });
});
