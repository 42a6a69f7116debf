import { describe, expect, it } from 'vitest';
import { decidability, durationOf } from '../../../domain/experiments/decidability.js';
import { unitsToFind } from '../../../domain/experiments/experiment-size.js';
import { clopperPearson } from '../../../domain/statistics/exact-tests.js';
import { createMeanSequence, meanSequenceResult, updateMeanSequence } from '../../../domain/statistics/mean-sequence.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { bernoulliStoppingTime } from '../../../domain/statistics/stopping-time.js';
import { normal } from '../opportunity-rules/simulated-sessions.js';

const dayMs = 86_400_000;

describe('the units of an experiment', () => {
  it.each([
    [0.5, 0.02, 0.001],
    [0.5, 0.25, 0.001],
    [0.3, 0.15, 0.05],
    [0.2, 0.1, 0.001],
    [0.2, 0.1, 0.0001],
    [0.1, 0.2, 0.001],
    [0.05, 0.01, 0.001],
  ])('find a rate of %d that becomes %d at level %d four times of five, and are not half too many', (control, treatment, alpha) => {
    const units = unitsToFind({ metric: 'crash_rate', baseline: { mean: control, standardDeviation: 0 }, impact: treatment / control - 1, alpha }) as number;
    const runs = 300;
    const powerAt = (pairs: number) => bernoulliStoppingTime({ alpha, rates: { control, treatment }, runs, longest: pairs, random: seededRandom(5) }).decided * runs;
    expect(clopperPearson({ successes: Math.round(powerAt(units / 2)), trials: runs }, 0.02).upper).toBeGreaterThanOrEqual(0.8);
    expect(clopperPearson({ successes: Math.round(powerAt(Math.floor(units / 3))), trials: runs }, 0.02).lower).toBeLessThan(0.8);
  });

  it('find a mean that falls by a fifth four times of five', () => {
    const [mean, standardDeviation, alpha] = [100, 60, 0.001];
    const units = unitsToFind({ metric: 'lost_time', baseline: { mean, standardDeviation }, impact: -0.2, alpha }) as number;
    const random = seededRandom(6);
    const runs = 200;
    let found = 0;
    for (let run = 0; run < runs; run += 1) {
      let sequence = createMeanSequence({ alpha, plannedUnits: units });
      for (let pair = 0; pair < units / 2; pair += 1) {
        sequence = updateMeanSequence(sequence, 'control', { n: 1, mean: mean + standardDeviation * normal(random), variance: 0 });
        sequence = updateMeanSequence(sequence, 'treatment', { n: 1, mean: mean * 0.8 + standardDeviation * normal(random), variance: 0 });
      }
      if (meanSequenceResult(sequence).logEValue >= -Math.log(alpha)) found += 1;
    }
    expect(clopperPearson({ successes: found, trials: runs }, 0.02).upper).toBeGreaterThanOrEqual(0.8);
    expect(found / runs).toBeLessThan(0.93);
  });

  it('of means are no fewer than the burn-in asks for', () => {
    expect(unitsToFind({ metric: 'tokens', baseline: { mean: 100, standardDeviation: 1 }, impact: -0.5, alpha: 0.001 })).toBe(200);
  });

  it.each([
    ['no effect', 0.1, 0],
    ['nothing to lessen', 0, -0.5],
    ['an effect that nobody would wait for', 0.1, -1e-7],
  ])('cannot be told for %s', (_what, mean, impact) => {
    expect(unitsToFind({ metric: 'crash_rate', baseline: { mean, standardDeviation: 0 }, impact, alpha: 0.001 })).toBeNull();
  });
});

describe('whether an experiment can be decided in time', () => {
  const enrolling = { ramp: [0.2, 0.5, 1], unitsPerStep: 50, horizonMs: dayMs, sessionsPerDay: 100 };

  it('goes by the ramp: the first steps take in few, and each waits for its horizon', () => {
    expect(durationOf(400, enrolling)).toBeCloseTo((50 / 20 + 1 + 50 / 50 + 1 + 300 / 100 + 1) * dayMs, 3);
    expect(durationOf(30, enrolling)).toBeCloseTo((30 / 20 + 1) * dayMs, 3);
  });

  it('says how many it would mature where it cannot, and how long it would take', () => {
    expect(decidability(400, 10 * dayMs, enrolling)).toEqual({ decidable: true, units: 400, durationMs: expect.closeTo(9.5 * dayMs, 3) });
    const five = decidability(400, 60 * dayMs, { ...enrolling, sessionsPerDay: 5 });
    expect(five).toMatchObject({ decidable: false, units: 400, durationMs: expect.closeTo((50 + 1 + 20 + 1 + 60 + 1) * dayMs, 3) });
    const { unitsInTime } = five as Extract<typeof five, { decidable: false }>;
    expect(durationOf(unitsInTime, { ...enrolling, sessionsPerDay: 5 })).toBeLessThanOrEqual(60 * dayMs);
    expect(durationOf(unitsInTime + 1, { ...enrolling, sessionsPerDay: 5 })).toBeGreaterThan(60 * dayMs);
  });

  it('is never where no session comes', () => {
    expect(decidability(400, 60 * dayMs, { ...enrolling, sessionsPerDay: 0 })).toEqual({ decidable: false, units: 400, unitsInTime: 0, durationMs: null });
  });
});
