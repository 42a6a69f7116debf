import { expect, it } from 'vitest';
import { formatDuration } from '../../domain/duration.js';

it.each([[0, '0 ms'], [999, '999 ms'], [2_440, '2.4 s'], [9_999, '10 s'], [59_400, '59 s'], [60_000, '1m'], [200_000, '3m 20s'], [18_120_000, '5h 2m'], [273_600_000, '3d 4h']])('a duration of %d ms is told as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
