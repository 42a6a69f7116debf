import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Kysely } from 'kysely';
import type { ExperimentLook, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { StoreTables } from './tables.js';

/** The later status stands. */
export async function upsertExperiment(db: Kysely<StoreTables>, status: ExperimentStatus, atMs: number): Promise<void> {
  const row = { id: status.plan.id, started_at_ms: status.startedAtMs, saved_at_ms: atMs, status: JSON.stringify(status) };
  await db
    .insertInto('experiment')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row).whereRef('experiment.saved_at_ms', '<=', 'excluded.saved_at_ms'))
    .execute();
}

export async function findExperiment(db: Kysely<StoreTables>, id: string): Promise<ExperimentStatus | null> {
  const row = await db.selectFrom('experiment').select('status').where('id', '=', id).executeTakeFirst();
  return row ? (JSON.parse(row.status) as ExperimentStatus) : null;
}

/** Oldest first. */
export async function findExperiments(db: Kysely<StoreTables>): Promise<ExperimentStatus[]> {
  const rows = await db.selectFrom('experiment').select('status').orderBy('started_at_ms').orderBy('id').execute();
  return rows.map((row) => JSON.parse(row.status) as ExperimentStatus);
}

/** The first look of a moment stands. */
export async function insertLook(db: Kysely<StoreTables>, experimentId: string, look: ExperimentLook): Promise<void> {
  await db
    .insertInto('look')
    .values({ experiment_id: experimentId, at_ms: look.atMs, look: packLook(look) })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'at_ms']).doNothing())
    .execute();
}

/** Oldest first. */
export async function findLooks(db: Kysely<StoreTables>, experimentId: string): Promise<ExperimentLook[]> {
  const rows = await db.selectFrom('look').select('look').where('experiment_id', '=', experimentId).orderBy('at_ms').execute();
  return rows.map((row) => unpackLook(row.look));
}

export async function findLatestLook(db: Kysely<StoreTables>, experimentId: string): Promise<ExperimentLook | null> {
  const row = await db.selectFrom('look').select('look').where('experiment_id', '=', experimentId).orderBy('at_ms', 'desc').limit(1).executeTakeFirst();
  return row ? unpackLook(row.look) : null;
}

/** An experiment of months has thousands of looks that are much alike: packed, one takes a third. */
function packLook(look: ExperimentLook): string {
  return deflateRawSync(JSON.stringify(look)).toString('base64');
}

function unpackLook(packed: string): ExperimentLook {
  return JSON.parse(inflateRawSync(Buffer.from(packed, 'base64')).toString()) as ExperimentLook;
}
