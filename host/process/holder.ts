import { closeSync, openSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { ProofOfDeath } from '../../domain/receipt.js';
import { Cgroup, type CgroupRoot } from './cgroup.js';
import type { TreeIdentity } from './find-tree.js';
import { readHeldExit, type HeldExit } from './held-exit.js';
import { onHolderGone, treeMarker } from './parked-holder.js';
import { bearsMarker, isAlive, isAliveIn, isDead, readProcess, ticksAt, type ProcessIdentity, type ProcessInfo } from './process-table.js';
import { killTree } from './process-tree.js';

/** Names an attempt's processes on this boot of this machine. */
export interface HeldAttempt {
  /** Marks them, and names their cgroup. */
  treeId: string;
  /** The attempt's folder. */
  path: string;
  /** No process of the attempt started before this; clock ticks since boot. */
  sinceTicks: number;
  cgroups: CgroupRoot | null;
}

/** What can be said of an attempt from its folder and the process table. */
export type Held =
  /** Nobody has claimed it: its command has not run. */
  | { kind: 'unclaimed' }
  | { kind: 'running'; holder: ProcessIdentity }
  | { kind: 'exited'; exit: HeldExit }
  /** Claimed, no live holder, no exit file: how the command ended is not known, and it may even still run. */
  | { kind: 'lost' };

/** Takes the right to run from a holder that has not used it. @returns false where the command was claimed before. */
export function claimAgainst(held: HeldAttempt): boolean {
  try {
    closeSync(openSync(join(held.path, 'go'), 'wx', 0o600));
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

export function inspect(held: HeldAttempt): Held {
  const exit = readHeldExit(held.path);
  if (exit) return { kind: 'exited', exit };
  // In this order: a holder that claims between the two looks has written its pid before.
  if (!exists(join(held.path, 'go'))) return { kind: 'unclaimed' };
  const holder = findHolder(held);
  if (holder) return { kind: 'running', holder };
  // The exit file may have come between the two looks.
  const late = readHeldExit(held.path);
  return late ? { kind: 'exited', exit: late } : { kind: 'lost' };
}

/**
 * How to find every process of the attempt, whether its holder lives or not.
 *
 * @param table in which a holder that was found before is looked up; without one it is looked for anew.
 */
export function treeOf(held: HeldAttempt, table: ReadonlyMap<number, ProcessInfo> | null = null): TreeIdentity {
  const holder = findHolder(held, table);
  const cgroup = held.cgroups?.of(held.treeId) ?? null;
  const exitedAtMs = holder ? null : statSync(join(held.path, 'exit'), { throwIfNoEntry: false })?.mtimeMs;
  return {
    holder,
    sessions: holder ? [holder.pid] : recordedPids(held),
    // A tick more, since start times are rounded down.
    sessionsUntilTicks: holder ? Infinity : exitedAtMs === null || exitedAtMs === undefined ? 0 : ticksAt(exitedAtMs) + 1,
    sinceTicks: held.sinceTicks,
    marker: `${treeMarker}=${held.treeId}`,
    cgroup: cgroup && exists(cgroup.path) ? new Cgroup(cgroup.path) : null,
  };
}

/**
 * Makes sure that the attempt never runs again: an unclaimed one is claimed against, a claimed one is killed with all its
 * descendants. @throws HostError NotProvedDead.
 */
export async function fence(held: HeldAttempt): Promise<ProofOfDeath> {
  claimAgainst(held);
  const proof = await killTree(treeOf(held));
  dead.add(held);
  return proof;
}

const dead = new WeakSet<HeldAttempt>();

/** Whether a fence has proved it dead before: with nothing left that could begin anything, it stays so. */
export function isProvedDead(held: HeldAttempt): boolean {
  return dead.has(held);
}

/** How often a watch looks for itself, ms: for a holder that was killed, and for an event that was dropped. */
const pollMs = 500;

/** The same once a holder is found to live: a child of this process, of whose end it is told, and one of an earlier worker, ms. */
const pollChildMs = 30_000;
const pollAdoptedMs = 1_000;

/** The same where the machine has no more file watches to give, ms. */
const pollWithoutEventsMs = 50;

/**
 * Calls `onEnd` once, as soon as the exit file is whole or the holder is gone without one. If it has ended already, that
 * is before this returns.
 *
 * @returns a function that ends the watch.
 */
export function watchEnd(held: HeldAttempt, onEnd: (end: Extract<Held, { kind: 'exited' | 'lost' }>) => void): () => void {
  let over = false;
  let poll: NodeJS.Timeout | null = null;
  const look = (state: Held) => {
    if (over || (state.kind !== 'exited' && state.kind !== 'lost')) return;
    finish();
    onEnd(state);
  };
  const watcher = watchFolder(held.path, (file) => {
    if (file !== 'exit') return;
    const exit = readHeldExit(held.path);
    if (exit) look({ kind: 'exited', exit });
  });
  let stopListening: (() => void) | null = null;
  const finish = () => {
    over = true;
    watcher?.close();
    stopListening?.();
    if (poll) clearInterval(poll);
  };
  const pollEvery = (ms: number, onAlive: (holder: ProcessIdentity) => void) => {
    if (poll) clearInterval(poll);
    poll = setInterval(() => {
      const holder = findHolder(held);
      if (holder) onAlive(holder);
      else look(inspect(held));
    }, ms).unref();
  };
  // While the holder lives there is nothing to tell: one short read.
  const follow = (holder: ProcessIdentity) => {
    if (!watcher) return;
    stopListening = onHolderGone(holder.pid, () => {
      look(inspect(held));
      // Nobody tells of its end any more: it is looked for.
      if (!over) follow(holder);
    });
    pollEvery(stopListening ? pollChildMs : pollAdoptedMs, () => undefined);
  };
  const state = inspect(held);
  look(state);
  if (over) return finish;
  pollEvery(watcher ? pollMs : pollWithoutEventsMs, follow);
  if (state.kind === 'running') follow(state.holder);
  return finish;
}

/** Null where the machine's file watches are used up. */
function watchFolder(path: string, onFile: (file: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(path, (_event, file) => onFile(file));
    watcher.on('error', () => undefined);
    return watcher;
  } catch (error) {
    if (hasCode(error, 'ENOSPC', 'EMFILE')) return null;
    throw error;
  }
}

/** Holders that were found, so that a look at one that lives on is one short read. */
const foundHolders = new WeakMap<HeldAttempt, ProcessIdentity>();

/** The living holder; null where there is none. */
function findHolder(held: HeldAttempt, table: ReadonlyMap<number, ProcessInfo> | null = null): ProcessIdentity | null {
  const found = foundHolders.get(held);
  if (found && (table ? isAliveIn(table, found) : isAlive(found))) return found;
  for (const pid of recordedPids(held)) {
    const info = readProcess(pid);
    if (!info || isDead(info) || info.session !== pid || !bearsMarker(pid, `${treeMarker}=${held.treeId}`)) continue;
    const holder = { pid, startTicks: info.startTicks };
    foundHolders.set(held, holder);
    return holder;
  }
  return null;
}

/** More than one where a second worker started a holder before the first one's had claimed the command. */
const maxRecordedPids = 16;

function recordedPids(held: HeldAttempt): number[] {
  const lines = readIfThere(join(held.path, 'holder.pid'))?.split('\n').slice(0, -1) ?? [];
  return lines.slice(-maxRecordedPids).map(Number).filter((pid) => Number.isInteger(pid) && pid > 1);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
