import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { againstInterval, lossRate, otherCheckpoints, youngDaly } from '../../../domain/opportunity-rules/young-daly.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';

const known = { checkpointMs: 5, checkpointRelativeError: 0, crashes: 100, runningMs: 100_000, dispersion: 1 };
const time = fc.double({ min: 1, max: 1e9, noNaN: true });

describe('the Young-Daly interval', () => {
  it('is sqrt(2 C M): of 5 ms and 1,000 ms between failures, 100 ms', () => {
    expect(youngDaly(known)).toMatchObject({ intervalMs: 100, meanTimeBetweenFailuresMs: 1_000, standardError: 0.05 });
    const { lower, upper } = youngDaly(known).confidence;
    expect(lower).toBeCloseTo(100 * Math.exp(-1.959964 * 0.05), 4);
    expect(upper).toBeCloseTo(100 * Math.exp(1.959964 * 0.05), 4);
  });

  it('knows less by fewer crashes, by crashes in bursts, and by checkpoints that vary', () => {
    const { standardError } = youngDaly(known);
    for (const change of [{ crashes: 50, runningMs: 50_000 }, { dispersion: 3 }, { checkpointRelativeError: 0.2 }]) expect(youngDaly({ ...known, ...change }).standardError).toBeGreaterThan(standardError);
    expect(youngDaly({ ...known, dispersion: 0.1 }).standardError).toBe(standardError);
  });

  it.each([{ crashes: 0 }, { checkpointMs: 0 }, { runningMs: 0 }, { checkpointMs: Number.NaN }, { runningMs: Number.POSITIVE_INFINITY }])('is refused for %j', (change) => {
    expect(() => youngDaly({ ...known, ...change })).toThrow(StatisticsError);
  });

  it('is told apart from an interval far away, and not from itself', () => {
    expect(againstInterval(youngDaly(known), 100)).toBe(1);
    expect(againstInterval(youngDaly(known), 150)).toBeLessThan(1e-10);
    expect(againstInterval(youngDaly(known), 105)).toBeGreaterThan(0.05);
  });

  it('scales as time does', () => {
    fc.assert(
      fc.property(time, time, fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (checkpointMs, runningMs, crashes, scale) => {
        const one = youngDaly({ ...known, checkpointMs, runningMs, crashes });
        const other = youngDaly({ ...known, checkpointMs: checkpointMs * scale, runningMs: runningMs * scale, crashes });
        expect(other.intervalMs / one.intervalMs).toBeCloseTo(scale, 6);
        expect(other.standardError).toBe(one.standardError);
      }),
    );
  });

  it('loses the least of all intervals where checkpoints come by time alone', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e4, noNaN: true }), fc.double({ min: 1e5, max: 1e9, noNaN: true }), fc.double({ min: 0.1, max: 10, noNaN: true }), (checkpointMs, betweenFailuresMs, factor) => {
        const { intervalMs } = youngDaly({ ...known, checkpointMs, runningMs: betweenFailuresMs * 10, crashes: 10 });
        const least = lossRate(intervalMs, checkpointMs, betweenFailuresMs, 0);
        expect(lossRate(intervalMs * factor, checkpointMs, betweenFailuresMs, 0)).toBeGreaterThanOrEqual(least * (1 - 1e-9));
      }),
    );
  });
});

describe('the loss by checkpoints that come for other reasons too', () => {
  it('is that of an interval alone where there are none, also in the limit', () => {
    const alone = lossRate(600, 5, 10_000, 0);
    expect(alone).toBeCloseTo(5 / 600 + 600 / 20_000, 12);
    expect(lossRate(600, 5, 10_000, 1e-12)).toBeCloseTo(alone, 9);
    expect(lossRate(600, 5, 10_000, 1.9e-7)).toBeCloseTo(lossRate(600, 5, 10_000, 1.6e-7), 6);
  });

  it('is that of a Poisson process where the interval is never reached', () => {
    expect(lossRate(1e9, 5, 10_000, 0.01)).toBeCloseTo(5 * 0.01 + 100 / 10_000, 9);
  });

  it('finds the rate of the others from how many were made', () => {
    fc.assert(
      fc.property(time, fc.double({ min: 0.01, max: 20, noNaN: true }), fc.double({ min: 0.1, max: 100, noNaN: true }), (intervalMs, perInterval, intervals) => {
        const rate = perInterval / intervalMs;
        const meanRunningMs = intervals * intervalMs;
        const byTime = (1 + rate * meanRunningMs) / Math.expm1((rate + 1 / meanRunningMs) * intervalMs);
        expect(otherCheckpoints({ intervalMs, meanRunningMs, madePerAttempt: 1 + rate * meanRunningMs + byTime }) / rate).toBeCloseTo(1, 4);
      }),
    );
  });

  it('needs no others to explain what time makes, or less', () => {
    expect(otherCheckpoints({ intervalMs: 600, meanRunningMs: 500, madePerAttempt: 1 })).toBe(0);
    expect(otherCheckpoints({ intervalMs: 600, meanRunningMs: 6_000, madePerAttempt: 10 })).toBe(0);
  });
});
