import type { Kysely } from 'kysely';
import type { Arm } from '../../domain/experiments/unit.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import type { Arms } from '../../domain/statistics/interval.js';
import type { Assignment } from './store.js';
import type { AssignmentRow, StoreTables } from './tables.js';

/** The first assignment of a session to an experiment stands, whoever else is assigning it. @returns the one that stands. */
export async function insertAssignment(db: Kysely<StoreTables>, given: Assignment): Promise<Assignment> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('assignment')
    .values({
      experiment_id: given.experimentId,
      session_id: given.sessionId,
      parameter: given.parameter,
      arm: given.arm,
      value: JSON.stringify(given.value),
      assigned_at_ms: given.assignedAtMs,
      position: null,
    })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'session_id']).doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 1n) return given;
  const row = await db.selectFrom('assignment').selectAll().where('experiment_id', '=', given.experimentId).where('session_id', '=', given.sessionId).executeTakeFirstOrThrow();
  return assignmentOfRow(row);
}

/** By their time. */
export async function findAssignments(db: Kysely<StoreTables>, sessionId: string): Promise<Assignment[]> {
  const rows = await db.selectFrom('assignment').selectAll().where('session_id', '=', sessionId).orderBy('assigned_at_ms').orderBy('experiment_id').execute();
  return rows.map(assignmentOfRow);
}

export async function countAssignments(db: Kysely<StoreTables>, experimentId: string): Promise<Arms<number>> {
  const rows = await db
    .selectFrom('assignment')
    .select(({ fn }) => ['arm', fn.countAll().as('sessions')])
    .where('experiment_id', '=', experimentId)
    .groupBy('arm')
    .execute();
  const of = (arm: Arm) => Number(rows.find((row) => row.arm === arm)?.sessions ?? 0);
  return { control: of('control'), treatment: of('treatment') };
}

function assignmentOfRow(row: AssignmentRow): Assignment {
  return {
    experimentId: row.experiment_id,
    sessionId: row.session_id,
    parameter: row.parameter as ParameterName,
    arm: row.arm as Arm,
    value: JSON.parse(row.value) as ParameterValue,
    assignedAtMs: row.assigned_at_ms,
  };
}
