import { describe, expect, it } from 'vitest';
import { HostError } from '../../domain/host-requests.js';
import { attemptRunningSignal, checkpointMadeSignal, hostWaitsSignal, resetUpdate, statusQuery } from '../../workflows/messages.js';
import { aReport } from '../support/session-fixtures.js';
import { poll } from '../support/poll.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();

describe('what a host reports', () => {
  it('an end that comes before the answer to the start counts; the start is given up', async () => {
    const session = await sessions.supervise({
      script: [
        async (input) => {
          await session.host.end(input, { exitClass: 'auth_failed' });
          await poll(
            () => session.handle.query(statusQuery),
            ({ state }) => state === 'failed',
          );
          return session.host.started(input);
        },
      ],
    });
    expect(await session.reaches('failed')).toMatchObject({ attempt: null, ends: [{ epoch: 1, exitClass: 'auth_failed' }] });
    expect(session.host.of('stopAgent')).toHaveLength(0);
  });

  it('a first event that comes before the answer to the start is kept', async () => {
    const session = await sessions.supervise({
      script: [
        async (input) => {
          await session.host.sayRunning(input);
          return session.host.started(input);
        },
      ],
    });
    const { attempt } = await session.runs();
    expect(attempt?.runningAtMs).toBeGreaterThan(0);
  });

  it('an attempt is not running before its first event', async () => {
    const session = await sessions.supervise({ script: [(input) => session.host.started(input)] });
    const { state, attempt } = await session.until((status) => status.attempt !== null);
    expect({ state, runningAtMs: attempt?.runningAtMs }).toEqual({ state: 'starting', runningAtMs: null });
  });

  it('an end that is told twice counts once', async () => {
    const session = await sessions.supervise({ script: ['lives'] });
    await session.runs();
    const { input } = await session.host.nth('startAgent', 1);
    const report = await session.host.end(input, { exitClass: 'overloaded' });
    await session.reaches('backing_off');
    await session.host.tell(report);
    expect(await session.status()).toMatchObject({ state: 'backing_off', epoch: 1, ends: [{ epoch: 1 }] });
    await session.handle.executeUpdate(resetUpdate, { args: [{ by: 'test' }] });
    await session.runs(2);
    await session.host.tell(report);
    expect(await session.status()).toMatchObject({ state: 'running', epoch: 2 });
    expect((await session.status()).ends).toHaveLength(1);
  });

  it('what is said of an earlier epoch changes nothing', async () => {
    const session = await sessions.supervise({ script: ['crashed'] });
    const before = await session.runs(2);
    const { input } = await session.host.nth('startAgent', 1);
    const { sessionId, name, epoch, attemptId } = input;
    await session.host.tell(aReport({ sessionId, name, epoch, attemptId }, { exitClass: 'auth_failed' }, 1));
    await session.handle.signal(attemptRunningSignal, { sessionId, name, epoch, attemptId, runningAtMs: 1 });
    expect(await session.status()).toEqual(before);
  });

  it('a checkpoint that the host made by itself shows', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await session.handle.signal(checkpointMadeSignal, { id: 'ck-0007', atMs: 5, trigger: 'danger_zone' });
    expect((await session.status()).checkpoint).toEqual({ id: 'ck-0007', atMs: 5 });
  });
});

describe('what a host refuses', () => {
  it('a stale epoch makes the session go on above the highest', async () => {
    const session = await sessions.supervise({ script: [() => Promise.reject(new HostError('StaleEpoch', 'epoch 41 was seen', { highest: 41 }))] });
    await session.runs(42);
    expect(session.host.of('startAgent').map(({ input }) => input.epoch)).toEqual([1, 42]);
    expect(await session.searchAttribute('attempt')).toBe(42);
  });

  it('a session with a tombstone on its host is stopped', async () => {
    const session = await sessions.supervise({ script: [() => Promise.reject(new HostError('SessionStopped', 'it bears a tombstone'))] });
    expect(await session.handle.result()).toMatchObject({ state: 'stopped', reason: 'stopped by its tombstone on the host' });
    expect(session.host.of('startAgent')).toHaveLength(1);
  });

  it('a session that is wrongly set up fails at once, whatever its policy', async () => {
    const session = await sessions.supervise({
      policy: { restart: 'always' },
      script: [() => Promise.reject(new HostError('Misconfigured', '/tree is missing'))],
    });
    expect(await session.reaches('failed')).toMatchObject({ reason: 'misconfigured: /tree is missing', ends: [{ exitClass: 'misconfigured' }] });
    expect(session.host.of('startAgent')).toHaveLength(1);
  });

  it('a start that fails for a passing reason is tried again as the same attempt', async () => {
    const session = await sessions.supervise({
      script: [() => Promise.reject(new HostError('NotProvedDead', 'process 7 still lives')), () => Promise.reject(new Error('disk full')), 'completed'],
    });
    const ids = async (count: number) => (await session.host.nth('startAgent', count)).input.attemptId;
    expect(await ids(2)).toBe(await ids(1));
    expect(await ids(3)).toBe(await ids(1));
    expect(await session.handle.result()).toMatchObject({ state: 'completed', attempts: 1, restarts: 0 });
  });
});

it('a completed session whose host cannot be told is shown as completed, and closes when the host is back and has what people are to be told', async () => {
  const session = await sessions.supervise();
  await session.runs();
  const { input } = await session.host.nth('startAgent', 1);
  await session.hostGoes();
  await session.host.end(input, { exitClass: 'completed' });
  await session.until(({ state }) => state === 'completed');
  await session.hostComes();
  expect(await session.handle.result()).toMatchObject({ state: 'completed' });
  expect(session.host.of('takeNotice').map((call) => call.input)).toMatchObject([{ kind: 'finished' }]);
});

describe('a host that puts off the next attempt', () => {
  it('is seen in the state and why, until the end of the one before is told', async () => {
    const session = await sessions.supervise({});
    await session.runs();
    const { attempt } = await session.status();
    const { sessionId, name, epoch, attemptId } = attempt!;
    await session.current().signal(hostWaitsSignal, { sessionId, name, epoch, attemptId, reason: 'it waits for memory: it takes about 190 MB, 80 MB are free' });
    await session.until(({ state, reason }) => state === 'waiting_for_host' && reason.startsWith('it waits for memory'));
    await session.host.end({ sessionId, name, epoch, attemptId }, { exitClass: 'host_rebooted' });
    expect(await session.runs(2)).toMatchObject({ ends: [{ exitClass: 'host_rebooted' }] });
  });
});
