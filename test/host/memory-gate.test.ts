import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionSpecSchema } from '../../domain/session.js';
import { availableMemory, expectedMemory, MemoryGate } from '../../host/memory-gate.js';
import { SessionFolder } from '../../host/session-folder.js';
import { SupervisorDaemon } from '../../host/supervisor-daemon.js';
import { fixtureAttempt, fixtureReport } from '../client/fixture-session.js';
import { KeptReports, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();
const { newSpec, contextOf } = local;
let letGo: AbortController;
beforeEach(() => {
  letGo = new AbortController();
});
afterEach(() => letGo.abort());

describe('the memory gate', () => {
  it('lets one pass after the other, in order, as memory becomes free', async () => {
    let free = 500e6;
    const gate = new MemoryGate(() => free, () => 1, 5);
    const passed: string[] = [];
    const waits: string[] = [];
    const pass = (name: string) => gate.pass(name, 200e6, letGo.signal, (reason) => waits.push(`${name} ${reason}`))?.then(() => passed.push(name)) ?? Promise.resolve(passed.push(name));
    const all = ['a', 'b', 'c'].map(pass);
    await all[0];
    await expect.poll(() => waits).toEqual([expect.stringContaining('b it waits for memory')]);
    expect(passed).toEqual(['a']);
    free = 700e6;
    await all[1];
    expect(passed).toEqual(['a', 'b']);
    gate.settled('a');
    gate.settled('b');
    await all[2];
    expect(passed).toEqual(['a', 'b', 'c']);
  });

  it('that is let go lets nobody pass', async () => {
    const gate = new MemoryGate(() => 0, () => 1, 5);
    const waiting = gate.pass('a', 1, letGo.signal, () => letGo.abort());
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  it('knows what this machine can give', () => {
    expect(availableMemory()).toBeGreaterThan(1_000_000);
  });
});

describe('what a session is expected to take', () => {
  it('is what its last measured attempt took, else what its kind usually takes', () => {
    const spec = sessionSpecSchema.parse({ ...newSpec('big'), agent: 'claude-code' });
    const folder = new SessionFolder(local.home, 'big');
    folder.create(spec);
    expect(expectedMemory(folder)).toBe(190_000_000);
    folder.attempt(1).create(fixtureAttempt(1, 'fresh'));
    folder.attempt(1).writeLive({ runningAtMs: null, signals: { startedAtMs: 0, pending: [] }, risk: { zone: 'safe' }, zones: [], resources: { cpuMs: 1, rssBytes: 777_000_000 }, transcriptPath: null, offsets: { stdout: 0, stderr: 0 } } as never);
    folder.attempt(2).create(fixtureAttempt(2, 'native'));
    expect(expectedMemory(folder)).toBe(777_000_000);
  });
});

describe('after a reboot', () => {
  it('sessions come back as memory allows: the first at once, the others when there is room, and they say what they wait for', async () => {
    for (const name of ['ann', 'ben']) {
      const folder = new SessionFolder(local.home, name);
      folder.create(newSpec(name));
      folder.attempt(1).create(fixtureAttempt(1, 'fresh'));
      folder.attempt(1).writeReport(fixtureReport(1, { name, exitClass: 'host_rebooted' }));
    }
    let free = 10e6;
    const reports = new KeptReports();
    const waits = once(reports, 'waits');
    const daemon = new SupervisorDaemon(contextOf(reports), () => undefined, () => free);
    await daemon.start();
    await waits;
    expect(reports.ends.map(({ name, exitClass }) => [name, exitClass])).toEqual([['ann', 'host_rebooted']]);
    expect(reports.waiting).toEqual([expect.stringMatching(/^ben: it waits for memory/)]);
    const ended = once(reports, 'ended');
    free = 10e9;
    await ended;
    expect(reports.ends.map(({ name }) => name)).toEqual(['ann', 'ben']);
    daemon.stop();
  });
});
