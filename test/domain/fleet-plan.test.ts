import { describe, expect, it } from 'vitest';
import { fleetSettingsSchema, type FleetMember } from '../../domain/fleet.js';
import { changesAnything, planFleet, type PresentMember } from '../../domain/fleet-plan.js';
import type { SessionSpec } from '../../domain/session.js';
import { aSpec, type SpecChange } from '../support/session-fixtures.js';

const settings = fleetSettingsSchema.parse({});
const member = (name: string, change: SpecChange = {}, dependsOn: string[] = []): FleetMember => ({ spec: aSpec({ name, fleet: 'team', ...change }), environmentAsked: [], dependsOn });
const present = (name: string, state: PresentMember['state'] = 'running'): PresentMember => ({ ...member(name), state, reason: 'stopped by ann' });

describe('the plan for a fleet', () => {
  it('that is not there begins all', () => {
    const plan = planFleet(null, settings, [member('a'), member('b')]);
    expect(plan).toMatchObject({ changes: [{ kind: 'start', name: 'a', why: 'new' }, { kind: 'start', name: 'b' }], settings: [], unchanged: 0 });
  });

  it.each(['running', 'completed', 'failed', 'paused', 'backing_off', 'waiting'] as const)('leaves alone what is %s and has not changed, with the session it has', (state) => {
    const before = present('a', state);
    const plan = planFleet({ settings, members: [before] }, settings, [member('a')]);
    expect(changesAnything(plan)).toBe(false);
    expect(plan.members[0]?.spec.sessionId).toBe(before.spec.sessionId);
  });

  it('begins anew what was stopped, with why it was', () => {
    const before = present('a', 'stopped');
    const plan = planFleet({ settings, members: [before] }, settings, [member('a')]);
    expect(plan.changes).toEqual([{ kind: 'start', name: 'a', why: 'stopped', reason: 'stopped by ann' }]);
    expect(plan.members[0]?.spec.sessionId).not.toBe(before.spec.sessionId);
  });

  it('restarts what has changed, with each field that has, and lets its session go on', () => {
    const before = present('a');
    const plan = planFleet({ settings, members: [before] }, settings, [{ ...member('a', { limits: { memoryBytes: 5 }, parameters: { dangerZone: 0.5 } }), environmentAsked: ['TOKEN'] }]);
    expect(plan.changes).toEqual([
      {
        kind: 'restart',
        name: 'a',
        goesOn: true,
        fields: [
          { field: 'parameters.dangerZone', before: 0.75, after: 0.5 },
          { field: 'limits.memoryBytes', before: undefined, after: 5 },
          { field: 'env', before: [], after: ['TOKEN'] },
        ],
      },
    ]);
    expect(plan.members[0]).toMatchObject({ environmentAsked: ['TOKEN'], spec: { sessionId: before.spec.sessionId, createdAt: before.spec.createdAt, changedAt: '2026-01-01T00:00:00.000Z', limits: { memoryBytes: 5 } } });
  });

  it.each<[string, PresentMember['state'], Partial<SessionSpec>]>([
    ['other work', 'running', { argv: ['another'] }],
    ['another folder', 'paused', { cwd: '/elsewhere' }],
    ['another agent', 'failed', { agent: 'codex' }],
    ['anything else of one that has completed', 'completed', { limits: { ...aSpec().limits, memoryBytes: 5 } }],
  ])('begins a new session for %s', (_what, state, change) => {
    const before = present('a', state);
    const after = member('a');
    const plan = planFleet({ settings, members: [before] }, settings, [{ ...after, spec: { ...after.spec, ...change } }]);
    expect(plan.changes).toMatchObject([{ kind: 'restart', goesOn: false }]);
    expect(plan.members[0]?.spec.sessionId).toBe(after.spec.sessionId);
  });

  it('takes over what the fleet has lost, changed or not, and stops what is no longer wanted', () => {
    const lost = ['a', 'b', 'c'].map((name) => ({ ...present(name), isUnknown: true }));
    const plan = planFleet({ settings, members: lost }, settings, [member('a'), member('b', { limits: { memoryBytes: 5 } })]);
    expect(plan.changes).toMatchObject([{ kind: 'take', name: 'a' }, { kind: 'restart', name: 'b', goesOn: true }, { kind: 'stop', name: 'c' }]);
    expect(plan.members.map(({ spec }) => spec.sessionId)).toEqual(lost.slice(0, 2).map(({ spec }) => spec.sessionId));
    expect([changesAnything(plan), plan.unchanged]).toEqual([true, 1]);
  });

  it('stops what is gone, the last first', () => {
    expect(planFleet({ settings, members: ['a', 'b', 'c'].map((name) => present(name)) }, settings, [member('a')])).toMatchObject({ changes: [{ kind: 'stop', name: 'c' }, { kind: 'stop', name: 'b' }], unchanged: 1 });
  });

  it('restarts nothing for another order, another need, or other settings of the fleet', () => {
    const plan = planFleet({ settings, members: [present('a'), present('b')] }, fleetSettingsSchema.parse({ strategy: 'one_for_all' }), [member('b'), member('a', {}, ['b'])]);
    expect(plan.changes).toEqual([]);
    expect(plan.settings).toEqual([
      { field: 'strategy', before: 'one_for_one', after: 'one_for_all' },
      { field: 'a.dependsOn', before: [], after: ['b'] },
      { field: 'order', before: ['a', 'b'], after: ['b', 'a'] },
    ]);
  });
});
