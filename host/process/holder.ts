import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { ProofOfDeath } from '../../domain/receipt.js';
import { Cgroup, type CgroupRoot } from './cgroup.js';
import { holderScript } from './holder-script.js';
import { bearsMarker, isDead, readProcess, type ProcessIdentity } from './process-table.js';
import { killTree, type TreeIdentity } from './process-tree.js';

/** Names an attempt's processes on this boot of this machine. */
export interface HeldAttempt {
  attemptId: string;
  /** The attempt's folder. */
  path: string;
  /** No process of the attempt started before this; clock ticks since boot. */
  sinceTicks: number;
  cgroups: CgroupRoot | null;
}

/** How a held command ended: its exit code, or the name of the signal that ended it. */
export interface HeldExit {
  exitCode: number | null;
  signal: string | null;
  /** Unix ms, from the exit file. */
  endedAtMs: number;
}

/** What can be said of an attempt from its folder and the process table. */
export type Held =
  /** Nobody has claimed it: its command has not run. */
  | { kind: 'unclaimed' }
  | { kind: 'running'; holder: ProcessIdentity }
  | { kind: 'exited'; exit: HeldExit }
  /** Claimed, no live holder, no exit file: how the command ended is not known, and it may even still run. */
  | { kind: 'lost' };

/** The environment variable whose value marks every process of an attempt. */
export const attemptMarker = 'SHIM_ATTEMPT';

/** Starts a command under a holder of its own, in its own session. It outlives this process. @returns the holder's pid. */
export function spawnHolder(held: HeldAttempt, argv: readonly string[], cwd: string, environment: Readonly<Record<string, string>>): number {
  const cgroup = held.cgroups?.of(held.attemptId) ?? null;
  cgroup?.create();
  const log = openSync(join(held.path, 'holder.log'), 'a', 0o600);
  for (const file of ['stdout', 'stderr']) closeSync(openSync(join(held.path, file), 'a', 0o600));
  try {
    const holder = spawn('/bin/sh', ['-c', holderScript, 'shim-holder', held.path, cgroup?.path ?? '', ...argv], {
      cwd,
      env: { ...environment, [attemptMarker]: held.attemptId },
      detached: true,
      stdio: ['ignore', log, log],
    });
    holder.unref();
    // A shell that could not be started has no pid; its error says why.
    holder.on('error', () => undefined);
    if (holder.pid === undefined) throw new Error(`cannot start /bin/sh in ${cwd}`);
    return holder.pid;
  } finally {
    closeSync(log);
  }
}

/** Takes the right to run from a holder that has not used it. @returns false where the command was claimed before. */
export function claimAgainst(held: HeldAttempt): boolean {
  try {
    mkdirSync(join(held.path, 'go'), { mode: 0o700 });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

export function inspect(held: HeldAttempt): Held {
  const exit = readExit(held);
  if (exit) return { kind: 'exited', exit };
  const holder = findHolder(held);
  if (!exists(join(held.path, 'go'))) return { kind: 'unclaimed' };
  if (holder) return { kind: 'running', holder };
  // The exit file may have come between the two looks.
  const late = readExit(held);
  return late ? { kind: 'exited', exit: late } : { kind: 'lost' };
}

/** How the command ended; null while the holder has not said so. */
export function readExit(held: HeldAttempt): HeldExit | null {
  const path = join(held.path, 'exit');
  const text = readIfThere(path);
  if (text === null || !text.endsWith('\n')) return null;
  const code = Number(text.trim());
  const signal = signalOf(code, readIfThere(join(held.path, 'holder.log')) ?? '');
  return { exitCode: signal === null ? code : null, signal, endedAtMs: Math.round(statSync(path).mtimeMs) };
}

/** How to find every process of the attempt. */
export function treeOf(held: HeldAttempt): TreeIdentity {
  const holder = findHolder(held);
  const cgroup = held.cgroups?.of(held.attemptId) ?? null;
  return {
    holderPid: holder?.pid ?? null,
    sinceTicks: held.sinceTicks,
    marker: `${attemptMarker}=${held.attemptId}`,
    cgroup: cgroup && exists(cgroup.path) ? new Cgroup(cgroup.path) : null,
  };
}

/**
 * Makes sure that the attempt never runs again: an unclaimed one is claimed against, a claimed one is killed with all its
 * descendants. @throws HostError NotProvedDead.
 */
export function fence(held: HeldAttempt): Promise<ProofOfDeath> {
  claimAgainst(held);
  return killTree(treeOf(held));
}

/**
 * Calls `onEnd` once, as soon as the exit file is whole or the holder is gone without one.
 *
 * @returns a function that ends the watch.
 */
export function watchEnd(held: HeldAttempt, onEnd: (end: Extract<Held, { kind: 'exited' | 'lost' }>) => void): () => void {
  let over = false;
  const finish = () => {
    over = true;
    watcher.close();
    clearInterval(poll);
  };
  const look = (thorough: boolean) => {
    if (over) return;
    const exit = readExit(held);
    const state: Held = exit ? { kind: 'exited', exit } : thorough ? inspect(held) : { kind: 'unclaimed' };
    if (state.kind !== 'exited' && state.kind !== 'lost') return;
    finish();
    onEnd(state);
  };
  const watcher = watch(held.path, (_event, file) => {
    if (file === 'exit') look(false);
  });
  watcher.on('error', () => undefined);
  // Tells of a holder that was killed, and of an event that the kernel dropped.
  const poll = setInterval(() => look(true), 500);
  poll.unref();
  look(true);
  return finish;
}

function findHolder(held: HeldAttempt): ProcessIdentity | null {
  const pid = Number(readIfThere(join(held.path, 'holder.pid'))?.trim());
  if (!Number.isInteger(pid) || pid <= 1) return null;
  const info = readProcess(pid);
  if (!info || isDead(info) || !bearsMarker(pid, `${attemptMarker}=${held.attemptId}`)) return null;
  return { pid, startTicks: info.startTicks };
}

/** What POSIX shells print for a command that a signal ended; they print nothing for SIGINT and SIGPIPE. */
const signalWords: readonly [string, string][] = [
  ['Killed', 'SIGKILL'],
  ['Terminated', 'SIGTERM'],
  ['Segmentation fault', 'SIGSEGV'],
  ['Aborted', 'SIGABRT'],
  ['Bus error', 'SIGBUS'],
  ['Illegal instruction', 'SIGILL'],
  ['Floating point exception', 'SIGFPE'],
  ['Hangup', 'SIGHUP'],
  ['Quit', 'SIGQUIT'],
  ['Alarm clock', 'SIGALRM'],
  ['User defined signal 1', 'SIGUSR1'],
  ['User defined signal 2', 'SIGUSR2'],
  ['Trace/breakpoint trap', 'SIGTRAP'],
  ['CPU time limit exceeded', 'SIGXCPU'],
  ['File size limit exceeded', 'SIGXFSZ'],
];

function signalOf(code: number, holderLog: string): string | null {
  if (code <= 128) return null;
  const lastWords = holderLog.trimEnd().split('\n').at(-1) ?? '';
  return signalWords.find(([words]) => lastWords.includes(words))?.[1] ?? null;
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

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
