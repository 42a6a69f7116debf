import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookEvery, tickMs, wasActive } from '../../domain/watchdog.js';

const minuteMs = 60_000;
const sample = (cpuMs: number, ioBytes = 0) => ({ cpuMs, ioBytes, rssBytes: 0 });

describe('a tree', () => {
  it('that does something is looked at at every tick', () => {
    expect(lookEvery(0, 10 * minuteMs, false)).toBe(1);
    expect(lookEvery(3, 10 * minuteMs, false)).toBe(1);
  });

  it('that rests is looked at ever less often, up to every 32 ticks', () => {
    expect([4, 5, 6, 7, 8, 9, 1_000].map((quiet) => lookEvery(quiet, 10 * minuteMs, false))).toEqual([2, 4, 8, 16, 32, 32, 32]);
  });

  it('whose memory or time is limited is looked at every 8 ticks at least: what wakes up may grow fast, and time goes on at rest', () => {
    expect([4, 5, 6, 7, 1_000].map((quiet) => lookEvery(quiet, 10 * minuteMs, true))).toEqual([2, 4, 8, 8, 8]);
  });

  it('is looked at ten times in its hang timeout where that is longer than ten ticks, and shares its looks with all others', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1e9 }), fc.boolean(), (quiet, hangTimeoutMs, isLimited) => {
        const ticks = lookEvery(quiet, hangTimeoutMs, isLimited);
        expect([1, 2, 4, 8, 16, 32]).toContain(ticks);
        expect(ticks === 1 || ticks * tickMs * 10 <= hangTimeoutMs).toBe(true);
      }),
    );
  });

  it('that worked in one tick of a long rest was active, as it would have been with a look at each', () => {
    expect(wasActive(sample(0), sample(25), tickMs)).toBe(true);
    expect(wasActive(sample(0), sample(25), 8 * tickMs)).toBe(true);
    expect(wasActive(sample(0), sample(0, 2_000), 8 * tickMs)).toBe(true);
    expect(wasActive(sample(0), sample(10, 500), 8 * tickMs)).toBe(false);
  });
});
