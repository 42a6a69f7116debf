import type { Insertable, Kysely } from 'kysely';
import type { MirrorEvent } from './store.js';
import type { StoreTables } from './tables.js';

export async function insertMirrorEvent(db: Kysely<StoreTables>, kind: MirrorEvent['kind'], body: unknown, atMs: number): Promise<void> {
  const event: Insertable<StoreTables['mirror_event']> = { kind, body: JSON.stringify(body), created_at_ms: atMs };
  await db.insertInto('mirror_event').values(event).execute();
}

/** Oldest first. */
export async function findMirrorEvents(db: Kysely<StoreTables>, limit: number): Promise<MirrorEvent[]> {
  const rows = await db.selectFrom('mirror_event').selectAll().orderBy('id').limit(limit).execute();
  return rows.map((row) => ({ id: Number(row.id), kind: row.kind as MirrorEvent['kind'], body: JSON.parse(row.body) as unknown, createdAtMs: row.created_at_ms }));
}

/** Those that were removed before are no matter. */
export async function deleteMirrorEvents(db: Kysely<StoreTables>, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('mirror_event').where('id', 'in', ids).execute();
}
