import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import { postgresDialect } from '../../../analytics/outcomes/postgres-database.js';
import { sqliteDialect } from '../../../analytics/outcomes/sqlite-database.js';
import type { Assignment, Store } from '../../../analytics/outcomes/store.js';
import type { StoreTables } from '../../../analytics/outcomes/tables.js';
import { postgresPrograms } from '../../../scripts/stack/programs.js';
import { PostgresServer } from '../../support/postgres-server.js';

/** A database of one test's own. */
export interface StorePlace {
  /** Opens it, as often as is wanted; what was opened is closed after the test. */
  open: () => Promise<Store>;
  /** What openStore takes. */
  where: () => Promise<string>;
}

const programs = postgresPrograms();

/** The same tests on each database; on PostgreSQL only where its programs are. */
export function describeOnEach(title: string, tests: (place: StorePlace) => void): void {
  describe(`${title} on SQLite`, () => {
    let folder: string | null = null;
    const opened: Store[] = [];
    afterEach(async () => {
      await closeAll(opened);
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      folder = null;
    });
    const where = () => Promise.resolve(join((folder ??= mkdtempSync(join(tmpdir(), 'shim-store-'))), 'outcomes.db'));
    tests({ where, open: async () => keep(opened, await openStore(await where())) });
  });
  describe.skipIf(programs === null)(`${title} on PostgreSQL`, () => {
    let server: PostgresServer | null = null;
    let address: Promise<string> | undefined;
    const opened: Store[] = [];
    beforeAll(async () => {
      server = await PostgresServer.start(programs ?? '');
    });
    afterAll(() => server?.stop());
    afterEach(async () => {
      await closeAll(opened);
      address = undefined;
    });
    const where = () => (address ??= server?.createDatabase()) ?? Promise.reject(new Error('the server was not started'));
    tests({ where, open: async () => keep(opened, await openStore(await where())) });
  });
}

/** The tables themselves: for what no store of this version would do. */
export async function usingTables(where: string, use: (tables: Kysely<StoreTables>) => Promise<void>): Promise<void> {
  const tables = new Kysely<StoreTables>({ dialect: where.startsWith('postgres') ? postgresDialect(where) : sqliteDialect(where) });
  try {
    await use(tables);
  } finally {
    await tables.destroy();
  }
}

/** Assigns many sessions of one experiment in one go. @param where of a store that was opened before. */
export function assignMany(where: string, assignments: readonly Assignment[]): Promise<void> {
  return usingTables(where, async (tables) => {
    for (let at = 0; at < assignments.length; at += 500) {
      const rows = assignments.slice(at, at + 500).map((given) => ({ experiment_id: given.experimentId, session_id: given.sessionId, parameter: given.parameter, arm: given.arm, value: JSON.stringify(given.value), assigned_at_ms: given.assignedAtMs, position: null }));
      await tables.insertInto('assignment').values(rows).execute();
    }
  });
}

function keep(opened: Store[], store: Store): Store {
  opened.push(store);
  return store;
}

async function closeAll(opened: Store[]): Promise<void> {
  await Promise.all(opened.splice(0).map((store) => store.close()));
}
