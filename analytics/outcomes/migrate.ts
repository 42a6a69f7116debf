import { chmodSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'libsql';
import { Migrator, type Kysely } from 'kysely';
import { migrationsFor, type DatabaseKind } from './migrations.js';
import type { StoreTables } from './tables.js';

/** How long to wait for another process that changes the tables, ms. */
const migrationMs = 10_000;

/** Makes the tables what this version knows. @throws what went wrong; nothing has changed then. */
export async function migrate(database: Kysely<StoreTables>, kind: DatabaseKind): Promise<void> {
  const { error } = await new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(migrationsFor(kind)) } }).migrateToLatest();
  if (error !== undefined) throw error;
}

/**
 * Does something while no other process does: the kernel holds the lock, on a file beside the store's, and it goes with the
 * process. PostgreSQL has one of its own for changes of tables; SQLite's transactions run into each other there.
 */
export async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = new Sqlite(path);
  const deadlineMs = performance.now() + migrationMs;
  try {
    chmodSync(path, 0o600);
    for (;;) {
      try {
        lock.exec('BEGIN EXCLUSIVE');
        break;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') || performance.now() > deadlineMs) throw error;
        await delay(20);
      }
    }
    return await work();
  } finally {
    lock.close();
  }
}
