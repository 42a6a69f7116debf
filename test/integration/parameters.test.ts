import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listCheckpoints } from '../../client/checkpoint-list.js';
import { readWorkerRecord } from '../../host/shim-home.js';
import { readService } from '../../workers/embedded/keeper.js';
import { Installation, scriptedAgent, until, type ScriptedSession } from '../support/installation.js';
import { poll } from '../support/poll.js';
import { Published } from '../support/published.js';

const shim = new Installation();
let published: Published;
beforeAll(async () => {
  await shim.up();
  published = await Published.of(shim);
});
afterAll(async () => {
  await published.close();
  await shim.remove();
});

const shell = (script: string) => ({ argv: ['/bin/sh', '-c', script] });
const report = ({ folder }: ScriptedSession, epoch: number) => folder.attempt(epoch).report();

describe('a value that is published', () => {
  it('of danger_zone checkpoints and recycles a session earlier', async () => {
    const full = async (zone: number) => {
      await published.give('danger_zone', zone);
      const name = `danger-${zone * 100}`;
      const agent = [process.execPath, scriptedAgent, '--ledger', join(shim.folder, `${name}.ledger`), '--items', '9', '--step-ms', '30', '--fill-context'];
      // What it works on changes all the while: an unchanged tree makes no checkpoint.
      const session = await shim.startScripted(name, [], { argv: ['/bin/sh', '-c', '(while :; do date +%s%N > file; sleep 0.02; done) & exec "$@"', 'sh', ...agent] });
      await until(() => report(session, 1) !== null, `the recycling of ${session.name}`);
      return { ...report(session, 1), checkpointed: listCheckpoints(session.folder).some(({ manifest }) => manifest?.epoch === 1 && manifest.trigger === 'session_end') };
    };
    const [early, late] = [await full(0.6), await full(0.75)];
    expect(early).toMatchObject({ exitClass: 'recycled', reason: 'context 60 % full, danger zone at 60 %' });
    expect(late).toMatchObject({ exitClass: 'recycled', reason: 'context 80 % full, danger zone at 75 %' });
    expect([early.checkpointed, late.checkpointed]).toEqual([true, true]);
  });

  it('of danger_zone reaches an attempt that runs', async () => {
    const session = await shim.startScripted('danger-live', ['--items', '2', '--fill-context', '--fail', 'hang', '--fail-at', '2']);
    await session.untilItem(1, 'end');
    await until(() => (session.folder.attempt(1).live()?.risk.contextUse ?? 0) > 0.15, 'its context');
    await published.give('danger_zone', 0.15, session.name);
    await until(() => session.folder.attempt(1).record()?.parameters.dangerZone === 0.15, 'the new danger zone at the attempt');
    await poll(
      () => session.status(),
      ({ attemptParameters }) => attemptParameters?.dangerZone === 0.15,
    );
    await published.give('danger_zone', 0.75);
  });

  it('of hang_timeout finds a hang of an attempt that runs', async () => {
    const session = await shim.startScripted('hang', ['--items', '3', '--fail', 'hang'], { limits: { hangToolTimeoutMs: 1_000 } });
    await session.untilItem(1, 'end');
    await session.until('running');
    await published.give('hang_timeout', 1_500, session.name);
    await session.until('completed');
    expect(session.ends()).toEqual(['hung', 'completed']);
    expect(report(session, 1)?.longestSilenceMs).toBeLessThan(60_000);
    await published.give('hang_timeout', 600_000);
  });

  it('of checkpoint_interval makes an attempt that runs come to checkpoints by time', async () => {
    const session = await shim.startScripted('interval', [], shell('while :; do date +%s%N > file; sleep 0.1; done'));
    await session.until('running');
    const byTime = () => listCheckpoints(session.folder).filter(({ manifest }) => manifest?.trigger === 'time_interval').length;
    expect(byTime()).toBe(0);
    await published.give('checkpoint_interval', 0.02, session.name);
    await until(() => byTime() >= 2, 'two checkpoints by time');
    await published.give('checkpoint_interval', 10);
  });

  it('of backoff_base is the first delay of the back-off', async () => {
    await published.give('backoff_base', 321);
    const session = await shim.startScripted('backoff', [], { ...shell('exit 3'), policy: { backoff: { jitter: 0 }, intensity: { maxFailures: 3 } } });
    const { ends } = await session.until('failed');
    expect(ends.map(({ decision }) => decision).slice(0, 3)).toEqual(['restart at once (native)', 'restart after 321 ms (fork)', 'restart after 642 ms (fork)']);
    await published.give('backoff_base', 1_000);
  });

  it('of resume_strategy is the rung at which a resume begins', async () => {
    await published.give('resume_strategy', 'brief');
    const session = await shim.startScripted('rung', ['--items', '3', '--fail', 'kill-in']);
    await session.until('completed');
    expect((await session.receipt(2)).strategy).toBe('brief');
    await published.give('resume_strategy', 'native');
    const other = await shim.startScripted('other-rung', ['--items', '3', '--fail', 'kill-in']);
    await other.until('completed');
    expect((await other.receipt(2)).strategy).toBe('native');
  });

  it.each([
    ['sequential_init', 'after'],
    ['parallel_init', 'before'],
  ] as const)('of restart_strategy, %s, brings the second session back %s the first one runs', async (strategy, when) => {
    await published.give('restart_strategy', strategy);
    const sessions = await Promise.all([1, 2].map((n) => shim.startScripted(`${strategy}-${n}`, [], shell('exec sleep 600'))));
    for (const session of sessions) await session.until('running');
    const { pid } = readService(shim.home, 'host-worker');
    if (pid === null) throw new Error('no host worker');
    // It sees nothing of the ends: the next worker has both to bring back.
    process.kill(pid, 'SIGSTOP');
    for (const session of sessions) process.kill(session.pid(), 'SIGKILL');
    await until(() => sessions.every(({ folder }) => existsSync(join(folder.attempt(1).path, 'exit'))), 'the ends of both');
    process.kill(pid, 'SIGKILL');
    await until(() => (readWorkerRecord(shim.home, 'host-worker')?.pid ?? pid) !== pid, 'a new host worker');
    const seconds = sessions.map(({ folder }) => folder.attempt(2));
    await until(() => seconds.every((attempt) => (attempt.live()?.runningAtMs ?? null) !== null), 'both to run again', 60_000);
    const [first, second] = seconds.map((attempt) => ({ startedAtMs: attempt.record()?.startedAtMs ?? 0, runningAtMs: attempt.live()?.runningAtMs ?? 0 })).sort((a, b) => a.startedAtMs - b.startedAtMs);
    const waited = (second?.startedAtMs ?? 0) >= (first?.runningAtMs ?? 0);
    expect(waited ? 'after' : 'before').toBe(when);
  });

  it('does not touch what a person has set for the session', async () => {
    await published.give('backoff_base', 321);
    const session = await shim.startScripted('pinned', [], { ...shell('exit 3'), parameters: { backoffBaseMs: 55 }, policy: { backoff: { jitter: 0 }, intensity: { maxFailures: 2 } } });
    const { ends, pinned } = await session.until('failed');
    expect(pinned).toEqual(['backoff_base']);
    expect(ends[1]?.decision).toBe('restart after 55 ms (fork)');
    await published.give('backoff_base', 1_000);
  });
});

