import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { fleetSearchAttributes, resetFleetUpdate, stopFleetUpdate } from '../../workflows/fleet-messages.js';
import { pauseUpdate, resumeUpdate, statusQuery, stopUpdate } from '../../workflows/messages.js';
import { Gate } from '../support/gate.js';
import { poll } from '../support/poll.js';
import { useFleets } from '../support/use-fleets.js';

const fleets = useFleets();
const by = { by: 'ann' };
const three = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

// First: a call that is still open when its workflow is left keeps the time-skipping server from ever skipping again.
describe('in skipped time, a fleet', () => {
  it('counts failures within its window only', async () => {
    const fleet = await fleets.supervise([{ name: 'a', policy: { intensity: { maxFailures: 100, windowMs: 1 } } }], { maxFailures: 1, windowMs: 60_000 });
    await fleet.all('running');
    await fleet.ends('a', 'killed');
    await fleet.until(({ members }) => members[0]?.epoch === 2 && members[0].state === 'running' && !members[0].isAwaited);
    await fleet.skip(61_000);
    await fleet.ends('a', 'killed');
    const status = await fleet.until(({ members }) => (members[0]?.epoch ?? 0) >= 2 && members[0]?.state === 'backing_off');
    expect(status).toMatchObject({ state: 'degraded', failures: [{ name: fleet.full('a') }] });
  });
});

describe('a fleet', () => {
  it('begins its members in order and shows them running', async () => {
    const fleet = await fleets.supervise(three, { atOnce: 1 });
    expect(await fleet.all('running')).toMatchObject({ state: 'running', reason: '3 of 3 running', generation: 1, appliedBy: 'test' });
    expect(fleet.asked).toEqual(['start a', 'start b', 'start c']);
  });

  it('can be searched for with its members', async () => {
    const fleet = await fleets.supervise(three);
    await fleet.all('running');
    const { typedSearchAttributes, memo } = await fleet.session('b').describe();
    expect(typedSearchAttributes.get(fleetSearchAttributes.fleet)).toBe(fleet.name);
    expect(memo).toHaveProperty('sessionId');
    expect(await fleet.session('b').query(statusQuery)).toMatchObject({ fleet: fleet.name });
  });

  it('begins so many at once, and the next when one runs', async () => {
    const held = new Gate();
    const slow = (name: string) => ({
      name,
      script: [
        async (input: Parameters<ReturnType<typeof fleet.hostOf>['started']>[0]) => {
          await held.opened;
          await fleet.hostOf(name).sayRunning(input);
          return fleet.hostOf(name).started(input);
        },
      ],
    });
    const fleet = await fleets.supervise([], { atOnce: 2 });
    await fleet.apply(fleet.members([slow('a'), slow('b'), { name: 'c' }]), { atOnce: 2 });
    await fleet.hostOf('a').nth('startAgent', 1);
    await fleet.hostOf('b').nth('startAgent', 1);
    expect(fleet.statesOf(await fleet.status())).toEqual({ a: 'starting', b: 'starting', c: 'waiting' });
    held.open();
    await fleet.all('running');
    expect(fleet.asked.at(-1)).toBe('start c');
  });

  it('begins a member when what it depends on is up, and says what it waits for until then', async () => {
    const fleet = await fleets.supervise([{ name: 'db', script: [() => Promise.reject(ApplicationFailure.nonRetryable('no such folder', 'Misconfigured'))] }, { name: 'app', dependsOn: ['db'] }, { name: 'other' }]);
    const status = await fleet.until((seen) => seen.state === 'degraded' && fleet.statesOf(seen)['other'] === 'running');
    expect(fleet.statesOf(status)).toEqual({ db: 'failed', app: 'waiting', other: 'running' });
    await fleet.handle().executeUpdate(resetFleetUpdate, { args: [by] });
    expect(await fleet.all('running')).toMatchObject({ state: 'running' });
  });

  it('stops its members in reverse order, each after those that depend on it, and closes', async () => {
    const fleet = await fleets.supervise([{ name: 'db' }, { name: 'app', dependsOn: ['db'] }, { name: 'web', dependsOn: ['app'] }], { atOnce: 8 });
    await fleet.all('running');
    fleet.asked.length = 0;
    expect(await fleet.handle().executeUpdate(stopFleetUpdate, { args: [{ by: 'ann', reason: 'home' }] })).toMatchObject({ state: 'stopping' });
    expect(await fleet.handle().result()).toEqual({ state: 'stopped', reason: 'stopped by ann: home' });
    expect(fleet.asked).toEqual(['stop web', 'stop app', 'stop db']);
    expect(await fleet.session('db').query(statusQuery)).toMatchObject({ state: 'stopped', reason: `stopped by fleet/${fleet.name}` });
  });

  it('that is stopped while members wait for their turn never begins them', async () => {
    const held = new Gate();
    const fleet = await fleets.supervise([], { atOnce: 1 });
    const members = fleet.members([{ name: 'a' }, { name: 'b' }]);
    fleet.replay('a', [
      async (input) => {
        await held.opened;
        return fleet.hostOf('a').started(input);
      },
    ]);
    await fleet.apply(members, { atOnce: 1 });
    await fleet.hostOf('a').nth('startAgent', 1);
    await fleet.handle().executeUpdate(stopFleetUpdate, { args: [by] });
    await fleet.hostOf('a').nth('stopAgent', 1);
    await fleet.handle().result();
    held.open();
    expect(fleet.asked).not.toContain('start b');
    expect((await fleet.status()).members[1]).toMatchObject({ state: 'stopped', reason: 'it was never begun' });
  });

  it('has completed when every member has', async () => {
    const fleet = await fleets.supervise([{ name: 'a', script: ['completed'] }, { name: 'b', script: ['completed'] }]);
    expect(await fleet.until(({ state }) => state === 'completed')).toMatchObject({ reason: 'every member has completed' });
  });
});

