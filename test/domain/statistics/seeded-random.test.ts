import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';

describe('seeded random numbers', () => {
  it('are the same for the same seed and others for another', () => {
    const first = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });

  it('are uniform on [0, 1), one after another independent', () => {
    const random = seededRandom(42);
    const cells = Array.from({ length: 100 }, () => 0);
    const draws = 100_000;
    for (let draw = 0; draw < draws; draw += 1) {
      const cell = Math.floor(random() * 10) * 10 + Math.floor(random() * 10);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    const chiSquare = cells.reduce((sum, count) => sum + (count - draws / 100) ** 2 / (draws / 100), 0);
    // The 0.001 and 0.999 quantiles of chi-square with 99 degrees of freedom.
    expect(chiSquare).toBeGreaterThan(60);
    expect(chiSquare).toBeLessThan(149);
  });

  it.each([-1, 0.5, NaN])('refuse a seed of %f', (seed) => {
    expect(() => seededRandom(seed)).toThrow(StatisticsError);
  });
});
