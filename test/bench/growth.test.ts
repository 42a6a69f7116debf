import { describe, expect, it } from 'vitest';
import { growthOf, isBounded, type Measure } from '../../bench/growth.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';

/** Forty looks in ten minutes at about 200 MB, which jump up and down by some MB. */
function looks(grown: number): Measure {
  const random = seededRandom(5);
  return Array.from({ length: 40 }, (_, at) => ({ atMin: at / 4, value: 200 + (grown * at) / 39 + 12 * (random() - 0.5) }));
}

describe('what was looked at again and again', () => {
  it('is bounded where it only goes up and down', () => {
    expect(isBounded(growthOf(looks(0)))).toBe(true);
  });

  it('is not where it leaks a quarter of itself, and the leak is told', () => {
    const growth = growthOf(looks(50));
    expect(growth.by).toBeCloseTo(50, -1);
    expect(isBounded(growth)).toBe(false);
  });

  it('is bounded where one look in ten is wild', () => {
    expect(isBounded(growthOf(looks(0).map(({ atMin, value }, at) => ({ atMin, value: at % 10 === 9 ? 3 * value : value }))))).toBe(true);
  });

  it('may be so small that its growth says nothing', () => {
    expect(isBounded(growthOf([0, 0.1, 0.2, 0.3].map((value, atMin) => ({ atMin, value }))))).toBe(true);
  });
});
