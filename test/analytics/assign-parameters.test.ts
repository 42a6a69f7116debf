import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assignParameters } from '../../analytics/assign-parameters.js';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { PublishedParameter, Store } from '../../analytics/outcomes/store.js';
import type { AssignParametersInput } from '../../domain/assignment.js';
import type { Arm } from '../../domain/experiments/unit.js';
import { parametersSchema } from '../../domain/parameters.js';

const folder = mkdtempSync(join(tmpdir(), 'shim-assign-'));
const own = parametersSchema.parse({ dangerZone: 0.7 });
const experimentId = 'experiment/danger_zone/1';
const enrolment = { experimentId, statsigName: 'danger_zone_optimization_1', control: 0.75, treatment: 0.6, startedAtMs: 1_000 };

let store: Store;
beforeEach(async () => {
  store = await openStore(join(folder, `${randomUUID()}.db`));
});
afterEach(async () => {
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Statsig's answer, and how often it was asked. */
class Statsig {
  asked = 0;
  constructor(private readonly arm: Arm | null) {}
  assign(): { arm: Arm } | null {
    this.asked += 1;
    return this.arm && { arm: this.arm };
  }
}

function aSession(change: Partial<AssignParametersInput> = {}): AssignParametersInput {
  return { sessionId: randomUUID(), name: 'fix', agent: 'command', hostId: 'host', parameters: own, pinned: [], startedAtMs: 2_000, attempts: 0, ...change };
}

function publish(change: Partial<PublishedParameter>): Promise<PublishedParameter> {
  return store.publish({ name: 'danger_zone', value: 0.75, version: Date.now(), rollout: null, enrolment: null, ...change }, Date.now());
}

const ask = (input: AssignParametersInput, statsig = new Statsig(null)) => assignParameters({ store, platform: statsig }, input, 5_000);

describe('a session that asks what to run with', () => {
  it('has its own parameters where nothing was published', async () => {
    expect(await ask(aSession())).toEqual({ parameters: own, assignments: [] });
  });

  it('has what is published, but for what a person has pinned', async () => {
    await publish({ value: 0.65 });
    await publish({ name: 'backoff_base', value: 123 });
    expect(await ask(aSession({ pinned: ['danger_zone'] }))).toEqual({ parameters: { ...own, backoffBaseMs: 123 }, assignments: [] });
  });

  it('is not given what a host has', async () => {
    await publish({ name: 'restart_strategy', value: 'sequential_init' });
    expect(await ask(aSession())).toEqual({ parameters: own, assignments: [] });
  });

  it('is refused a value that its parameter cannot have', async () => {
    await publish({ value: 7 });
    await expect(ask(aSession())).rejects.toThrow('danger_zone is from 0.1 to 1 ratio, not 7');
  });
});

describe('a session that begins while an experiment enrols', () => {
  it.each([
    ['control', 0.75],
    ['treatment', 0.6],
  ] as const)('is given the value of the arm %s, which is stored before it is answered', async (arm, value) => {
    await publish({ enrolment });
    const session = aSession();
    expect(await ask(session, new Statsig(arm))).toEqual({ parameters: { ...own, dangerZone: value }, assignments: [{ experimentId, parameter: 'danger_zone', arm }] });
    expect(await store.assignmentsOf(session.sessionId)).toEqual([{ experimentId, sessionId: session.sessionId, parameter: 'danger_zone', arm, value, assignedAtMs: 5_000 }]);
  });

  it('keeps what it was given, whatever Statsig says later, and Statsig is asked once', async () => {
    await publish({ enrolment });
    const session = aSession();
    const first = new Statsig('treatment');
    await ask(session, first);
    const later = new Statsig('control');
    expect((await ask({ ...session, attempts: 3 }, later)).parameters.dangerZone).toBe(0.6);
    expect((await ask(session, later)).assignments).toMatchObject([{ arm: 'treatment' }]);
    expect([first.asked, later.asked]).toEqual([1, 0]);
  });

  it.each([
    ['began before it', { startedAtMs: 999 }],
    ['has had an attempt', { attempts: 1 }],
    ['has the parameter pinned', { pinned: ['danger_zone' as const] }],
  ])('is not taken in if it %s', async (_why, change) => {
    await publish({ enrolment });
    const statsig = new Statsig('treatment');
    const session = aSession(change);
    expect((await ask(session, statsig)).assignments).toEqual([]);
    expect(statsig.asked).toBe(0);
    expect(await store.assignmentsOf(session.sessionId)).toEqual([]);
  });

  it('is outside where Statsig says so, and has the published value', async () => {
    await publish({ enrolment });
    expect(await ask(aSession(), new Statsig(null))).toEqual({ parameters: { ...own, dangerZone: 0.75 }, assignments: [] });
  });

  it('leaves the treatment when the enrolment is taken back', async () => {
    await publish({ enrolment });
    const session = aSession();
    await ask(session, new Statsig('treatment'));
    await publish({ version: Date.now() + 1, enrolment: null });
    expect(await ask({ ...session, attempts: 1 })).toEqual({ parameters: { ...own, dangerZone: 0.75 }, assignments: [] });
  });

  it('asked for twice at once is given one arm', async () => {
    await publish({ enrolment });
    const session = aSession();
    const answers = await Promise.all([ask(session, new Statsig('treatment')), ask(session, new Statsig('control'))]);
    expect(answers[0]).toEqual(answers[1]);
    expect(await store.assignmentsOf(session.sessionId)).toHaveLength(1);
  });
});

describe('a session that begins while a value is rolled out', () => {
  const rollout = { experimentId, control: 0.75, share: 0.3 };

  it('is within its share, or keeps what was before, and is watched under an id of its own', async () => {
    await publish({ value: 0.6, rollout });
    const sessions = Array.from({ length: 100 }, () => aSession());
    const arms: Arm[] = [];
    for (const session of sessions) {
      const { parameters, assignments } = await ask(session);
      const arm = parameters.dangerZone === 0.6 ? 'treatment' : 'control';
      expect(assignments).toEqual([{ experimentId: `${experimentId}/monitoring`, parameter: 'danger_zone', arm }]);
      arms.push(arm);
    }
    // Of 100 at .3, six standard deviations lie at 3 and 57.
    const treated = arms.filter((arm) => arm === 'treatment').length;
    expect(treated).toBeGreaterThan(3);
    expect(treated).toBeLessThan(57);
  });

  it('is not given up by it when the share grows; one with attempts is placed but not counted', async () => {
    await publish({ value: 0.6, rollout });
    const sessions = Array.from({ length: 40 }, () => aSession({ attempts: 1 }));
    const before = await Promise.all(sessions.map(async (session) => (await ask(session)).parameters.dangerZone === 0.6));
    await publish({ version: Date.now() + 1, value: 0.6, rollout: { ...rollout, share: 0.8 } });
    const after = await Promise.all(sessions.map(async (session) => (await ask(session)).parameters.dangerZone === 0.6));
    expect(before.every((within, at) => !within || after[at] === true)).toBe(true);
    expect(after.filter(Boolean).length).toBeGreaterThan(before.filter(Boolean).length);
    expect(await store.countAssignments(`${experimentId}/monitoring`)).toEqual({ control: 0, treatment: 0 });
  });
});
