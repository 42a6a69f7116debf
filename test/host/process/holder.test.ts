import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CgroupRoot } from '../../../host/process/cgroup.js';
import { claimAgainst, fence, inspect, treeOf } from '../../../host/process/holder.js';
import { treeMarker } from '../../../host/process/parked-holder.js';
import { findTree } from '../../../host/process/find-tree.js';
import { killTree, terminateTree } from '../../../host/process/process-tree.js';
import { isAlive, readProcess } from '../../../host/process/process-table.js';
import { end, endAttempts, environment, lineIn, newAttempt, run } from './attempts.js';

afterEach(endAttempts);

describe('a held command', () => {
  it('ends with its exit code', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'exit 3');
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 3, signal: null } });
  });

  it('that exits with 137 by itself was not killed', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'exit 137');
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 137, signal: null } });
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT'] as const)('ended by %s is told from an exit code', async (signal) => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    const pid = Number(await lineIn(held.path, 'pid'));
    process.kill(pid, signal);
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: null, signal } });
  });

  it('gets its arguments as they are', async () => {
    const held = newAttempt();
    const awkward = ['a b', "it's", '"q"', 'line\nline', '$HOME', '', '-n', '*'];
    await run(held, process.execPath, '-e', 'process.stdout.write(JSON.stringify(process.argv.slice(1)) + "\\n")', '--', ...awkward);
    await end(held);
    expect(JSON.parse(readFileSync(join(held.path, 'stdout'), 'utf8'))).toEqual(awkward);
  });

  it('that does not exist ends with 127', async () => {
    const held = newAttempt();
    await run(held, '/nowhere/to be found');
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 127 } });
  });

  it('whose holder is killed is told to be lost by whoever started the holder, without looking for it', async () => {
    const held = newAttempt();
    const holder = await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    await lineIn(held.path, 'pid');
    const ended = end(held);
    const killedMs = performance.now();
    process.kill(holder, 'SIGKILL');
    expect(await ended).toEqual({ kind: 'lost' });
    // Sooner than at the next look.
    expect(performance.now() - killedMs).toBeLessThan(5_000);
  });

  it('is found running by another process, and lives on without the one that started it', async () => {
    const held = newAttempt();
    const starter = spawn(process.execPath, [fileURLToPath(new URL('../../../dist/test/fixtures/start-holder.js', import.meta.url)), held.path, held.treeId], { stdio: 'ignore' });
    await once(starter, 'exit');
    const pid = Number(await lineIn(held.path, 'pid'));
    expect(starter.exitCode).toBe(null);
    expect(starter.signalCode).toBe('SIGKILL');
    expect(inspect(held).kind).toBe('running');
    expect(readProcess(pid)).not.toBeNull();
  });

  it('is lost when its holder is killed, and its orphan is found by the marker', async () => {
    const held = newAttempt();
    const holder = await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    const pid = Number(await lineIn(held.path, 'pid'));
    const ended = end(held);
    process.kill(holder, 'SIGKILL');
    expect((await ended).kind).toBe('lost');
    expect(findTree(treeOf(held)).map((info) => info.pid)).toEqual([pid]);
    const proof = await fence(held);
    expect(proof).toMatchObject({ killed: 1, remaining: 0 });
    expect(readProcess(pid)?.state ?? 'gone').toMatch(/gone|Z/);
  });
});

describe('the claim', () => {
  it('taken before the holder starts keeps the command from running', async () => {
    const held = newAttempt();
    expect(claimAgainst(held)).toBe(true);
    const holder = await run(held, 'sh', '-c', 'echo ran > ran');
    const identity = { pid: holder, startTicks: readProcess(holder)?.startTicks ?? 0 };
    await expect.poll(() => isAlive(identity), { interval: 5 }).toBe(false);
    expect(existsSync(join(held.path, 'ran'))).toBe(false);
  });

  it('lets exactly one of two holders run the command', async () => {
    for (let round = 0; round < 20; round += 1) {
      const held = newAttempt();
      await run(held, 'sh', '-c', 'echo one >> ran');
      await run(held, 'sh', '-c', 'echo two >> ran');
      await end(held);
      expect(readFileSync(join(held.path, 'ran'), 'utf8').trim().split('\n')).toHaveLength(1);
    }
  });
});

describe.each([
  ['by sweep', null],
  ['by cgroup', CgroupRoot.probe()],
])('the whole tree %s', (label, cgroups) => {
  it.skipIf(label === 'by cgroup' && cgroups === null)('dies, with what left it by setsid and a double fork', async () => {
    const held = newAttempt(cgroups);
    await run(held, 'sh', '-c', '(setsid sh -c "echo \\$\\$ > far; exec sleep 60" &) ; echo $$ > pid; exec sleep 60');
    const pids = [Number(await lineIn(held.path, 'far')), Number(await lineIn(held.path, 'pid'))];
    const proof = await killTree(treeOf(held));
    expect(proof.method).toBe(cgroups ? 'cgroup' : 'sweep');
    expect(proof.killed).toBeGreaterThanOrEqual(2);
    for (const pid of pids) expect(readProcess(pid)?.state ?? 'gone').toMatch(/gone|Z/);
    expect(findTree(treeOf(held))).toEqual([]);
  });

  it.skipIf(label === 'by cgroup' && cgroups === null)('that ignores TERM is killed at the end of its grace', async () => {
    const held = newAttempt(cgroups);
    await run(held, 'sh', '-c', 'trap "" TERM; echo $$ > pid; while :; do sleep 0.05; done');
    await lineIn(held.path, 'pid');
    const started = performance.now();
    const proof = await terminateTree(treeOf(held), 300);
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);
    expect(proof.remaining).toBe(0);
  });

  it.skipIf(label === 'by cgroup' && cgroups === null)('dies though it forks as fast as it can', async () => {
    const held = newAttempt(cgroups);
    await run(held, 'sh', '-c', 'f() { n=$1; [ $n -gt 0 ] || exec sleep 60; f $((n-1)) & f $((n-1)) & wait; }; f 6 & echo on > pid; wait');
    await lineIn(held.path, 'pid');
    const proof = await killTree(treeOf(held));
    expect(proof.remaining).toBe(0);
    expect(findTree(treeOf(held))).toEqual([]);
  });

  it.skipIf(label === 'by cgroup' && cgroups === null)('that ends on TERM leaves the exit its command chose', async () => {
    const held = newAttempt(cgroups);
    await run(held, 'sh', '-c', 'trap "exit 5" TERM; echo $$ > pid; while :; do sleep 0.05; done');
    await lineIn(held.path, 'pid');
    const ended = end(held);
    await terminateTree(treeOf(held), 5_000);
    expect(await ended).toMatchObject({ kind: 'exited', exit: { exitCode: 5 } });
  });
});

describe('a zombie', () => {
  it('counts as dead', async () => {
    // Its parent has become a program that never waits for it.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...environment, [treeMarker]: 'zombie-test' } });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(chunk.toString().trim());
    await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8'), { interval: 5 }).toBe('sleep\n');
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readProcess(pid)?.state, { interval: 5 }).toBe('Z');
    expect(isAlive({ pid, startTicks: readProcess(pid)?.startTicks ?? 0 })).toBe(false);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });
});
