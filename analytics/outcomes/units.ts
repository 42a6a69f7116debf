import type { Kysely } from 'kysely';
import type { Arm, Unit } from '../../domain/experiments/unit.js';
import type { StoreTables, UnitRow } from './tables.js';

/** Units of an experiment after a position, in order. */
export async function findUnitsAfter(db: Kysely<StoreTables>, experimentId: string, position: number, limit: number): Promise<Unit[]> {
  const rows = await db.selectFrom('unit').selectAll().where('experiment_id', '=', experimentId).where('position', '>', position).orderBy('position').limit(limit).execute();
  return rows.map(unitOfRow);
}

export function rowOfUnit(unit: Unit): UnitRow {
  return {
    experiment_id: unit.experimentId,
    position: unit.position,
    session_id: unit.sessionId,
    arm: unit.arm,
    exposed_at_ms: unit.exposedAtMs,
    matured_at_ms: unit.maturedAtMs,
    reported: unit.reported ? 1 : 0,
    crashed: unit.crashed ? 1 : 0,
    failed_resume: unit.failedResume ? 1 : 0,
    resumes: unit.resumes,
    failed_resumes: unit.failedResumes,
    checkpoints: unit.checkpoints,
    slow_checkpoints: unit.slowCheckpoints,
    tokens: unit.tokens,
    cost_usd: unit.costUsd,
    lost_time_ms: unit.lostTimeMs,
    downtime_ms: unit.downtimeMs,
  };
}

function unitOfRow(row: UnitRow): Unit {
  return {
    experimentId: row.experiment_id,
    sessionId: row.session_id,
    position: row.position,
    arm: row.arm as Arm,
    exposedAtMs: row.exposed_at_ms,
    maturedAtMs: row.matured_at_ms,
    reported: row.reported === 1,
    crashed: row.crashed === 1,
    failedResume: row.failed_resume === 1,
    resumes: row.resumes,
    failedResumes: row.failed_resumes,
    checkpoints: row.checkpoints,
    slowCheckpoints: row.slow_checkpoints,
    tokens: row.tokens,
    costUsd: row.cost_usd,
    lostTimeMs: row.lost_time_ms,
    downtimeMs: row.downtime_ms,
  };
}
