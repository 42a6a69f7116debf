import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { Migrator, type Migration } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrationsFor } from '../../../analytics/outcomes/migrations.js';
import { openStore, StoreOpenError } from '../../../analytics/outcomes/open-store.js';
import { rowOfOutcome } from '../../../analytics/outcomes/outcome-rows.js';
import { assignment, outcome } from './records.js';
import { describeOnEach, usingTables } from './store-places.js';
import { startStoreProgram } from './store-process.js';

describeOnEach('the opening of a store', ({ open, where }) => {
  it('brings the tables of an older version up to date, with what is in them', async () => {
    const told = outcome();
    const migrations: Record<string, Migration> = migrationsFor((await where()).startsWith('postgres') ? 'PostgreSQL' : 'SQLite');
    const oldest = Object.keys(migrations).toSorted()[0] ?? '';
    await usingTables(await where(), async (tables) => {
      const { error } = await new Migrator({ db: tables, provider: { getMigrations: () => Promise.resolve(migrations) } }).migrateTo(oldest);
      expect(error).toBeUndefined();
      // What came later is lacking in its rows.
      const { zone_before_end: added, ...row } = rowOfOutcome(told, 1_000);
      expect(added).toBe(told.zoneBeforeEnd);
      await tables.insertInto('outcome').values(row).execute();
    });
    const store = await open();
    const { experimentId } = await store.assign(assignment({ sessionId: told.sessionId, assignedAtMs: told.endedAtMs }));
    await store.mature(experimentId, { horizonMs: 1_000, nowMs: told.endedAtMs + 1_000, checkpointLimitMs: 50 });
    expect((await store.session(told.sessionId))?.attempts).toEqual([{ ...told, zoneBeforeEnd: null }]);
    expect(await store.unitsAfter(experimentId, 0, 10)).toMatchObject([{ sessionId: told.sessionId, reported: true }]);
  });

  it('refuses what a newer version has made, and names it', async () => {
    await (await open()).close();
    await usingTables(await where(), async (tables) => {
      await tables.withTables<{ kysely_migration: { name: string; timestamp: string } }>().insertInto('kysely_migration').values({ name: '2099-01-001-later', timestamp: '2099-01-01T00:00:00Z' }).execute();
    });
    await expect(open()).rejects.toThrow(StoreOpenError);
    await expect(open()).rejects.toThrow(/newer version of SHIM, with 2099-01-001-later/);
  });

  it('is done once, by whichever of many processes comes first', async () => {
    const place = await where();
    const programs = Array.from({ length: 4 }, () => startStoreProgram(place, 'tell'));
    expect(await Promise.all(programs.map((program) => program.ended))).toEqual(programs.map(() => ({ code: 0, signal: null })));
    expect((await (await open()).session('told'))?.attempts).toHaveLength(4);
  });
});

describe('a store in a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shim-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is readable by its owner only', async () => {
    const path = join(folder, 'outcomes.db');
    await (await openStore(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is not opened where there is no folder', async () => {
    await expect(openStore(join(folder, 'nowhere', 'outcomes.db'))).rejects.toThrow(StoreOpenError);
  });

  it('is not opened where the file is something else', async () => {
    const path = join(folder, 'other.db');
    writeFileSync(path, 'this is no database, and never was one'.repeat(100));
    await expect(openStore(path)).rejects.toThrow(/the store cannot be opened: .*not a database/);
  });

  it('is not opened where the file is torn', async () => {
    const path = join(folder, 'outcomes.db');
    const store = await openStore(path);
    await store.record(Array.from({ length: 500 }, () => outcome()));
    await store.close();
    const file = new Sqlite(path);
    file.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    file.close();
    truncateSync(path, Math.floor(statSync(path).size / 2));
    await expect(openStore(path)).rejects.toThrow(/the store cannot be opened: it is torn/);
  });
});
