import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';
import type { ProofOfDeath } from '../../domain/receipt.js';
import { findTree, type TreeIdentity } from './find-tree.js';
import { readProcess, type ProcessInfo } from './process-table.js';
import { nextProcessTable } from './shared-table.js';

/** Looks in which every process that is new is stopped; what forks faster than that is killed as it is found. */
const stoppingLooks = 10;

/** A kill is looked at again after this, and after the quick looks more slowly, ms. */
const lookIntervalMs = 2;
const slowLookIntervalMs = 50;
const quickLooks = 50;

/** While a tree ends by itself, it is looked at ever less often, ms. */
const longestWaitMs = 20;

/**
 * Kills every process of the tree and proves that none is left.
 *
 * @throws HostError NotProvedDead if some are still there so long after the first SIGKILL, ms (a process in an uninterruptible wait, or
 * one that this user may not signal).
 */
export function killTree(tree: TreeIdentity, deadlineMs = 10_000): Promise<ProofOfDeath> {
  return killAll(tree, new Map(), deadlineMs);
}

/**
 * Asks every process of the tree to end (SIGTERM, and SIGCONT for those that are stopped), waits until all are gone or
 * the grace is over, then kills the rest. The holder is not asked: it ends after its command, when it has written how.
 *
 * @throws HostError NotProvedDead as killTree does.
 */
export async function terminateTree(tree: TreeIdentity, graceMs: number): Promise<ProofOfDeath> {
  const deadlineMs = performance.now() + graceMs;
  const seen = new Map<number, ProcessInfo>();
  for (let waitMs = 1; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
    const left = findTree(tree, await nextProcessTable(), seen.values());
    const remainingMs = deadlineMs - performance.now();
    if (left.length === 0 || remainingMs <= 0) return killAll(tree, seen);
    for (const info of unseen(left, seen)) {
      if (info.pid !== tree.holder?.pid) signalProcess(info, 'SIGTERM');
      signalProcess(info, 'SIGCONT');
    }
    await delay(Math.min(waitMs, remainingMs));
  }
}

/** @param seen what is known to belong to the tree, though nothing may show it any more (its parent has died). */
async function killAll(tree: TreeIdentity, seen: Map<number, ProcessInfo>, deadlineMs = 10_000): Promise<ProofOfDeath> {
  const startedMs = performance.now();
  let killedAtMs: number | null = null;
  const stopped = new Map<number, ProcessInfo>();
  const killed = new Set<number>();
  for (let look = 0; ; look += 1) {
    const table = await nextProcessTable();
    const left = findTree(tree, table, [...seen.values(), ...stopped.values()]);
    if (left.length === 0 && !tree.cgroup?.isPopulated()) {
      tree.cgroup?.remove();
      return {
        method: tree.cgroup ? 'cgroup' : 'sweep',
        examined: table.size,
        killed: killed.size,
        remaining: 0,
        atMs: Date.now(),
        durationMs: performance.now() - startedMs,
      };
    }
    // All are stopped before the first is killed: a stopped one cannot fork, and no kill cuts a child off from the
    // parent that shows whose it is.
    const fresh = unseen(left, stopped);
    for (const info of fresh) signalProcess(info, 'SIGSTOP');
    if (fresh.length > 0 && look < stoppingLooks) {
      await nextTurn();
      continue;
    }
    tree.cgroup?.kill();
    for (const info of left) {
      signalProcess(info, 'SIGKILL');
      killed.add(info.pid);
    }
    // From the first kill on: where looks take long, those before it say nothing of what survives one.
    killedAtMs ??= performance.now();
    if (performance.now() - killedAtMs > deadlineMs) {
      const some = left.slice(0, 5).map(({ pid, state }) => `${pid} (${state})`);
      throw new HostError(hostErrorCodes.notProvedDead, `${left.length} processes survive SIGKILL: ${some.join(', ')}`);
    }
    await delay(look < quickLooks ? lookIntervalMs : slowLookIntervalMs);
  }
}

/** Those that were not seen before; they are from now on. */
function unseen(found: readonly ProcessInfo[], seen: Map<number, ProcessInfo>): ProcessInfo[] {
  const fresh = found.filter(({ pid, startTicks }) => seen.get(pid)?.startTicks !== startTicks);
  for (const info of fresh) seen.set(info.pid, info);
  return fresh;
}

/** Signals the very process that was seen: a pid that has gone to another process since is left alone. */
export function signalProcess(seen: Pick<ProcessInfo, 'pid' | 'startTicks'>, signal: NodeJS.Signals): void {
  if (readProcess(seen.pid)?.startTicks !== seen.startTicks) return;
  try {
    process.kill(seen.pid, signal);
  } catch (error) {
    // EPERM: it took another user's rights. It stays in the way of the proof, which says so.
    const isNoFailure = error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM');
    if (!isNoFailure) throw error;
  }
}
