import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';

/** Thrown where another process has the lock. */
export class LockedError extends Error {
  override name = 'LockedError';

  /** @param holder what the other process left of itself: its pid, and since when. */
  constructor(
    readonly holder: string,
    options: ErrorOptions,
  ) {
    super(`locked by ${holder}`, options);
  }
}

/**
 * Takes a lock that the kernel holds (on a SQLite file): it goes with the process, however that ends, and no child
 * inherits it.
 *
 * @throws LockedError naming the process that has it.
 */
export function takeLock(path: string): { release(): void } {
  const holderFile = `${path}.json`;
  const database = new Database(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new LockedError(readHolder(holderFile), { cause: error });
  }
  writeFileSync(holderFile, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), { mode: 0o600 });
  return { release: () => database.close() };
}

/** The lock that lets one host worker serve a folder. @throws LockedError. */
export function takeHostLock(home: string): { release(): void } {
  return takeLock(join(home, 'run', 'host.lock'));
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'unknown';
    throw error;
  }
}
