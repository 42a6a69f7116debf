import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { watchEnd, type Held } from '../../../host/process/holder.js';
import { isDead, readProcess } from '../../../host/process/process-table.js';
import { ShellSpawner } from '../../../host/process/shell-spawner.js';
import { shellSpawnersOf } from '../../support/shell-spawners.js';
import { end, endAttempts, environment, lineIn, newAttempt, run } from './attempts.js';

afterEach(endAttempts);

function isGone(pid: number): boolean {
  const info = readProcess(pid);
  return info === null || isDead(info);
}

async function killSpawners(): Promise<void> {
  const pids = shellSpawnersOf(process.pid);
  expect(pids).not.toEqual([]);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await expect.poll(() => pids.every(isGone), { interval: 5 }).toBe(true);
}

describe('the process that starts shells', () => {
  it('has neither the environment nor the folder of the worker', async () => {
    const shells = new ShellSpawner();
    const pid = readProcess(await shells.spawn({ cwd: newAttempt().path, environment }).pid)?.ppid ?? 0;
    expect(shellSpawnersOf(process.pid)).toContain(pid);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('PATH=');
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    process.kill(pid, 'SIGKILL');
  });

  it('tells that a shell cannot be started, and starts the next one', async () => {
    const shells = new ShellSpawner();
    const cwd = newAttempt().path;
    await expect(shells.spawn({ cwd, environment: { HUGE: 'x'.repeat(200_000) } }).pid).rejects.toMatchObject({ code: 'E2BIG' });
    const shell = shells.spawn({ cwd, environment });
    const gone = new Promise<void>((resolve) => shell.onGone(resolve));
    expect(isGone(await shell.pid)).toBe(false);
    shell.end('exit 0\n');
    await gone;
    expect(shell.isGone).toBe(true);
    process.kill(shellSpawnersOf(process.pid).at(-1) ?? 0, 'SIGKILL');
  });

  it('is followed by another where it is killed, and so is a shell that it was to start', async () => {
    const shells = new ShellSpawner();
    const cwd = newAttempt().path;
    const first = await shells.spawn({ cwd, environment }).pid;
    process.kill(readProcess(first)?.ppid ?? 0, 'SIGKILL');
    // Nothing was written for it: its input ends, and it does.
    await expect.poll(() => isGone(first), { interval: 5 }).toBe(true);
    await expect.poll(() => shells.spawn({ cwd, environment }).pid.catch(() => null), { interval: 50 }).not.toBeNull();
    process.kill(shellSpawnersOf(process.pid).at(-1) ?? 0, 'SIGKILL');
  });

  it('takes no command with it: one that runs lives on, and its end is seen all the same', async () => {
    const held = newAttempt();
    const holder = await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    const pid = Number(await lineIn(held.path, 'pid'));
    const ended = new Promise<Held>((resolve) => watchEnd(held, resolve));
    await killSpawners();
    expect(isGone(pid) || isGone(holder)).toBe(false);
    process.kill(holder, 'SIGKILL');
    expect((await ended).kind).toBe('lost');
    const next = newAttempt();
    await expect.poll(() => run(next, 'true').catch(() => null), { interval: 50 }).not.toBeNull();
    expect(await end(next)).toMatchObject({ kind: 'exited', exit: { exitCode: 0 } });
    expect(readFileSync(join(next.path, 'holder.log'), 'utf8')).toBe('');
  });
});
