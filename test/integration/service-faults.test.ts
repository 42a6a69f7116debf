import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SessionFolder } from '../../host/session-folder.js';
import { readWorkerRecord } from '../../host/shim-home.js';
import { readService, type ServiceName } from '../../workers/embedded/keeper.js';
import { countCopies, CopyCounter } from '../support/copies.js';
import { everyItemOnce, Installation, until } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

let shim: Installation;
afterEach(() => shim.remove());

const patient = { policy: { healthyAfterMs: 1 } };

function kill(name: ServiceName): number {
  const { pid } = readService(shim.home, name);
  if (pid === null) throw new Error(`${name} is not running`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

describe('after SIGKILL of the host worker', () => {
  it('its agents go on, are adopted, and are never started a second time', async () => {
    shim = new Installation();
    await shim.up();
    const sessions = await Promise.all(['one', 'two', 'three'].map((name) => shim.startScripted(name, ['--items', '25', '--step-ms', '150'])));
    for (const session of sessions) await session.untilItem(2);
    const counters = sessions.map((session) => new CopyCounter(session.ledger));
    const pids = sessions.map((session) => session.pid());
    const before = kill('host-worker');
    await until(() => (readWorkerRecord(shim.home, 'host-worker')?.pid ?? before) !== before, 'a new host worker');
    expect(sessions.map((session) => session.pid())).toEqual(pids);
    for (const session of sessions) await session.until('completed');
    for (const counter of counters) counter.stop();
    expect(counters.map(({ most }) => most)).toEqual([1, 1, 1]);
    for (const session of sessions) {
      expect(session.ends()).toEqual(['completed']);
      expect(session.verify(25)).toEqual(everyItemOnce);
    }
  });

  it('an agent that has begun, and whose start waits for its first event, runs on: its session is told, and asks for the start again', async () => {
    shim = new Installation();
    await shim.up();
    const starts = join(shim.folder, 'starts');
    // It says nothing: it runs after a second of life.
    await shim.start({ name: 'silent', agent: 'command', argv: ['/bin/sh', '-c', 'echo begun >> starts; exec sleep 600'], cwd: shim.folder });
    await until(() => existsSync(starts), 'the agent to begin');
    kill('host-worker');
    await shim.client.waitForState('silent', ['running'], 30_000);
    await until(async () => (await shim.client.status('silent')).attempt?.runningAtMs != null, 'the answer to its start');
    expect(await shim.history('silent')).toContain('attemptRunning');
    expect(readFileSync(starts, 'utf8')).toBe('begun\n');
    expect(new SessionFolder(shim.home, 'silent').attempts().map((attempt) => attempt.report())).toEqual([null]);
  });

  it('and of an agent with it, the agent comes back once and knows what was in flight', async () => {
    shim = new Installation();
    await shim.up();
    const session = await shim.startScripted('both', ['--items', '6', '--step-ms', '100'], patient);
    await session.untilItem(3);
    const counter = new CopyCounter(session.ledger);
    kill('host-worker');
    process.kill(session.pid(), 'SIGKILL');
    await session.until('completed');
    counter.stop();
    expect(counter.most).toBe(1);
    expect(session.verify(6)).toEqual(everyItemOnce);
    expect((await session.receipt(2)).inFlight.map(({ summary }) => summary)).toEqual(['{"item":3}']);
  });
});

describe('after SIGKILL of the Temporal server', () => {
  it('the agent goes on, and what ended meanwhile is settled when the server is back', async () => {
    shim = new Installation();
    await shim.up();
    const alive = await shim.startScripted('alive', ['--items', '30', '--step-ms', '60']);
    const dies = await shim.startScripted('dies', ['--items', '5', '--step-ms', '60'], patient);
    await alive.untilItem(2);
    await dies.untilItem(3);
    const counters = [alive, dies].map((session) => new CopyCounter(session.ledger));
    const pid = alive.pid();
    const server = kill('temporal');
    process.kill(dies.pid(), 'SIGKILL');
    await until(() => ![null, server].includes(readService(shim.home, 'temporal').pid), 'a new server');
    await dies.until('completed');
    expect(alive.pid()).toBe(pid);
    await alive.until('completed');
    for (const counter of counters) counter.stop();
    expect(counters.map(({ most }) => most)).toEqual([1, 1]);
    expect(alive.ends()).toEqual(['completed']);
    expect(alive.verify(30)).toEqual(everyItemOnce);
    expect(dies.verify(5)).toEqual(everyItemOnce);
  });
});

describe('after SIGKILL of everything', () => {
  it('every session that is wanted returns once, and none that was stopped', async () => {
    shim = new Installation();
    await shim.up();
    // More than they can do until they are killed.
    const items = 50;
    const wanted = await Promise.all(['ann', 'ben'].map((name) => shim.startScripted(name, ['--items', String(items), '--step-ms', '80'], patient)));
    const stopped = await shim.startScripted('gone', ['--items', '500']);
    for (const session of [...wanted, stopped]) await session.untilItem(2);
    await shim.client.stop('gone', { by: 'test' });
    await stopped.until('stopped');
    const counters = [...wanted, stopped].map((session) => new CopyCounter(session.ledger));
    const names = ['host-worker', 'control-worker', 'temporal'] as const;
    const keepers = names.map((name) => knownPid(readService(shim.home, name).keeperPid));
    for (const pid of keepers) process.kill(pid, 'SIGKILL');
    for (const session of wanted) process.kill(session.pid(), 'SIGKILL');
    for (const name of names) kill(name);
    await until(() => names.every((name) => readService(shim.home, name).pid === null), 'all to be dead');
    await shim.up();
    for (const session of wanted) await session.until('completed');
    for (const counter of counters) counter.stop();
    expect(counters.map(({ most }) => most)).toEqual([1, 1, 0]);
    expect(countCopies(stopped.ledger)).toBe(0);
    for (const session of wanted) {
      expect(session.verify(items)).toEqual(everyItemOnce);
      expect(session.ends()).toEqual(['killed', 'completed']);
    }
  });

  it('a keeper that is killed leaves its service running, and the next up gives it a new one', async () => {
    shim = new Installation();
    await shim.up();
    const { pid, keeperPid } = readService(shim.home, 'temporal');
    process.kill(knownPid(keeperPid), 'SIGKILL');
    await until(() => readService(shim.home, 'temporal').keeperPid === null, 'the keeper to die');
    await shim.up();
    await until(() => readService(shim.home, 'temporal').keeperPid !== null, 'a new keeper');
    expect(readService(shim.home, 'temporal').pid).toBe(pid);
    kill('temporal');
    await until(() => ![null, pid].includes(readService(shim.home, 'temporal').pid), 'the new keeper to start it again');
  });
});

describe('a session that nobody supervises any more', () => {
  it('is told from others by its id: a workflow that was terminated settles its debt', async () => {
    shim = new Installation();
    await shim.up();
    const session = await shim.startScripted('orphan', ['--items', '4', '--step-ms', '300'], patient);
    await session.untilItem(1);
    await shim.terminate('orphan', randomUUID());
    await until(() => session.folder.attempt(1).isReported(), 'the report to be settled');
    expect(session.ends()).toEqual(['completed']);
  });
});