describe('a new desired set', () => {
  it('starts the new, stops the removed, begins the changed anew, and leaves the rest alone', async () => {
    const fleet = await fleets.supervise(three);
    const [a, b] = (await fleet.all('running')).members;
    const [changed, added] = fleet.members([{ name: 'b' }, { name: 'd' }]);
    const before = await fleet.session('a').query(statusQuery);
    fleet.asked.length = 0;
    await fleet.apply([{ ...a!, dependsOn: [] }, changed!, added!].map(({ spec, environmentAsked, dependsOn }) => ({ spec, environmentAsked, dependsOn })));
    const status = await fleet.until((seen) => seen.state === 'running' && seen.members.length === 3 && seen.leaving.length === 0);
    expect(fleet.statesOf(status)).toEqual({ a: 'running', b: 'running', d: 'running' });
    expect(fleet.asked.filter((call) => !call.endsWith(' d')).toSorted()).toEqual(['start b', 'stop b', 'stop c']);
    expect(fleet.asked.indexOf('stop b')).toBeLessThan(fleet.asked.indexOf('start b'));
    expect(status.members[1]?.spec.sessionId).not.toBe(b?.spec.sessionId);
    expect(await fleet.session('a').query(statusQuery)).toMatchObject({ sessionId: before.sessionId, epoch: 1 });
  });

  it('that was made from an older one is refused, with who came between', async () => {
    const fleet = await fleets.supervise(three);
    await fleet.all('running');
    const refused = await fleet.apply(fleet.members([{ name: 'd' }]), {}, 0).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refused as WorkflowUpdateFailedError).cause?.message).toContain('was changed meanwhile by test');
    expect(await fleet.status()).toMatchObject({ generation: 1 });
  });

  it('with the name of a session that is no member leaves that session alone and says so', async () => {
    const fleet = await fleets.supervise([{ name: 'a' }]);
    await fleet.all('running');
    const other = await fleets.supervise([]);
    const [stranger] = fleet.members([{ name: 'a' }]);
    await other.apply([stranger!]);
    const status = await other.until(({ members }) => members[0]?.state === 'stopped', 20_000);
    expect(status.members[0]?.reason).toContain('already that is not of this fleet');
    expect(await fleet.status()).toMatchObject({ state: 'running' });
  });
});

