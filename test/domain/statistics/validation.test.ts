import { describe, expect, it } from 'vitest';
import { defaultBurnIn } from '../../../domain/statistics/mean-sequence.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { discoveryRuns, effectShares } from '../../../scripts/validate-statistics/discovery-runs.js';
import { isCrossed, shareOf } from '../../../scripts/validate-statistics/figures.js';
import { alpha, burnIns, nullRuns } from '../../../scripts/validate-statistics/null-runs.js';
import { countRuns, coverageRuns, fixedRuns } from '../../../scripts/validate-statistics/other-null-runs.js';
import type { StreamName } from '../../../scripts/validate-statistics/streams.js';

/** The validation of docs/statistics.md in small: the same code, fewer runs. */
describe('in simulations without an effect', () => {
  it.each<StreamName>(['bernoulli .01', 'bernoulli .1', 'bernoulli .5'])('the e-process holds its level on %s, and naive peeking does not', (stream) => {
    const tally = nullRuns(stream, 250, seededRandom(1));
    expect(isCrossed(shareOf(tally, 'e-process/every'), alpha)).toBe(false);
    expect(isCrossed(shareOf(tally, 'naive/every'), alpha)).toBe(true);
  });

  it.each<StreamName>(['poisson .3', 'bursty counts', 'lognormal', 'zero-inflated'])('the mean sequence holds its level on %s from its burn-in on', (stream) => {
    const tally = nullRuns(stream, 250, seededRandom(2));
    expect(burnIns).toContain(defaultBurnIn);
    const at = burnIns.indexOf(defaultBurnIn);
    for (const method of ['mean sequence', 'early mean sequence']) expect(isCrossed(shareOf(tally, `${method}/after`, at), alpha)).toBe(false);
    expect(isCrossed(shareOf(tally, 'naive/every'), alpha)).toBe(true);
  });

  it('first crashes hold the level of the count mixture, and counting every crash is caught', () => {
    const tally = countRuns(200, seededRandom(3));
    expect(isCrossed(shareOf(tally, 'first'), alpha)).toBe(false);
    expect(shareOf(tally, 'covered').upper).toBeGreaterThan(1 - alpha);
    expect(isCrossed(shareOf(tally, 'every'), alpha)).toBe(true);
  });

  it('intervals hold the truth at every look', () => {
    const tally = coverageRuns(120, seededRandom(4));
    for (const name of ['difference', 'rate', 'bound', 'assignment']) expect(isCrossed(shareOf(tally, name), alpha), name).toBe(false);
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
