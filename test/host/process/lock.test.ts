import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockedError, takeHostLock } from '../../../host/process/lock.js';
import { knownPid } from '../../support/known-pid.js';

const program = fileURLToPath(new URL('../../../dist/test/fixtures/hold-lock.js', import.meta.url));
const begun: ChildProcess[] = [];
const strays: number[] = [];
let home: string;

/** Starts a process that takes the lock, and resolves with what it says. */
async function contend(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [program, home], { stdio: ['ignore', 'pipe', 'inherit'] });
  begun.push(child);
  const [chunk] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer | number];
  const said = String(chunk).trim();
  const stray = /^taken (\d+)$/.exec(said)?.[1];
  if (stray !== undefined) strays.push(Number(stray));
  return { child, said };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-lock-'));
  mkdirSync(join(home, 'run'));
});

afterEach(async () => {
  for (const child of begun.splice(0)) await kill(child);
  for (const pid of strays.splice(0)) process.kill(pid, 'SIGKILL');
  rmSync(home, { recursive: true });
});

describe('the host lock', () => {
  it('refuses a second process, and names the first', async () => {
    const first = await contend();
    expect(first.said).toMatch(/^taken/);
    expect((await contend()).said).toBe(`refused by ${first.child.pid}`);
  });

  it('goes with a process that is killed, though a child of it lives on', async () => {
    const first = await contend();
    await kill(first.child);
    expect(() => process.kill(knownPid(strays[0]), 0)).not.toThrow();
    expect((await contend()).said).toMatch(/^taken/);
  });

  it('is had by exactly one of several that want it at once', async () => {
    const all = await Promise.all([contend(), contend(), contend(), contend()]);
    expect(all.filter(({ said }) => said.startsWith('taken'))).toHaveLength(1);
  });

  it('is free again once it is released', () => {
    takeHostLock(home).release();
    const lock = takeHostLock(home);
    expect(() => takeHostLock(home)).toThrow(LockedError);
    lock.release();
  });

  it('leaves files that only their owner can read', () => {
    const lock = takeHostLock(home);
    expect(['host.lock', 'host.lock.json'].map((file) => statSync(join(home, 'run', file)).mode & 0o777)).toEqual([0o600, 0o600]);
    lock.release();
  });

  it('reports a folder that is not there as what it is', () => {
    expect(() => takeHostLock(join(home, 'nowhere'))).toThrow(/nowhere/);
    expect(() => takeHostLock(join(home, 'nowhere'))).not.toThrow(LockedError);
  });
});