describe('a member that fails', () => {
  it('is alone under one_for_one', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_one' });
    await fleet.all('running');
    fleet.asked.length = 0;
    await fleet.ends('b', 'killed');
    const status = await fleet.until(({ members, failures }) => failures.length === 1 && members[1]?.epoch === 2 && members[1].state === 'running');
    expect(status).toMatchObject({ state: 'running', failures: [{ name: fleet.full('b'), reason: 'killed: it was killed' }] });
    expect(fleet.asked).toEqual(['start b']);
  });

  it('takes all others along under one_for_all, each with a checkpoint', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_all' });
    await fleet.all('running');
    fleet.asked.length = 0;
    await fleet.ends('b', 'killed');
    const status = await fleet.until(({ members }) => members.every(({ epoch, state, isAwaited }) => epoch === 2 && state === 'running' && !isAwaited));
    expect(status.failures).toHaveLength(1);
    expect(fleet.asked.toSorted()).toEqual(['pause a', 'pause c', 'start a', 'start b', 'start c']);
    expect(fleet.hostOf('a').of('startAgent').at(-1)?.input).toMatchObject({ epoch: 2, strategy: 'native', decision: 'restart' });
    expect(await fleet.session('a').query(statusQuery)).toMatchObject({ ends: [{ exitClass: 'stopped', reason: expect.stringMatching(new RegExp(`^restart by fleet/${fleet.name}: .*-b failed \\(killed: `)) as string, decision: 'restart' }] });
  });

  it('takes those after it along under rest_for_one', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'rest_for_one' });
    await fleet.all('running');
    fleet.asked.length = 0;
    await fleet.ends('b', 'killed');
    await fleet.until(({ members }) => members[1]?.epoch === 2 && members[2]?.epoch === 2 && members.every(({ state, isAwaited }) => state === 'running' && !isAwaited));
    expect(fleet.asked.toSorted()).toEqual(['pause c', 'start b', 'start c']);
  });

  it('takes nobody along that a person has paused', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_all' });
    await fleet.all('running');
    await fleet.session('a').executeUpdate(pauseUpdate, { args: [by] });
    await fleet.until((status) => fleet.statesOf(status)['a'] === 'paused');
    fleet.asked.length = 0;
    await fleet.ends('b', 'killed');
    await fleet.until(({ members }) => members[1]?.epoch === 2 && members[2]?.epoch === 2);
    expect(fleet.asked.toSorted()).toEqual(['pause c', 'start b', 'start c']);
  });

  it('by a reboot or a recycle is no failure, and takes nobody along', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_all' });
    await fleet.all('running');
    fleet.asked.length = 0;
    await fleet.ends('a', 'host_rebooted');
    await fleet.ends('b', 'recycled');
    await fleet.until(({ members }) => members[0]?.epoch === 2 && members[1]?.epoch === 2);
    expect(fleet.asked.toSorted()).toEqual(['start a', 'start b']);
    expect((await fleet.status()).failures).toEqual([]);
  });

  it('by what took its host worker along is no failure either, and takes nobody along', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_all', maxFailures: 0 });
    await fleet.all('running');
    fleet.asked.length = 0;
    for (const name of ['a', 'b', 'c']) await fleet.ends(name, 'lost', { unwatched: true });
    await fleet.until(({ members }) => members.every(({ epoch }) => epoch === 2));
    expect(fleet.asked.toSorted()).toEqual(['start a', 'start b', 'start c']);
    expect(await fleet.status()).toMatchObject({ state: 'running', failures: [] });
  });

  it('in a back-off is shown with why, and the fleet as degraded', async () => {
    const fleet = await fleets.supervise([{ name: 'a', script: ['crashed', 'crashed'] }, { name: 'b' }]);
    const status = await fleet.until(({ state, failures }) => state === 'degraded' && failures.length === 2);
    expect(status.reason).toMatch(/1 of 2 running; .*-a is backing_off \(failure 2 of 5 allowed/);
  });
});

describe('a fleet whose members fail too often', () => {
  it('has failed: members are paused in reverse order, and a reset lets them go on', async () => {
    const fleet = await fleets.supervise(three, { maxFailures: 1, atOnce: 1 });
    await fleet.all('running');
    fleet.asked.length = 0;
    await fleet.ends('a', 'killed');
    await fleet.until(({ members }) => members[0]?.epoch === 2 && members[0].state === 'running');
    await fleet.ends('b', 'killed');
    const failed = await fleet.all('paused');
    expect(failed).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^2 failures of members in 10m, 1 allowed; the last: .*-b, killed/) as string });
    expect(fleet.asked.filter((call) => call.startsWith('pause'))).toEqual(['pause c', 'pause b', 'pause a']);
    expect(await fleet.session('c').query(statusQuery)).toMatchObject({ pauseReason: 'fleet', reason: expect.stringMatching(new RegExp(`^paused by fleet/${fleet.name}: 2 failures of members in 10m, 1 allowed; the last: .*-b, killed`)) as string });
    await expect.poll(() => fleet.notices).toMatchObject([{ kind: 'failed', session: fleet.name, line: expect.stringContaining(`shim fleet ${fleet.name} reset`) as string }]);
    fleet.asked.length = 0;
    await fleet.handle().executeUpdate(resetFleetUpdate, { args: [by] });
    // Whoever waits for the reset waits for those, too, whose turn has not come.
    expect((await fleet.status()).members[2]).toMatchObject({ isAwaited: true });
    expect(await fleet.all('running')).toMatchObject({ state: 'running', failures: [] });
    expect(fleet.asked).toEqual(['start a', 'start b', 'start c']);
  });

  it('leaves alone, at its reset, who was paused by a person', async () => {
    const fleet = await fleets.supervise(three, { maxFailures: 0 });
    await fleet.all('running');
    await fleet.session('a').executeUpdate(pauseUpdate, { args: [by] });
    await fleet.until((status) => fleet.statesOf(status)['a'] === 'paused');
    await fleet.ends('b', 'killed');
    await fleet.all('paused');
    await fleet.handle().executeUpdate(resetFleetUpdate, { args: [by] });
    const status = await fleet.until(({ members }) => members[1]?.state === 'running' && members[2]?.state === 'running');
    expect(fleet.statesOf(status)['a']).toBe('paused');
  });
});

