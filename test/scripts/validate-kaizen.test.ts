import { describe, expect, it } from 'vitest';
import { falseDiscoveryRateOf, foundShareOf, harmTable } from '../../scripts/validate-kaizen/figures.js';
import { quantileOf, simulateHarm, simulateNoHarm } from '../../scripts/validate-kaizen/harm.js';
import { simulateSequence } from '../../scripts/validate-kaizen/sequence.js';

describe('the kaizen loop, in the short form of npm run validate:kaizen', () => {
  it('ships no more falsely than its ledger allows, and finds most of what it was planned for', () => {
    const none = simulateSequence({ experiments: 24, trueShare: 0, seed: 1 });
    const some = simulateSequence({ experiments: 24, trueShare: 0.5, seed: 2 });
    expect(falseDiscoveryRateOf([none, some])).toBeLessThanOrEqual(0.05);
    expect(some.trueEffects).toBeGreaterThan(5);
    expect(foundShareOf([some])).toBeGreaterThanOrEqual(0.8);
  });

  it('stops a treatment that crashes three times as often after a bounded number of sessions', () => {
    const harm = simulateHarm({ runs: 200, controlCrash: 0.1, times: 3, seed: 1 });
    console.log(harmTable([{ controlCrash: 0.1, ...harm }]));
    expect(harm.stopped).toBe(200);
    expect(quantileOf(harm.treated, 0.5)).toBeLessThan(120);
    expect(harm.treated.at(-1)).toBeLessThan(500);
  });

  it.each([0.05, 0.1, 0.12])('seldom rolls back a treatment that is no other than control, where %s of both crash', (crash) => {
    const { rolledBack, shipped } = simulateNoHarm({ runs: 40, crash, sessions: 1_000, seed: 1 });
    expect(shipped).toBe(0);
    expect(rolledBack).toBeLessThanOrEqual(5);
  });
});
