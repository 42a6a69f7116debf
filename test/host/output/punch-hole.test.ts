import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HolePuncher } from '../../../host/output/punch-hole.js';

const mebibyte = 1_048_576;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-punch-'));
  path = join(folder, 'stdout');
  writeFileSync(path, Buffer.alloc(20 * mebibyte, 'x'));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Whether this machine and this file system can free blocks at all. */
function canPunch(): boolean {
  const probe = join(folder, 'probe');
  writeFileSync(probe, Buffer.alloc(mebibyte));
  return spawnSync('fallocate', ['--punch-hole', '--offset', '0', '--length', '4096', probe]).status === 0;
}

/** Moves the clock that the puncher reads. */
function clock() {
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  return (ms: number) => {
    nowMs += ms;
  };
}

describe('HolePuncher', () => {
  it('frees consumed blocks of a big file and leaves its length and the rest', async (test) => {
    test.skip(!canPunch(), 'nothing can be freed here');
    const before = statSync(path).blocks;
    const pass = clock();
    const puncher = new HolePuncher(path, 0);
    pass(6_000);
    puncher.consumed(18 * mebibyte);
    pass(6_000);
    puncher.consumed(18 * mebibyte);
    vi.restoreAllMocks();
    await vi.waitFor(() => expect(statSync(path).blocks).toBeLessThan(before / 4));
    expect(statSync(path).size).toBe(20 * mebibyte);
    expect(execFileSync('tail', ['-c', '3', path], { encoding: 'utf8' })).toBe('xxx');
  });

  it('keeps what was consumed in the last seconds: a restarted worker may have to read it again', () => {
    const before = statSync(path).blocks;
    const pass = clock();
    const puncher = new HolePuncher(path, 0);
    puncher.consumed(18 * mebibyte);
    pass(4_000);
    puncher.consumed(20 * mebibyte);
    expect(statSync(path).blocks).toBe(before);
  });
});
