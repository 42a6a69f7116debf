import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runBatch } from '../../scripts/chaos/batch.js';
import { Disk } from '../../scripts/chaos/disk.js';
import { scheduleOf } from '../../scripts/chaos/schedule.js';
import { addSummary, readSummaries, summaryTable, type RunSummary } from '../../scripts/chaos/summary.js';
import { wrongInLedger } from '../../scripts/chaos/verify-work.js';
import { projectRoot } from '../support/project-root.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-chaos-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function ofSeed(seed: number, with_: Partial<RunSummary> = {}): RunSummary {
  return { build: '1.2.3+new', seed, minutes: 1, agents: 20, faults: { 'kill-agent': 3, 'fill-disk': 1 }, lacking: [], attempts: 50, items: 600, looks: 1_000, recoveredMs: 4_000, restartsMs: [100, 200, 900], violations: [], ...with_ };
}

describe('The schedule of chaos', () => {
  it('is the same for the same seed', () => {
    expect(scheduleOf(5, 60_000, 20)).toEqual(scheduleOf(5, 60_000, 20));
    expect(scheduleOf(5, 60_000, 20)).not.toEqual(scheduleOf(6, 60_000, 20));
  });

  it('of the run in .ci/run hurts the disk in each way, and only when it is well again', () => {
    const [, seed, minutes] = /chaos -- --seed (\d+) --minutes ([\d.]+)/.exec(readFileSync(join(projectRoot(), '.ci', 'run'), 'utf8')) ?? [];
    const hurts = scheduleOf(Number(seed), Number(minutes) * 60_000, 20).filter(({ kind }) => kind.endsWith('-disk'));
    expect(new Set(hurts.map(({ kind }) => kind))).toEqual(new Set(['fill-disk', 'slow-disk', 'freeze-disk']));
    const firstOfEach = (['fill-disk', 'slow-disk', 'freeze-disk'] as const).map((wanted) => hurts.findIndex(({ kind }) => kind === wanted));
    expect(firstOfEach.filter((at) => hurts.slice(0, at).some(({ atMs, lastsMs }) => atMs + lastsMs > (hurts[at]?.atMs ?? 0)))).toEqual([]);
  });
});

describe('A batch of chaos', () => {
  it('runs the seeds that are not in its file for this build, so many at once', async () => {
    const file = join(folder, 'runs');
    for (const had of [ofSeed(2), ofSeed(4, { violations: ['4.0s wrong'] }), ofSeed(1, { build: '1.2.3+old' }), ofSeed(3, { minutes: 5 })]) addSummary(file, had);
    const lines: string[] = [];
    const begun: number[] = [];
    let [now, most] = [0, 0];
    const run = async (seed: number) => {
      begun.push(seed);
      most = Math.max(most, (now += 1));
      await Promise.resolve();
      if (seed !== 6) addSummary(file, ofSeed(seed));
      now -= 1;
    };
    const runs = await runBatch({ seeds: 6, minutes: 1, agents: 20, atOnce: 2, build: '1.2.3+new', file, run, tell: (line) => lines.push(line), stop: new AbortController().signal });
    expect(begun).toEqual([1, 3, 5, 6]);
    expect(most).toBe(2);
    expect(runs.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5]);
    expect(lines).toContain('seed 6 came to no summary; the same batch again runs it again');
    expect(lines.join('\n')).toMatch(/^2 of 6 seeds are in .*\n3\/6 seed 1 passed: 4 faults, 50 attempts, 600 items, well again after 4.0 s$/m);
  });

  it('that is broken off begins no other run', async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    const run = async (seed: number) => {
      begun.push(seed);
      stop.abort();
    };
    await runBatch({ seeds: 9, minutes: 1, agents: 20, atOnce: 1, build: 'any', file: join(folder, 'runs'), run, tell: () => undefined, stop: stop.signal });
    expect(begun).toEqual([1]);
  });

  it('is told of as a whole, with what failed and what could not be had', () => {
    const table = summaryTable([ofSeed(1), ofSeed(2, { violations: ['1.0s two copies'], recoveredMs: null, lacking: ['slow-disk'] })]);
    expect(table).toContain('2 seeds (1 to 2) of 1 min over 20 agents, build 1.2.3+new; not to be had there: slow-disk:');
    expect(table).toContain('| faults inflicted | 8 |\n| … kill-agent | 6 |\n| … fill-disk | 2 |\n| attempts | 100 |');
    expect(table).toContain('median, p99, most | 0.2, 0.9, 0.9 s |');
    expect(table).toContain('| seeds with a violation | 1: 2 |');
  });

  it('takes a file of something else for none of its own', () => {
    const file = join(folder, 'runs');
    writeFileSync(file, '{"seed":1}\n');
    expect(() => readSummaries(file)).toThrow(/build/);
  });
});

describe('The ledger of an agent', () => {
  it.each([
    ['begin 1\nend 1\nbegin 2\nend 2\nbegin 3\n', []],
    ['begin 1\nend 1\nbegin 3\nend 3\n', ['item 2 was lost']],
    ['begin 1\nend 1\nbegin 1\nend 1\nbegin 2\n', ['item 1 was done twice without having been told of (2 begins, 2 ends)']],
    ['begin 1\nbegin 2\nend 2\n', ['item 1 was begun and left']],
  ])('%j has wrong: %j', (text, wrong) => {
    expect(wrongInLedger(text)).toEqual(wrong);
  });
});

describe('The disk of a run', () => {
  it('is full, slow or frozen for as long as it is meant to be, where this machine lets it, and is then taken away', async (context) => {
    const disk = new Disk(folder, 'shim-test');
    try {
      context.skip(disk.lacking.length > 0, `this machine lets nobody have ${disk.lacking.join(', ')}`);
      const file = join(disk.path, 'file');
      const full = disk.fill();
      expect(disk.slow(1_000)).toBeNull();
      await expect(written(file, 1_000_000)).rejects.toThrow(/ENOSPC/);
      full?.end();
      // What was removed is free with the next commit of the file system.
      await expect.poll(() => written(file, 1_000_000).catch(() => null), { timeout: 20_000 }).not.toBeNull();
      const slow = disk.slow(1_000_000);
      expect(await written(file, 1_000_000)).toBeGreaterThan(500);
      slow?.end();
      const frozen = disk.freeze(1_500);
      // Whoever writes once it is frozen waits until it has thawed by itself.
      await expect.poll(() => written(file, 10), { timeout: 10_000 }).toBeGreaterThan(300);
      await expect.poll(() => disk.isFrozen).toBe(false);
      frozen?.end();
      expect(readFileSync(file)).toHaveLength(10);
    } finally {
      expect(disk.remove()).toEqual([]);
    }
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder);
  });
});

/** Writes and syncs so many bytes. @returns how long that took, ms. */
async function written(path: string, bytes: number): Promise<number> {
  const began = performance.now();
  const file = await open(path, 'w');
  try {
    await file.writeFile(Buffer.alloc(bytes, 'x'));
    await file.sync();
  } finally {
    await file.close();
  }
  return performance.now() - began;
}
