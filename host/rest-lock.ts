import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, hostErrorCodes } from '../domain/host-requests.js';
import { inspect } from './process/holder.js';
import { LockedError, takeLock } from './process/lock.js';
import { readBootId } from './process/process-table.js';
import type { SessionFolder } from './session-folder.js';

/** States in which nothing of a session is alive, and nothing comes alive unless a person says so. */
const atRest: ReadonlySet<string> = new Set(['paused', 'failed', 'completed', 'stopped']);

/** Thrown where a session's files may not be worked on now; the message says why, and what to do. */
export class NotAtRestError extends Error {
  override name = 'NotAtRestError';
}

/**
 * Takes hold of a session that is at rest, for a process that is not its host worker and works on its files: no attempt of
 * it begins until that is over, however it ends.
 *
 * @throws NotAtRestError where it is not at rest, or somebody else works on it.
 */
export function holdAtRest(folder: SessionFolder): { release(): void } {
  const path = lockPath(folder);
  try {
    const lock = takeLock(path);
    const release = () => {
      rmSync(`${path}.json`, { force: true });
      lock.release();
    };
    // In this order: an attempt makes its folder before it looks for the lock, so that one of the two sees the other.
    const why = whyNotAtRest(folder);
    if (why === null) return { release };
    release();
    throw new NotAtRestError(why);
  } catch (error) {
    if (error instanceof LockedError) throw new NotAtRestError(`process ${error.holder?.pid ?? 'unknown'} works on the files of ${folder.name}; try again when it is done`, { cause: error });
    throw error;
  }
}

/** Takes hold of a session's folder for its host worker, which moves it away or fills it anew. @throws HostError HeldAtRest. */
export function holdFolder(folder: SessionFolder): { release(): void } {
  const path = lockPath(folder);
  try {
    const lock = takeLock(path);
    rmSync(`${path}.json`, { force: true });
    return lock;
  } catch (error) {
    throw error instanceof LockedError ? heldAtRest(folder, error) : error;
  }
}

/** Makes sure that nobody holds a session at rest. Where nobody ever did, it is one look for a file. @throws HostError HeldAtRest. */
export function refuseWhileHeld(folder: SessionFolder): void {
  // What a process has left that was killed goes with it.
  if (existsSync(`${lockPath(folder)}.json`)) holdFolder(folder).release();
}

function heldAtRest({ name }: SessionFolder, error: LockedError): HostError {
  return new HostError(hostErrorCodes.heldAtRest, `process ${error.holder?.pid ?? 'unknown'} works on the files of ${name}; it starts when that is over`, undefined, { cause: error });
}

/** Why a session is not at rest, as far as this machine knows; null where it is. */
function whyNotAtRest(folder: SessionFolder): string | null {
  const attempt = folder.attempts().at(-1);
  if (!attempt) return null;
  const { name } = folder;
  const record = attempt.record();
  const pauseFirst = `pause it first: shim pause ${name}`;
  if (attempt.report() === null && record?.bootId === readBootId()) {
    const { kind } = inspect({ treeId: record.treeId, path: attempt.path, sinceTicks: record.sinceTicks, cgroups: null });
    if (kind === 'running') return `${name} is running; ${pauseFirst}`;
  }
  const state = folder.state();
  if (record !== null && state !== null && atRest.has(state.state) && state.epoch >= attempt.epoch) return null;
  return `${name} is not at rest: it may start again by itself; ${pauseFirst}`;
}

function lockPath(folder: SessionFolder): string {
  return join(folder.path, 'rest.lock');
}
