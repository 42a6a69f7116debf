import { describe, expect, it } from 'vitest';
import { fleetSettingsSchema, type FleetStrategy } from '../../domain/fleet.js';
import { judgeFailures } from '../../domain/fleet-failures.js';

const order = ['a', 'b', 'c', 'd'];
const at = (name: string, atMs: number) => ({ name, atMs, reason: 'crashed: it did' });
const settings = (strategy: FleetStrategy, maxFailures = 5) => fleetSettingsSchema.parse({ strategy, intensity: { maxFailures, windowMs: 1_000 } });

describe('a failure', () => {
  it.each<[FleetStrategy, string[], string[]]>([
    ['one_for_one', ['b'], []],
    ['one_for_all', ['b'], ['a', 'c', 'd']],
    ['one_for_all', ['a', 'd'], ['b', 'c']],
    ['rest_for_one', ['a'], ['b', 'c', 'd']],
    ['rest_for_one', ['b'], ['c', 'd']],
    ['rest_for_one', ['d'], []],
    ['rest_for_one', ['d', 'b'], ['c']],
    ['rest_for_one', ['gone'], []],
  ])('under %s of %j takes along %j', (strategy, failed, restart) => {
    expect(judgeFailures(settings(strategy), order, [], failed.map((name) => at(name, 100)), 200)).toMatchObject({ restart, escalation: null });
  });

  it('that is one more than allowed within the window gives the fleet up, and takes nobody along', () => {
    const verdict = judgeFailures(settings('one_for_all', 2), order, [at('a', 100), at('b', 200)], [at('c', 300)], 300);
    expect(verdict).toEqual({ failures: [at('a', 100), at('b', 200), at('c', 300)], escalation: '3 failures of members in 1.0 s, 2 allowed; the last: c, crashed: it did', restart: [] });
  });

  it('does not count any longer once it has left the window', () => {
    expect(judgeFailures(settings('one_for_one', 1), order, [at('a', 100)], [at('b', 1_100)], 1_100)).toEqual({ failures: [at('b', 1_100)], escalation: null, restart: [] });
  });

  it('where none is allowed gives the fleet up at once', () => {
    expect(judgeFailures(settings('one_for_one', 0), order, [], [at('b', 5)], 5).escalation).toContain('1 failures');
  });

  it('that was known before gives up nothing again', () => {
    expect(judgeFailures(settings('one_for_one', 0), order, [at('b', 5)], [], 6)).toMatchObject({ escalation: null });
  });
});
