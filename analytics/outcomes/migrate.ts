import { chmodSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'libsql';
import { DEFAULT_MIGRATION_TABLE, Migrator, sql, type Kysely } from 'kysely';
import { isBusy } from './sqlite-file.js';
import { migrationsFor, type DatabaseKind } from './migrations.js';
import type { StoreTables } from './tables.js';

/** How long to wait for another process that changes the tables, ms. */
const migrationMs = 10_000;

/** Makes the tables what this version knows. @throws what went wrong; nothing has changed then. */
export async function migrate(database: Kysely<StoreTables>, kind: DatabaseKind): Promise<void> {
  const migrations = migrationsFor(kind);
  const unknown = (await madeWith(database)).filter((name) => !(name in migrations));
  if (unknown.length > 0) throw new Error(`it is of a newer version of SHIM, with ${unknown.join(', ')}`);
  const { error } = await new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(migrations) } }).migrateToLatest();
  if (error !== undefined) throw error;
}

/** Names of the migrations that the tables were made with; none of a new database. */
async function madeWith(database: Kysely<StoreTables>): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)} order by name`.execute(database);
  return rows.map(({ name }) => name);
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
        if (!isBusy(error) || performance.now() > deadlineMs) throw error;
        await delay(20);
      }
    }
    return await work();
  } finally {
    lock.close();
  }
}
