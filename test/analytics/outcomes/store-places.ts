import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import type { Store } from '../../../analytics/outcomes/store.js';
import { postgresPrograms, PostgresServer } from '../../support/postgres-server.js';

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

function keep(opened: Store[], store: Store): Store {
  opened.push(store);
  return store;
}

async function closeAll(opened: Store[]): Promise<void> {
  await Promise.all(opened.splice(0).map((store) => store.close()));
}
