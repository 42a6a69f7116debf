import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countAbove, countPerhapsAbove, histogramCount, histogramMean, histogramOf, relativeErrorOfMean } from '../../../domain/histogram.js';
import { measureSessions } from '../../../domain/opportunity-rules/measure-sessions.js';
import { checkpointTimes, minuteMs, nowMs, sessionOf } from './simulated-sessions.js';

const window = { fromMs: nowMs - minuteMs, untilMs: nowMs, newestAtMs: nowMs };

describe('what sessions came to', () => {
  // Crashes twice, is resumed at once, then after a back-off; then a resume that never runs; then a good end.
  const unlucky = sessionOf([
    { crashed: true, workLostMs: 4_000, maxContextUse: 0.5, checkpoints: checkpointTimes([20, 80]) },
    { crashed: true, resumeStrategy: 'native', downtimeMs: 100, workLostMs: 2_000, maxContextUse: 0.9 },
    { crashed: true, resumeStrategy: 'native', downtimeMs: null, runningAtMs: null, exitClass: 'start_timeout' },
    { resumeStrategy: 'fork', downtimeMs: 5_000, longestSilenceMs: 40_000 },
  ]);
  const hung = sessionOf([{ crashed: true, exitClass: 'hung', maxContextUse: null, longestSilenceMs: 600_000 }]);
  const measured = measureSessions([unlucky, hung, sessionOf([{}]), { ...sessionOf([]) }], window);

  it('counts sessions, and not crashes', () => {
    expect(measured.sessions).toEqual({ crashed: { successes: 2, trials: 3 }, failedResume: { successes: 1, trials: 3 } });
    expect(measured.tokens).toMatchObject({ n: 3, mean: 2_000 });
    expect(measured.lostTimeMs?.mean).toBeCloseTo(6_100 / 3, 9);
    expect(measured.downtimeMs?.mean).toBeCloseTo(5_100 / 3, 9);
    expect(measured.failures).toMatchObject({ crashes: 4, runningMs: 5 * minuteMs });
    expect(measured.hangs).toEqual({ successes: 1, trials: 6 });
  });

  it('takes attempts up to the first crash of their session for the hazard, where their context use is known', () => {
    expect(histogramCount(measured.contextUse?.crashed ?? histogramOf([], []))).toBe(1);
    expect(histogramCount(measured.contextUse?.ended ?? histogramOf([], []))).toBe(1);
  });

  it('tells restarts at once from those after a back-off', () => {
    expect(measured.restartsAfterCrash).toEqual({ atOnce: { downtimeMs: { n: 1, mean: 100, variance: 0 }, crashedAgain: { successes: 1, trials: 1 } }, waited: { downtimeMs: { n: 1, mean: 5_000, variance: 0 }, crashedAgain: { successes: 0, trials: 1 } } });
    expect(measured.failedResumes).toEqual({ native: { successes: 1, trials: 2 }, fork: { successes: 0, trials: 1 }, brief: { successes: 0, trials: 0 } });
  });

  it('knows nothing of the monitor, and no mean of nobody', () => {
    expect(measured.monitorLooks).toBeNull();
    expect(measureSessions([], window)).toMatchObject({ tokens: null, lostTimeMs: null, downtimeMs: null, sessions: { crashed: { successes: 0, trials: 0 } } });
  });

  it('calls bursts by their dispersion: crashes that all fall on one session vary more than independent ones', () => {
    const calm = measureSessions(Array.from({ length: 20 }, () => sessionOf([{ crashed: true }, {}])), window);
    const bursts = measureSessions([sessionOf([...Array.from({ length: 20 }, () => ({ crashed: true })), {}]), ...Array.from({ length: 20 }, () => sessionOf([{}]))], window);
    expect(calm.failures?.dispersion).toBe(0);
    expect(bursts.failures?.dispersion).toBeGreaterThan(2);
  });
});

describe('a histogram', () => {
  const value = fc.double({ min: 0, max: 1e6, noNaN: true });

  it('keeps number, sum and mean of what it is made of', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
        const histogram = histogramOf([10, 1_000, 1e5], values);
        expect(histogramCount(histogram)).toBe(values.length);
        expect(histogramMean(histogram)).toBe(values.reduce((sum, one) => sum + one, 0) / values.length);
      }),
    );
  });

  it('has the true count above a limit between what is surely and what is perhaps above', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), value, (values, limit) => {
        const histogram = histogramOf([10, 1_000, 1e5], values);
        const above = values.filter((one) => one > limit).length;
        expect(countAbove(histogram, limit)).toBeLessThanOrEqual(above);
        expect(countPerhapsAbove(histogram, limit)).toBeGreaterThanOrEqual(above);
      }),
    );
  });

  it('has a mean and an error only where something was measured', () => {
    expect(histogramMean(histogramOf([1], []))).toBeUndefined();
    expect(relativeErrorOfMean(histogramOf([1], [1]))).toBeUndefined();
    expect(relativeErrorOfMean(histogramOf([1], [0, 0]))).toBeUndefined();
    expect(relativeErrorOfMean(histogramOf([10, 20], [5, 15, 5, 15]))).toBeCloseTo(Math.sqrt(100 / 3 / 4) / 10, 9);
  });
});
