import { setImmediate as turn } from 'node:timers/promises';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { CheckpointTimes } from '../../domain/checkpoint-times.js';
import { unitValues, type UnitOutcome } from '../../domain/experiments/unit-values.js';
import type { Arm, Unit } from '../../domain/experiments/unit.js';
import type { ResumeRung } from '../../domain/parameters.js';
import type { StoreTables } from './tables.js';
import { rowOfUnit } from './units.js';

export interface MaturingOptions {
  /** From exposure to the moment at which a session is counted, ms. */
  horizonMs: number;
  /** Unix ms. */
  nowMs: number;
  /** A checkpoint that takes longer is slow, ms. */
  checkpointLimitMs: number;
}

/** Units of one transaction: SQLite holds the event loop for as long as it lasts, and other processes off. */
const unitsAtOnce = 250;

/** Assignments whose horizon is over become units, in order of assignment, once and for all. @returns how many were new. */
export async function matureUnits(db: Kysely<StoreTables>, experimentId: string, options: MaturingOptions): Promise<number> {
  for (let matured = 0; ; await turn()) {
    // Most looks find nothing: they need not write.
    if ((await findDue(db, experimentId, options, 1)).length === 0) return matured;
    matured += await db.transaction().execute((trx) => matureSome(trx, experimentId, options));
  }
}

/** What the sessions of an experiment have come to so far, in order of assignment; nothing is kept, and the next look may see more. */
export async function findUnitsSoFar(db: Kysely<StoreTables>, experimentId: string, { horizonMs, nowMs, checkpointLimitMs }: MaturingOptions): Promise<Unit[]> {
  const assignments = await db
    .selectFrom('assignment')
    .select(['session_id', 'arm', 'assigned_at_ms'])
    .where('experiment_id', '=', experimentId)
    .where('assigned_at_ms', '<=', nowMs)
    .orderBy('assigned_at_ms')
    .orderBy('session_id')
    .execute();
  const outcomes = await findWithinHorizon(db, experimentId, horizonMs);
  return assignments.map((assignment, at) => ({
    experimentId,
    sessionId: assignment.session_id,
    position: at + 1,
    arm: assignment.arm as Arm,
    exposedAtMs: assignment.assigned_at_ms,
    maturedAtMs: nowMs,
    ...unitValues(outcomes.get(assignment.session_id) ?? [], checkpointLimitMs),
  }));
}

async function matureSome(trx: Transaction<StoreTables>, experimentId: string, options: MaturingOptions): Promise<number> {
  const before = await lockUnits(trx, experimentId);
  const due = await findDue(trx, experimentId, options, unitsAtOnce);
  if (due.length === 0) return 0;
  const ids = due.map((assignment) => assignment.session_id);
  const outcomes = await findWithinHorizon(trx, experimentId, options.horizonMs, ids);
  const units = due.map((assignment, at) =>
    rowOfUnit({
      experimentId,
      sessionId: assignment.session_id,
      position: before + at + 1,
      arm: assignment.arm as Arm,
      exposedAtMs: assignment.assigned_at_ms,
      maturedAtMs: options.nowMs,
      ...unitValues(outcomes.get(assignment.session_id) ?? [], options.checkpointLimitMs),
    }),
  );
  await trx.insertInto('unit').values(units).execute();
  await trx
    .updateTable('assignment')
    .set((eb) => ({
      position: eb.selectFrom('unit').select('unit.position').whereRef('unit.experiment_id', '=', 'assignment.experiment_id').whereRef('unit.session_id', '=', 'assignment.session_id'),
    }))
    .where('experiment_id', '=', experimentId)
    .where('session_id', 'in', ids)
    .execute();
  await trx.updateTable('maturing').set({ units: before + units.length }).where('experiment_id', '=', experimentId).execute();
  return units.length;
}

/** Keeps everyone else from maturing units of the experiment until the transaction ends. @returns how many there are. */
async function lockUnits(trx: Transaction<StoreTables>, experimentId: string): Promise<number> {
  const { units } = await trx
    .insertInto('maturing')
    .values({ experiment_id: experimentId, units: 0 })
    // A row that is only looked at is not locked by PostgreSQL; one that is written is.
    .onConflict((conflict) => conflict.column('experiment_id').doUpdateSet({ units: sql.ref('maturing.units') }))
    .returning('units')
    .executeTakeFirstOrThrow();
  return units;
}

async function findDue(db: Kysely<StoreTables>, experimentId: string, { horizonMs, nowMs }: MaturingOptions, limit: number) {
  return db
    .selectFrom('assignment')
    .select(['session_id', 'arm', 'assigned_at_ms'])
    .where('experiment_id', '=', experimentId)
    .where('position', 'is', null)
    .where('assigned_at_ms', '<=', nowMs - horizonMs)
    .orderBy('assigned_at_ms')
    .orderBy('session_id')
    .limit(limit)
    .execute();
}

/** Outcomes of attempts that ended from the exposure to the horizon, by session. @param sessionIds all of the experiment, if left out. */
async function findWithinHorizon(db: Kysely<StoreTables>, experimentId: string, horizonMs: number, sessionIds?: readonly string[]): Promise<Map<string, UnitOutcome[]>> {
  const rows = await db
    .selectFrom('assignment')
    .innerJoin('outcome', 'outcome.session_id', 'assignment.session_id')
    .select(['outcome.session_id', 'crashed', 'running_at_ms', 'resume_strategy', 'work_lost_ms', 'input_tokens', 'output_tokens', 'cost_usd', 'downtime_ms', 'checkpoints'])
    .where('experiment_id', '=', experimentId)
    .$if(sessionIds !== undefined, (query) => query.where('assignment.session_id', 'in', sessionIds ?? []))
    .whereRef('ended_at_ms', '>=', 'assigned_at_ms')
    .where(sql<boolean>`ended_at_ms - assigned_at_ms <= ${horizonMs}`)
    // Sums of fractions depend on their order.
    .orderBy('epoch')
    .orderBy('attempt_id')
    .execute();
  const bySession = new Map<string, UnitOutcome[]>();
  for (const row of rows) {
    const outcome: UnitOutcome = {
      crashed: row.crashed === 1,
      runningAtMs: row.running_at_ms,
      resumeStrategy: row.resume_strategy as ResumeRung | null,
      workLostMs: row.work_lost_ms,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      costUsd: row.cost_usd,
      downtimeMs: row.downtime_ms,
      checkpoints: JSON.parse(row.checkpoints) as CheckpointTimes,
    };
    const known = bySession.get(row.session_id);
    if (known) known.push(outcome);
    else bySession.set(row.session_id, [outcome]);
  }
  return bySession;
}
