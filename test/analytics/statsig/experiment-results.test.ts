import { describe, expect, it } from 'vitest';
import { resultsOf } from '../../../analytics/statsig/experiment-results.js';
import type { Arm, Unit } from '../../../domain/experiments/unit.js';
import { aPlan } from '../../support/an-experiment.js';
import { unit } from '../../domain/experiments/units.js';

/** Sessions of both arms in turn, the crashes of each spread evenly. */
function sessions(each: number, crashes: { control: number; treatment: number }): Unit[] {
  const crashed = (at: number, count: number) => Math.floor(((at + 1) * count) / each) > Math.floor((at * count) / each);
  return Array.from({ length: 2 * each }, (_, at) => {
    const arm: Arm = at % 2 === 0 ? 'control' : 'treatment';
    return unit(at + 1, arm, { crashed: crashed(Math.floor(at / 2), crashes[arm]) });
  });
}

const plan = aPlan({ alpha: 0.05 });

describe('results', () => {
  it('of 12 crashes in 100 against 8 in 100 are not significant: p is .48 by Fisher', () => {
    const results = resultsOf(plan, sessions(100, { control: 12, treatment: 8 }), 0);
    expect(results).toMatchObject({ isSignificant: false, winner: null, control: { sampleSize: 100, metrics: { crash_rate: 0.12 } }, treatment: { sampleSize: 100, metrics: { crash_rate: 0.08 } } });
    expect(results.pValue).toBeCloseTo(0.48036775, 7);
  });

  it.each([
    ['treatment', { control: 40, treatment: 5 }],
    ['control', { control: 5, treatment: 40 }],
  ] as const)('name %s where it has the lower rate beyond doubt', (winner, crashes) => {
    expect(resultsOf(plan, sessions(100, crashes), 0)).toMatchObject({ isSignificant: true, winner });
  });

  it('name nobody where the arms were filled unevenly, whatever the rates', () => {
    const uneven = sessions(200, { control: 100, treatment: 10 }).filter(({ arm, crashed }) => arm === 'treatment' || crashed).map((one, at) => ({ ...one, position: at + 1 }));
    expect(resultsOf(plan, uneven, 0)).toMatchObject({ isSignificant: false, winner: null, reason: expect.stringContaining('unevenly') });
  });

  it('of an arm alone have neither p nor winner', () => {
    const alone = sessions(10, { control: 1, treatment: 1 }).filter(({ arm }) => arm === 'control').map((one, at) => ({ ...one, position: at + 1 }));
    expect(resultsOf(plan, alone, 0)).toMatchObject({ isSignificant: false, pValue: null, winner: null, difference: null, treatment: { metrics: { crash_rate: null } } });
  });
});