describe('a fleet that another run goes on with', () => {
  it('knows its members, which have outlived the run before, and hears of them', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_all', maxFailures: 3 });
    await fleet.all('running');
    await fleet.goesOnAnew();
    fleet.asked.length = 0;
    await fleet.ends('b', 'killed');
    await fleet.until(({ members }) => members.every(({ epoch, state, isAwaited }) => epoch === 2 && state === 'running' && !isAwaited));
    expect(fleet.asked.toSorted()).toEqual(['pause a', 'pause c', 'start a', 'start b', 'start c']);
    await fleet.handle().executeUpdate(stopFleetUpdate, { args: [by] });
    expect(await fleet.handle().result()).toMatchObject({ state: 'stopped' });
  });
});

describe('a fleet whose workflow was lost', () => {
  it('takes over the sessions that it is told of as they are, ends those that are not wanted, and hears of them again', async () => {
    const fleet = await fleets.supervise(three, { strategy: 'one_for_all' });
    await fleet.all('running');
    const known = (await fleet.status()).members;
    await fleet.ends('a', 'completed');
    await poll(() => fleet.session('a').describe(), ({ status }) => status.name === 'COMPLETED');
    await fleet.isLost();
    fleet.asked.length = 0;
    const [a, b] = known.map(({ spec, environmentAsked, dependsOn }) => ({ spec, environmentAsked, dependsOn }));
    const taken = known.map(({ spec, environmentAsked, dependsOn }, index) => ({ spec, environmentAsked, dependsOn, state: index === 0 ? ('completed' as const) : ('starting' as const), reason: 'it went on by itself' }));
    await fleet.apply(a && b ? [a, b, ...fleet.members([{ name: 'd' }])] : [], { strategy: 'one_for_all' }, 0, taken);
    const status = await fleet.until(({ members, leaving }) => leaving.length === 0 && members.every(({ state }) => state === 'running' || state === 'completed'));
    expect(fleet.statesOf(status)).toEqual({ a: 'completed', b: 'running', d: 'running' });
    expect(fleet.asked.toSorted()).toEqual(['start d', 'stop c']);
    await fleet.ends('d', 'killed');
    await fleet.until(({ members }) => members.slice(1).every(({ epoch, state }) => epoch === 2 && state === 'running'));
  });
});

describe('a member that has changed', () => {
  it('goes on so where its session can: the same session, in another attempt', async () => {
    const fleet = await fleets.supervise(three);
    await fleet.all('running');
    const members = (await fleet.status()).members.map(({ spec, environmentAsked, dependsOn }) => ({ spec, environmentAsked, dependsOn }));
    const changed = members.map((member, index) => (index === 1 ? { ...member, spec: { ...member.spec, limits: { ...member.spec.limits, memoryBytes: 5_000_000 }, changedAt: '2026-02-02T00:00:00.000Z' } } : member));
    fleet.asked.length = 0;
    await fleet.apply(changed);
    const status = await fleet.until(({ members: seen }) => seen[1]?.epoch === 2 && seen[1].state === 'running' && !seen[1].isAwaited);
    expect(fleet.asked).toEqual(['pause b', 'start b']);
    expect(status.members.map(({ spec, epoch }) => [spec.sessionId, spec.limits.memoryBytes, epoch])).toEqual(changed.map(({ spec }, index) => [spec.sessionId, spec.limits.memoryBytes, index === 1 ? 2 : 1]));
    expect(fleet.hostOf('b').of('startAgent').at(-1)?.input.spec.limits.memoryBytes).toBe(5_000_000);
    await fleet.apply(changed);
    expect(fleet.asked).toEqual(['pause b', 'start b']);
  });
});

describe('a member that a person acts on', () => {
  it('is shown as it is, and told apart by who asked', async () => {
    const fleet = await fleets.supervise(three);
    await fleet.all('running');
    await fleet.session('b').executeUpdate(stopUpdate, { args: [by] });
    const status = await fleet.until((seen) => fleet.statesOf(seen)['b'] === 'stopped');
    expect(status).toMatchObject({ state: 'degraded', members: [{}, { reason: 'stopped by ann' }, {}] });
    expect(fleet.asked.filter((call) => call === 'start b')).toHaveLength(1);
  });

  it('comes back to its fleet when it is resumed', async () => {
    const fleet = await fleets.supervise(three);
    await fleet.all('running');
    await fleet.session('b').executeUpdate(pauseUpdate, { args: [by] });
    await fleet.until((seen) => fleet.statesOf(seen)['b'] === 'paused');
    await fleet.session('b').executeUpdate(resumeUpdate, { args: [by] });
    expect(await fleet.all('running')).toMatchObject({ state: 'running' });
  });
});
