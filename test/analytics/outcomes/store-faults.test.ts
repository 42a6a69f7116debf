import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import { poll } from '../../support/poll.js';
import { postgresPrograms } from '../../../scripts/stack/programs.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { assignment, outcome } from './records.js';
import { assignMany, describeOnEach } from './store-places.js';
import { startStoreProgram } from './store-process.js';

const experimentId = 'experiment/danger_zone/1';
const options = { horizonMs: 1_000, nowMs: 1e6, checkpointLimitMs: 50 };
const many = Array.from({ length: 5_000 }, (_, at) => assignment({ sessionId: `session-${String(at).padStart(5, '0')}` }));
const positions = many.map((_, at) => at + 1);

describeOnEach('a process killed', ({ open, where }) => {
  it('while it told outcomes has told each lot whole or not at all, and what it was answered is kept', async () => {
    const store = await open();
    const program = startStoreProgram(await where(), 'tell-on');
    const answered: (string | null)[] = [];
    while (answered.length < 20) answered.push(await program.line());
    program.kill();
    expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
    const kept = await store.sessionsBetween(0, Number.MAX_SAFE_INTEGER);
    expect(kept.map(({ sessionId }) => sessionId)).toEqual(expect.arrayContaining(answered));
    expect(new Set(kept.map(({ attempts }) => attempts.length))).toEqual(new Set([50]));
  });

  it('while it matured units leaves some without a gap, and the next goes on behind them', async () => {
    const store = await open();
    await assignMany(await where(), many);
    const program = startStoreProgram(await where(), 'mature', experimentId);
    await poll(() => store.unitsAfter(experimentId, 0, 1), (units) => units.length > 0, 20_000);
    program.kill();
    expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
    const before = await store.unitsAfter(experimentId, 0, 10_000);
    expect(before.map(({ position }) => position)).toEqual(positions.slice(0, before.length));
    expect(await store.mature(experimentId, options)).toBe(many.length - before.length);
    const after = await store.unitsAfter(experimentId, 0, 10_000);
    expect(after.map(({ position, sessionId }) => [position, sessionId])).toEqual(many.map(({ sessionId }, at) => [at + 1, sessionId]));
    expect(after.slice(0, before.length)).toEqual(before);
  });
});

describe('a store in a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shim-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('that another process holds is waited for without holding anybody up, then refused, and nothing is lost or double', async () => {
    const path = join(folder, 'outcomes.db');
    const store = await openStore(path);
    const holder = startStoreProgram(path, 'hold');
    expect(await holder.line()).toBe('held');
    const told = outcome();
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    await expect(store.record([told])).rejects.toThrow(/locked/);
    delays.disable();
    expect(delays.percentile(90) / 1e6).toBeLessThan(100);
    expect(await store.session(told.sessionId)).toBeNull();
    const again = store.record([told]);
    holder.release();
    expect(await again).toBe(1);
    expect(await store.record([told])).toBe(0);
    expect(await holder.ended).toEqual({ code: 0, signal: null });
    await store.close();
  });

  it('whose tables were being made by a process that was killed is opened by the next', async () => {
    const path = join(folder, 'outcomes.db');
    const program = startStoreProgram(path, 'tell');
    await poll(() => Promise.resolve(existsSync(path)), (isThere) => isThere, 20_000);
    program.kill();
    expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
    const store = await openStore(path);
    expect(await store.record([outcome()])).toBe(1);
    await store.close();
  });

  it.skipIf(!mayMount())('on a full disk says so, keeps what it said it kept, and goes on once there is room', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'shim-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'shim-test', disk]);
    try {
      const ballast = join(disk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(1_500_000));
      const store = await openStore(join(disk, 'outcomes.db'));
      const lots = Array.from({ length: 200 }, (_, lot) => Array.from({ length: 50 }, (_, at) => outcome({ sessionId: `session-${lot}`, epoch: at + 1 })));
      let kept = 0;
      const fill = async () => {
        for (; ; kept += 1) await store.record(lots[kept] ?? []);
      };
      await expect(fill()).rejects.toThrow(/full/);
      const lengths = async () => new Map((await store.sessionsBetween(0, Number.MAX_SAFE_INTEGER)).map(({ sessionId, attempts }) => [sessionId, attempts.length]));
      expect(await lengths()).toEqual(new Map(lots.slice(0, kept).map((_, lot) => [`session-${lot}`, 50])));
      rmSync(ballast);
      expect(await store.record(lots[kept] ?? [])).toBe(50);
      expect(await lengths()).toEqual(new Map(lots.slice(0, kept + 1).map((_, lot) => [`session-${lot}`, 50])));
      await store.close();
    } finally {
      // Lazily: a closed store's file is let go of when its statements are collected.
      execFileSync('umount', ['--lazy', disk]);
      rmdirSync(disk);
    }
  });
});

const programs = postgresPrograms();
describe.skipIf(programs === null)('a store on a server', () => {
  it('that stops and comes back has lost nothing, and goes on', async () => {
    const server = await PostgresServer.start(programs ?? '');
    try {
      const store = await openStore(server.address);
      const told = [outcome(), outcome()];
      expect(await store.record(told)).toBe(2);
      await assignMany(server.address, many);
      const maturing = store.mature(experimentId, options).catch((error: unknown) => error);
      await poll(() => store.unitsAfter(experimentId, 0, 1), (units) => units.length > 0);
      await server.halt();
      expect(await maturing).toBeInstanceOf(Error);
      await expect(store.record([outcome()])).rejects.toThrow(/ECONNREFUSED|terminat/);
      await server.run();
      expect(await store.record([...told, outcome()])).toBe(1);
      await store.mature(experimentId, options);
      expect((await store.unitsAfter(experimentId, 0, 10_000)).map(({ position }) => position)).toEqual(positions);
      await store.close();
    } finally {
      await server.stop();
    }
  });
});

/** Whether this user may make a small disk to fill. */
function mayMount(): boolean {
  const disk = mkdtempSync(join(tmpdir(), 'shim-disk-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'shim-test', disk], { stdio: 'ignore' }).status === 0;
  if (isMounted) execFileSync('umount', [disk]);
  rmdirSync(disk);
  return isMounted;
}
