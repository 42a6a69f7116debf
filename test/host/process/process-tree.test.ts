import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { hostErrorCodes } from '../../../domain/host-requests.js';
import { findKnownTree, findTree, type TreeIdentity } from '../../../host/process/find-tree.js';
import { fence, inspect, treeOf, type HeldAttempt } from '../../../host/process/holder.js';
import { isAlive, readProcess, readProcessTable, ticksSinceBoot, type ProcessIdentity } from '../../../host/process/process-table.js';
import { killTree, signalProcess, terminateTree } from '../../../host/process/process-tree.js';
import { canFreeze, freeze } from '../../support/freezer.js';
import { end, endAttempts, environment, lineIn, newAttempt, run } from './attempts.js';

const strangers: ChildProcess[] = [];

/** A process that belongs to no attempt and leads a session of its own. */
function startStranger(): ProcessIdentity {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env: environment });
  strangers.push(child);
  return identityOf(child.pid ?? 0);
}

function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: readProcess(pid)?.startTicks ?? 0 };
}

async function identityIn(held: HeldAttempt, file: string): Promise<ProcessIdentity> {
  return identityOf(Number(await lineIn(held.path, file)));
}

/** A tree that nothing is in, unless a test says so. */
function emptyTree(known: Partial<TreeIdentity>): TreeIdentity {
  return { holder: null, sessions: [], sessionsUntilTicks: 0, sinceTicks: 0, marker: 'SHIM_TREE=of-nobody', cgroup: null, ...known };
}

afterEach(async () => {
  for (const child of strangers.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  await endAttempts();
});

describe('a process without the marker', () => {
  it('is found by its parent, though it took a session of its own', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'env -i setsid sh -c "echo \\$\\$ > clean; exec sleep 60" & exec sleep 60');
    const clean = await identityIn(held, 'clean');
    await killTree(treeOf(held));
    expect(isAlive(clean)).toBe(false);
  });

  it('is found by its session after the agent and the holder have ended', async () => {
    const held = newAttempt();
    const holder = identityOf(await run(held, 'sh', '-c', 'env -i sh -c "echo \\$\\$ > clean; exec sleep 60" & while [ ! -s clean ]; do sleep 0.01; done; kill -9 $$'));
    const clean = await identityIn(held, 'clean');
    expect(await end(held)).toMatchObject({ kind: 'exited', exit: { signal: 'SIGKILL' } });
    // Its exit file is written a moment before it ends.
    await expect.poll(() => isAlive(holder), { interval: 2 }).toBe(false);
    expect(findTree(treeOf(held))).toMatchObject([clean]);
    await fence(held);
    expect(isAlive(clean)).toBe(false);
  });

  it('is found beside a marked one after the holder was killed', async () => {
    const held = newAttempt();
    const holder = await run(held, 'sh', '-c', 'env -i sh -c "echo \\$\\$ > clean; exec sleep 60" & exec sleep 60');
    const clean = await identityIn(held, 'clean');
    const ended = end(held);
    process.kill(holder, 'SIGKILL');
    expect((await ended).kind).toBe('lost');
    await fence(held);
    expect(isAlive(clean)).toBe(false);
  });

  it('is killed at the end of the grace, though its parent ended on TERM and left it alone', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'env -i setsid sh -c "trap \\"\\" TERM; echo \\$\\$ > clean; while :; do sleep 0.05; done" & trap "exit 0" TERM; while :; do sleep 0.01; done');
    const clean = await identityIn(held, 'clean');
    await terminateTree(treeOf(held), 200);
    expect(isAlive(clean)).toBe(false);
  });
});

describe('a stranger', () => {
  it('that got the pid of a process is not signalled in its place', () => {
    const stranger = startStranger();
    signalProcess({ pid: stranger.pid, startTicks: stranger.startTicks - 1 }, 'SIGKILL');
    expect(isAlive(stranger)).toBe(true);
  });

  it('that got the pid of a holder is left alone, and its session too', async () => {
    const stranger = startStranger();
    const proof = await killTree(emptyTree({ holder: { pid: stranger.pid, startTicks: stranger.startTicks - 1 }, sessions: [stranger.pid], sessionsUntilTicks: Infinity }));
    expect(proof).toMatchObject({ killed: 0, remaining: 0 });
    expect(isAlive(stranger)).toBe(true);
  });

  it('whose session has the id of a session of before is left alone', async () => {
    const before = ticksSinceBoot() - 100;
    const held = newAttempt();
    // A session whose leader has ended: its id is all that is left of it.
    const leader = spawn('sh', ['-c', 'sleep 60 & echo $! > member'], { detached: true, stdio: 'ignore', env: environment, cwd: held.path });
    const member = await identityIn(held, 'member');
    await killTree(emptyTree({ sessions: [leader.pid ?? 0], sessionsUntilTicks: before }));
    expect(isAlive(member)).toBe(true);
    process.kill(member.pid, 'SIGKILL');
  });

  it('named by a forged pid file is left alone', async () => {
    const stranger = startStranger();
    const held = newAttempt();
    writeFileSync(join(held.path, 'holder.pid'), `${stranger.pid}\n-1\n0\n1\nnonsense\n`);
    expect(inspect(held).kind).toBe('unclaimed');
    await fence(held);
    expect(isAlive(stranger)).toBe(true);
  });

  it('whose marker only begins like the attempt\'s is left alone', async () => {
    const held = newAttempt();
    const child = spawn('sleep', ['60'], { stdio: 'ignore', env: { ...environment, SHIM_TREE: `${held.treeId}0`, OLD_SHIM_TREE: held.treeId } });
    strangers.push(child);
    await once(child, 'spawn');
    await fence(held);
    expect(isAlive(identityOf(child.pid ?? 0))).toBe(true);
  });
});

describe('a worker that was itself started by an agent', () => {
  it('is not part of that agent\'s tree, nor is what it holds', async () => {
    const held = newAttempt();
    const holder = identityOf(await run(held, 'sh', '-c', 'echo on > on; exec sleep 60'));
    await lineIn(held.path, 'on');
    const own = identityOf(process.pid);
    const found = findKnownTree(emptyTree({ holder: own }), readProcessTable());
    expect(found).toEqual([]);
    expect(isAlive(holder)).toBe(true);
  });
});

describe('a tree that ends on TERM', () => {
  it('always lets its holder write how', async () => {
    for (let round = 0; round < 15; round += 1) {
      const held = newAttempt();
      await run(held, 'sh', '-c', 'trap "exit 5" TERM; echo on > on; while :; do sleep 0.005; done');
      await lineIn(held.path, 'on');
      await terminateTree(treeOf(held), 5_000);
      expect(inspect(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 5 } });
    }
  });

  it('is woken first where it is stopped', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'trap "exit 6" TERM; echo $$ > pid; while :; do sleep 0.005; done');
    process.kill(Number(await lineIn(held.path, 'pid')), 'SIGSTOP');
    await terminateTree(treeOf(held), 5_000);
    expect(inspect(held)).toMatchObject({ kind: 'exited', exit: { exitCode: 6 } });
  });
});

describe('a process that cannot be killed', () => {
  it.skipIf(!canFreeze())('is not said to be dead', async () => {
    const held = newAttempt();
    await run(held, 'sh', '-c', 'echo $$ > pid; exec sleep 60');
    const { pid } = await identityIn(held, 'pid');
    const thaw = await freeze(pid);
    try {
      await expect(killTree(treeOf(held), 100)).rejects.toMatchObject({ code: hostErrorCodes.notProvedDead, message: expect.stringContaining(String(pid)) });
    } finally {
      await thaw();
      await fence(held);
    }
  });
});
