import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { hostErrorCodes } from '../../../domain/host-requests.js';
import { CgroupRoot } from '../../../host/process/cgroup.js';
import { launchScript } from '../../../host/process/holder-script.js';
import { inspect } from '../../../host/process/holder.js';
import { ParkedHolder } from '../../../host/process/parked-holder.js';
import { isDead, readProcess } from '../../../host/process/process-table.js';
import { end, endAttempts, environment, newAttempt } from './attempts.js';

afterEach(endAttempts);

const cgroups = CgroupRoot.probe();
const input = 'null';

function isGone(pid: number): boolean {
  const info = readProcess(pid);
  return info === null || isDead(info);
}

describe('a parked holder', () => {
  it('runs its command once it is told, with what it was parked in and what came later', async () => {
    const held = newAttempt();
    const holder = new ParkedHolder({ cgroups: null, cwd: held.path, environment: { ...environment, EARLY: '1' } }, held);
    expect(inspect(held).kind).toBe('unclaimed');
    holder.launch({ path: held.path, argv: ['sh', '-c', 'echo "$EARLY $LATE $PWD"'], environment: { LATE: "it's 2\nlines" }, input });
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 0 } });
    expect(readFileSync(join(held.path, 'stdout'), 'utf8')).toBe(`1 it's 2\nlines ${held.path}\n`);
  });

  it('is never taken for lost while it claims its command', async () => {
    for (let round = 0; round < 150; round += 1) {
      const held = newAttempt();
      const holder = new ParkedHolder({ cgroups: null, cwd: held.path, environment }, held);
      holder.launch({ path: held.path, argv: ['true'], environment: {}, input });
      const seen = new Set<string>();
      // Back to back: the claim falls between two looks, or into one.
      while (!seen.has('exited') && !seen.has('lost')) seen.add(inspect(held).kind);
      expect(seen).not.toContain('lost');
    }
  });

  it('ends with the worker that parked it', async () => {
    const held = newAttempt();
    const worker = spawn(process.execPath, [fileURLToPath(new URL('../../../dist/test/fixtures/park-holder.js', import.meta.url)), held.path], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(worker.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isGone(pid)).toBe(false);
    worker.kill('SIGKILL');
    await expect.poll(() => isGone(pid), { interval: 5, timeout: 5_000 }).toBe(true);
    expect(inspect(held).kind).toBe('unclaimed');
  });

  it('runs nothing of a word that is cut off, wherever', async () => {
    const held = newAttempt();
    const word = launchScript({ path: held.path, argv: ['sh', '-c', "echo 'ran' > ran"], environment: { NAME: "a 'b'\nc" }, input });
    const cuts = Array.from({ length: 24 }, (_, at) => Math.floor((at * (word.length - 3)) / 23));
    await Promise.all(
      cuts.map(async (cut) => {
        const shell = spawn('/bin/sh', ['-s'], { cwd: held.path, stdio: ['pipe', 'ignore', 'ignore'] });
        shell.stdin.on('error', () => undefined);
        shell.stdin.end(word.slice(0, cut));
        await once(shell, 'exit');
      }),
    );
    expect(existsSync(join(held.path, 'ran'))).toBe(false);
    expect(existsSync(join(held.path, 'go'))).toBe(false);
  });

  it('outlives a signal to end, and still runs its command', async () => {
    const held = newAttempt();
    const holder = new ParkedHolder({ cgroups: null, cwd: held.path, environment }, held);
    const pid = await holder.pid;
    // It has its traps once it can be seen to catch HUP, INT, QUIT and TERM: it sets them one after the other.
    const caught = () => Number.parseInt(/^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0', 16) & 0x4007;
    await expect.poll(caught, { interval: 2 }).toBe(0x4007);
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    holder.launch({ path: held.path, argv: ['true'], environment: {}, input });
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 0 } });
  });

  it('that is dismissed leaves neither process nor cgroup', async () => {
    const held = newAttempt(cgroups);
    const holder = new ParkedHolder({ cgroups, cwd: held.path, environment });
    const cgroup = cgroups?.of(holder.treeId).path ?? join(held.path, 'none');
    const pid = await holder.pid;
    holder.dismiss();
    await expect.poll(() => isGone(pid) && !existsSync(cgroup), { interval: 5, timeout: 5_000 }).toBe(true);
  });

  it('cannot hold what is to run in another folder that took the name of its own', () => {
    const held = newAttempt();
    const cwd = join(held.path, 'tree');
    mkdirSync(cwd);
    const holder = new ParkedHolder({ cgroups: null, cwd, environment });
    expect(holder.canHold(cwd)).toBe(true);
    renameSync(cwd, `${cwd}-moved`);
    mkdirSync(cwd);
    expect(holder.canHold(cwd)).toBe(false);
    holder.dismiss();
  });

  it('is misconfigured with an argument that the kernel does not take', () => {
    const held = newAttempt();
    const holder = new ParkedHolder({ cgroups: null, cwd: held.path, environment });
    const argv = ['echo', 'x'.repeat(140_000)];
    expect(() => holder.launch({ path: held.path, argv, environment: {}, input })).toThrow(expect.objectContaining({ code: hostErrorCodes.misconfigured }));
    holder.dismiss();
    expect(inspect(held).kind).toBe('unclaimed');
  });
});
