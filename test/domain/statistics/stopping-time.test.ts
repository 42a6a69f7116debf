import { describe, expect, it } from 'vitest';
import { createOneSampleBernoulli, oneSampleBernoulliResult, updateOneSampleBernoulli } from '../../../domain/statistics/one-sample-bernoulli.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError } from '../../../domain/statistics/statistics-error.js';
import { bernoulliStoppingTime, countStoppingTime, simulateStoppingTime } from '../../../domain/statistics/stopping-time.js';

const counter = { create: () => 0, update: (state: number, added: number) => state + added, result: (state: number) => state };

describe('stopping time by simulation', () => {
  it('is exact for a method that always stops at the same time', () => {
    const time = simulateStoppingTime(counter, () => 1, (sum) => sum >= 7, { runs: 20, longest: 10, quantiles: [0.5], random: () => 0 });
    expect(time).toEqual({ runs: 20, longest: 10, decided: 1, decidedStandardError: 0, mean: 7, meanStandardError: 0, quantiles: [{ probability: 0.5, observations: 7 }] });
  });

  it('has no quantile where too few runs decided, and counts those at the longest', () => {
    const time = simulateStoppingTime(counter, () => 1, (sum) => sum >= 11, { runs: 20, longest: 10, quantiles: [0.5], random: () => 0 });
    expect(time).toMatchObject({ decided: 0, mean: 10, quantiles: [{ probability: 0.5, observations: null }] });
  });

  it('equals the geometric distribution for a first success', () => {
    const time = simulateStoppingTime(counter, (random) => (random() < 0.2 ? 1 : 0), (sum) => sum > 0, { runs: 20000, longest: 1000, quantiles: [0.5, 0.9], random: seededRandom(1) });
    expect(Math.abs(time.mean - 5)).toBeLessThan(4 * time.meanStandardError);
    expect(time.meanStandardError).toBeCloseTo(Math.sqrt(20 / 20000), 2);
    expect(time.quantiles).toEqual([{ probability: 0.5, observations: 4 }, { probability: 0.9, observations: 11 }]);
  });

  it('serves any method of this folder', () => {
    const time = simulateStoppingTime(
      { create: () => createOneSampleBernoulli({ alpha: 0.05, optimalTrials: 100 }), update: updateOneSampleBernoulli, result: oneSampleBernoulliResult },
      (random) => ({ successes: random() < 0.02 ? 1 : 0, trials: 10 }),
      ({ interval }) => (interval.upper ?? 1) < 0.1,
      { runs: 50, longest: 100, random: seededRandom(2) },
    );
    expect(time.decided).toBe(1);
  });

  it('finds the known power of the e-process for .12 against .08: 0.46 at 882 per arm, 0.86 at 2000', () => {
    const at = (longest: number) => bernoulliStoppingTime({ alpha: 0.05, rates: { control: 0.12, treatment: 0.08 }, runs: 2000, longest, random: seededRandom(7) });
    const [short, long] = [at(882), at(2000)];
    // Both figures are simulated, to two digits: 0.03 is about 2.6 of their standard errors and ours.
    expect(Math.abs(short.decided - 0.46)).toBeLessThan(0.03);
    expect(Math.abs(long.decided - 0.86)).toBeLessThan(0.03);
    expect(long.mean).toBeLessThan(1150);
  });

  it('finds a rate ratio of 1.5 after some 200 events, and one of 1 hardly ever', () => {
    const at = (rateRatio: number) => countStoppingTime({ alpha: 0.05, rateRatio, runs: 300, longest: 600, random: seededRandom(5) });
    const [effect, none] = [at(1.5), at(1)];
    expect(effect.decided).toBeGreaterThan(0.95);
    expect(effect.mean).toBeGreaterThan(150);
    expect(effect.mean).toBeLessThan(260);
    expect(none.decided).toBeLessThanOrEqual(0.05 + 2.6 * Math.sqrt((0.05 * 0.95) / 300));
  });

  it('finds no more false positives than alpha over 2000 looks, where a fixed-horizon test looked at as often finds many', () => {
    const [alpha, rate, runs, longest] = [0.05, 0.1, 600, 2000];
    const ours = bernoulliStoppingTime({ alpha, rates: { control: rate, treatment: rate }, runs, longest, random: seededRandom(23) });
    const naive = simulateStoppingTime(
      { create: () => [0, 0, 0], update: ([n = 0, a = 0, b = 0], [ya = 0, yb = 0]: number[]) => [n + 1, a + ya, b + yb], result: (state) => state },
      (random) => [random() < rate ? 1 : 0, random() < rate ? 1 : 0],
      ([n = 0, a = 0, b = 0]) => {
        const pooled = (a + b) / (2 * n);
        return n >= 50 && Math.abs(b - a) / n > 1.96 * Math.sqrt((2 * pooled * (1 - pooled)) / n);
      },
      { runs, longest, random: seededRandom(23) },
    );
    expect(ours.decided).toBeLessThanOrEqual(alpha + 2.6 * Math.sqrt((alpha * (1 - alpha)) / runs));
    expect(naive.decided).toBeGreaterThan(0.25);
  });

  it('is the same for the same seed, and mirrored rates take as long', () => {
    const at = (control: number, treatment: number, seed: number) => bernoulliStoppingTime({ alpha: 0.05, rates: { control, treatment }, runs: 400, longest: 300, random: seededRandom(seed) });
    expect(at(0.4, 0.1, 1)).toEqual(at(0.4, 0.1, 1));
    const [one, other] = [at(0.4, 0.1, 1), at(0.1, 0.4, 2)];
    expect(Math.abs(one.mean - other.mean)).toBeLessThan(4 * Math.hypot(one.meanStandardError, other.meanStandardError));
  });

  it.each([
    ['no runs', { runs: 0 }, 'OutOfRange'],
    ['half a look', { longest: 0.5 }, 'NotFinite'],
    ['a quantile of 1', { quantiles: [1] }, 'OutOfRange'],
    ['a rate above 1', { rates: { control: 1.1, treatment: 0 } }, 'OutOfRange'],
    ['a level of 0', { alpha: 0 }, 'OutOfRange'],
  ])('refuses %s', (_, wrong, code) => {
    const act = () => bernoulliStoppingTime({ alpha: 0.05, rates: { control: 0.1, treatment: 0.1 }, runs: 1, longest: 1, random: seededRandom(1), ...wrong });
    expect(act).toThrow(StatisticsError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
