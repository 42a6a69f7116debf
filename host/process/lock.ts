import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';

/** Thrown where another host worker serves the same folder. */
export class HostLockedError extends Error {
  override name = 'HostLockedError';
}

/**
 * Takes the lock that lets one host worker serve a folder. The kernel holds it (a lock on a SQLite file): it goes with
 * the process, however that ends, and no child inherits it.
 *
 * @throws HostLockedError naming the process that has it.
 */
export function takeHostLock(home: string): { release(): void } {
  const path = join(home, 'run', 'host.lock');
  const holderFile = `${path}.json`;
  const database = new Database(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new HostLockedError(`another host worker serves ${home}: ${readHolder(holderFile)}; stop it first (shim down)`, { cause: error });
  }
  writeFileSync(holderFile, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), { mode: 0o600 });
  return { release: () => database.close() };
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'unknown';
    throw error;
  }
}
