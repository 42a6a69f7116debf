import { expect } from 'vitest';

/**
 * Each within 1e-9 of what is expected, relative to it where it is larger than `scale`, else to `scale`: without one down to where
 * numbers begin to have fewer digits.
 */
export function expectClose(actual: readonly number[], expected: readonly number[], scale = 1e-290): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, at) => {
    const error = Math.abs((actual[at] ?? NaN) - value) / Math.max(Math.abs(value), scale);
    expect(error, `[${at}] ${actual[at]} for ${value}`).toBeLessThanOrEqual(1e-9);
  });
}
