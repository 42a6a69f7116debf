import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import type { Store } from '../../../analytics/outcomes/store.js';
import { postgresPrograms, PostgresServer } from '../../support/postgres-server.js';

/** Opens stores on one database of a test's own; what it opened is closed after the test. */
export type OpenStore = () => Promise<Store>;

const programs = postgresPrograms();

/** The same tests on each database; on PostgreSQL only where its programs are. Every test has a database of its own. */
export function describeOnEach(title: string, tests: (open: OpenStore) => void): void {
  describe(`${title} on SQLite`, () => {
    let folder: string | null = null;
    const opened: Store[] = [];
    afterEach(async () => {
      await closeAll(opened);
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      folder = null;
    });
    tests(async () => {
      folder ??= mkdtempSync(join(tmpdir(), 'shim-store-'));
      return keep(opened, await openStore(join(folder, 'outcomes.db')));
    });
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
    tests(async () => {
      address ??= server?.createDatabase();
      return keep(opened, await openStore((await address) ?? ''));
    });
  });
}

function keep(opened: Store[], store: Store): Store {
  opened.push(store);
  return store;
}

async function closeAll(opened: Store[]): Promise<void> {
  await Promise.all(opened.splice(0).map((store) => store.close()));
}