describe('the record', () => {
  it('of a session that was killed, resumed and completed says what its reports say', async () => {
    const session = await shim.startScripted('recorded', ['--items', '5', '--fail', 'kill-in', '--fail-at', '3']);
    const { sessionId } = await session.until('completed');
    const record = await poll(
      () => published.store.session(sessionId),
      (found) => found?.closed != null,
    );
    const reports = [1, 2].map((epoch) => report(session, epoch));
    const told = ['attemptId', 'epoch', 'exitClass', 'startedAtMs', 'runningAtMs', 'endedAtMs', 'messages', 'toolCalls', 'inputTokens', 'outputTokens', 'costUsd', 'maxContextUse', 'longestSilenceMs'] as const;
    const pick = (from: object | null | undefined) => told.map((key) => (from as Record<string, unknown> | null)?.[key]);
    expect(record?.attempts.map(pick)).toEqual(reports.map(pick));
    expect(record?.attempts.map(({ checkpoints }) => checkpoints)).toEqual(reports.map((each) => each?.checkpointTimes));
    expect(record?.attempts.map(({ parameters }) => parameters)).toEqual([1, 2].map((epoch) => session.folder.attempt(epoch).record()?.parameters));
    expect(record?.attempts[1]?.downtimeMs).toBe((reports[1]?.runningAtMs ?? 0) - (reports[0]?.endedAtMs ?? 0));
    expect(record).toMatchObject({ opened: { sessionName: 'recorded' }, closed: { state: 'completed', attempts: 2, restarts: 1 } });
  });

  it('is complete, and no session waited for it, where the store was locked while it ran', async () => {
    const lock = new Sqlite(join(shim.home, 'outcomes.db'));
    lock.exec('BEGIN IMMEDIATE');
    const session = await shim.startScripted('locked', ['--items', '5', '--fail', 'kill-in', '--fail-at', '3']);
    const { sessionId } = await session.until('completed');
    expect(session.ends()).toEqual(['killed', 'completed']);
    lock.exec('ROLLBACK');
    lock.close();
    const record = await poll(
      () => published.store.session(sessionId),
      (found) => found?.closed != null && found.attempts.length === 2,
      60_000,
    );
    expect(record).toMatchObject({ opened: { sessionName: 'locked' }, closed: { state: 'completed' }, attempts: [{ exitClass: 'killed' }, { exitClass: 'completed' }] });
  });
});
