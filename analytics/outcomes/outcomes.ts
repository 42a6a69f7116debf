import type { Kysely } from 'kysely';
import { outcomeSchema, type Outcome } from '../../domain/outcome.js';
import { outcomeOfRow, rowOfOutcome } from './outcome-rows.js';
import type { StoreTables } from './tables.js';

/** Rows of one statement: below the 32,766 values that one of SQLite's may have. */
const rowsAtOnce = 500;

/** All or none are kept; of an attempt that has one already they change nothing. @returns how many were new. @throws ZodError */
export async function recordOutcomes(db: Kysely<StoreTables>, outcomes: readonly Outcome[], atMs: number): Promise<number> {
  const rows = outcomes.map((outcome) => rowOfOutcome(outcomeSchema.parse(outcome), atMs));
  if (rows.length <= rowsAtOnce) return insert(db, rows);
  return db.transaction().execute(async (trx) => {
    let added = 0;
    for (let at = 0; at < rows.length; at += rowsAtOnce) added += await insert(trx, rows.slice(at, at + rowsAtOnce));
    return added;
  });
}

/** Attempts of sessions, by epoch. */
export async function findOutcomes(db: Kysely<StoreTables>, sessionIds: readonly string[]): Promise<Outcome[]> {
  const rows = await db.selectFrom('outcome').selectAll().where('session_id', 'in', sessionIds).orderBy('epoch').execute();
  return rows.map(outcomeOfRow);
}

export async function findLastOutcomeAtMs(db: Kysely<StoreTables>): Promise<number | null> {
  const { last } = await db.selectFrom('outcome').select(({ fn }) => fn.max('recorded_at_ms').as('last')).executeTakeFirstOrThrow();
  return last;
}

async function insert(db: Kysely<StoreTables>, rows: StoreTables['outcome'][]): Promise<number> {
  if (rows.length === 0) return 0;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('outcome')
    .values(rows)
    .onConflict((conflict) => conflict.column('attempt_id').doNothing())
    .executeTakeFirstOrThrow();
  return Number(numInsertedOrUpdatedRows ?? 0);
}
