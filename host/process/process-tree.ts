import { setTimeout as delay } from 'node:timers/promises';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';
import type { ProofOfDeath } from '../../domain/receipt.js';
import type { Cgroup } from './cgroup.js';
import { bearsMarker, isDead, readProcess, readProcessTable, type ProcessInfo } from './process-table.js';

/** How the processes of one attempt are told from all others. */
export interface TreeIdentity {
  /** Pid of the holder, which leads its own session and group; null where it is not known. */
  holderPid: number | null;
  /** Processes that started before the attempt cannot belong to it; clock ticks since boot. */
  sinceTicks: number;
  /** NAME=value in the environment of every process the agent starts, whatever session or parent it takes. */
  marker: string;
  /** The attempt's cgroup, where the machine lets SHIM make one. */
  cgroup: Cgroup | null;
}

/** A kill is looked at again after this; a process that is merely being reaped is gone by then, ms. */
const passIntervalMs = 2;
const slowPassIntervalMs = 50;

/** Passes until the interval grows: a bounded fork bomb dies within them. */
const quickPasses = 50;

/**
 * The living processes of an attempt: what its cgroup lists, or every process that descends from the holder, is in its
 * session or group, or bears the marker. Zombies are dead.
 */
export function findTree(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo> = readProcessTable()): ProcessInfo[] {
  return selectTree(tree, table, ({ pid }) => bearsMarker(pid, tree.marker));
}

/** As findTree, but without looking for the marker, which costs a read of each other process: for frequent looks. */
export function findKnownTree(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo>): ProcessInfo[] {
  return selectTree(tree, table, () => false);
}

function selectTree(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo>, isStray: (info: ProcessInfo) => boolean): ProcessInfo[] {
  const inCgroup = new Set(tree.cgroup?.pids());
  const descendants = descendantsOf(tree.holderPid, table);
  const members: ProcessInfo[] = [];
  for (const info of table.values()) {
    if (isDead(info) || info.pid === process.pid || info.startTicks < tree.sinceTicks) continue;
    const belongs =
      inCgroup.has(info.pid) ||
      descendants.has(info.pid) ||
      (tree.holderPid !== null && (info.session === tree.holderPid || info.processGroup === tree.holderPid)) ||
      isStray(info);
    if (belongs) members.push(info);
  }
  return members;
}

/**
 * Kills every process of the tree and proves that none is left.
 *
 * @throws HostError NotProvedDead if some are still there after `deadlineMs` (a process in an uninterruptible wait).
 */
export async function killTree(tree: TreeIdentity, deadlineMs = 10_000): Promise<ProofOfDeath> {
  const startedMs = performance.now();
  const killed = new Set<number>();
  for (let pass = 0; ; pass += 1) {
    const table = readProcessTable();
    const left = findTree(tree, table);
    if (left.length === 0) {
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
    tree.cgroup?.kill();
    // Stopped first, none can fork while the others die.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const info of left) signalProcess(info, signal);
    for (const { pid } of left) killed.add(pid);
    if (performance.now() - startedMs > deadlineMs) {
      throw new HostError(hostErrorCodes.notProvedDead, `${left.length} processes survive SIGKILL: ${left.slice(0, 5).map(({ pid, state }) => `${pid} (${state})`).join(', ')}`);
    }
    await delay(pass < quickPasses ? passIntervalMs : slowPassIntervalMs);
  }
}

/** Asks every process of the tree to end (SIGTERM, and SIGCONT for those that are stopped), waits, then kills the rest. */
export async function terminateTree(tree: TreeIdentity, graceMs: number): Promise<ProofOfDeath> {
  const deadlineMs = performance.now() + graceMs;
  const asked = new Set<number>();
  for (;;) {
    const left = findTree(tree);
    const agents = left.filter(({ pid }) => pid !== tree.holderPid);
    if (agents.length === 0 || performance.now() >= deadlineMs) break;
    for (const info of agents) {
      if (asked.has(info.pid)) continue;
      asked.add(info.pid);
      signalProcess(info, 'SIGTERM');
      signalProcess(info, 'SIGCONT');
    }
    await delay(Math.min(20, Math.max(1, deadlineMs - performance.now())));
  }
  return killTree(tree);
}

/** Signals the very process that was seen: a pid that has gone to another process since is left alone. */
function signalProcess(seen: ProcessInfo, signal: NodeJS.Signals): void {
  if (readProcess(seen.pid)?.startTicks !== seen.startTicks) return;
  try {
    process.kill(seen.pid, signal);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}

function descendantsOf(root: number | null, table: ReadonlyMap<number, ProcessInfo>): Set<number> {
  const found = new Set<number>();
  if (root === null || !table.has(root)) return found;
  found.add(root);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, ppid } of table.values()) {
      if (!found.has(pid) && found.has(ppid)) {
        found.add(pid);
        grew = true;
      }
    }
  }
  return found;
}
