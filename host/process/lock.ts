import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { z } from 'zod';

const lockHolderSchema = z.object({ pid: z.number().int(), since: z.iso.datetime() });

/** The process that has a lock, by its own account. */
export type LockHolder = z.infer<typeof lockHolderSchema>;

/** Thrown where another process has the lock. */
export class LockedError extends Error {
  override name = 'LockedError';

  constructor(
    readonly path: string,
    /** Null where it has not said who it is. */
    readonly holder: LockHolder | null,
    options: ErrorOptions,
  ) {
    super(`${path} is locked by ${holder ? `process ${holder.pid}, since ${holder.since}` : 'a process that has not said which it is'}`, options);
  }
}

/**
 * Takes a lock that the kernel holds (on a SQLite file): it goes with the process, however that ends, and no child
 * inherits it. Nothing else may open that file in this process: closing it again would give up the lock.
 *
 * @throws LockedError naming the process that has it.
 */
export function takeLock(path: string): { release(): void } {
  const database = new Database(path);
  try {
    chmodSync(path, 0o600);
    // A journal in memory: on a disk that is full there is no room for one, and services must be stopped there, too.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    sayWhoHas(path);
  } catch (error) {
    database.close();
    if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error;
    throw new LockedError(path, readLockHolder(`${path}.json`), { cause: error });
  }
  return { release: () => database.close() };
}

/** The lock that lets one host worker serve a folder. @throws LockedError. */
export function takeHostLock(home: string): { release(): void } {
  return takeLock(join(home, 'run', 'host.lock'));
}

/** For the message of the next one who wants it, which can do without. */
function sayWhoHas(path: string): void {
  const holder: LockHolder = { pid: process.pid, since: new Date().toISOString() };
  try {
    writeFileSync(`${path}.json`, JSON.stringify(holder), { mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

function readLockHolder(path: string): LockHolder | null {
  try {
    return lockHolderSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const unsaid = error instanceof SyntaxError || error instanceof z.ZodError || (error instanceof Error && 'code' in error && error.code === 'ENOENT');
    if (!unsaid) throw error;
    return null;
  }
}
