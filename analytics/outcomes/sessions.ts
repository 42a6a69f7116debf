import { setImmediate as turn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Arm } from '../../domain/experiments/unit.js';
import type { SessionClosed, SessionOpened, SessionRecord } from '../../domain/outcome.js';
import { parametersSchema } from '../../domain/parameters.js';
import { findOutcomes } from './outcomes.js';
import type { SessionClosedRow, SessionOpenedRow, StoreTables } from './tables.js';

/** Sessions that are read between two turns of the event loop. */
const sessionsAtOnce = 200;

/** The first opening of a session stands. */
export async function insertOpened(db: Kysely<StoreTables>, session: SessionOpened): Promise<void> {
  await db
    .insertInto('session_opened')
    .values({ session_id: session.sessionId, session_name: session.sessionName, host_id: session.hostId, agent: session.agent, parameters: JSON.stringify(session.parameters), opened_at_ms: session.openedAtMs })
    .onConflict((conflict) => conflict.column('session_id').doNothing())
    .execute();
}

/** A failed session may be reset and close again: the latest close stands. */
export async function upsertClosed(db: Kysely<StoreTables>, session: SessionClosed): Promise<void> {
  const row = { session_id: session.sessionId, state: session.state, attempts: session.attempts, restarts: session.restarts, closed_at_ms: session.closedAtMs };
  await db
    .insertInto('session_closed')
    .values(row)
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet(row).whereRef('session_closed.closed_at_ms', '<', 'excluded.closed_at_ms'))
    .execute();
}

export async function findSession(db: Kysely<StoreTables>, sessionId: string): Promise<SessionRecord | null> {
  const [record] = await findSessions(db, [sessionId]);
  return record === undefined || (record.opened === null && record.closed === null && record.attempts.length === 0 && record.assignments.length === 0) ? null : record;
}

/** Sessions with an attempt that ended in a window, by the last of these ends; of more than the limit, the newest. */
export async function findSessionsBetween(db: Kysely<StoreTables>, fromMs: number, untilMs: number, limit: number | undefined): Promise<SessionRecord[]> {
  const found = db
    .selectFrom('outcome')
    .select(({ fn }) => ['session_id', fn.max('ended_at_ms').as('last')])
    .where('ended_at_ms', '>=', fromMs)
    .where('ended_at_ms', '<', untilMs)
    .groupBy('session_id')
    .orderBy('last', 'desc')
    .orderBy('session_id');
  const ids = (await (limit === undefined ? found : found.limit(limit)).execute()).map((row) => row.session_id).toReversed();
  const records: SessionRecord[] = [];
  for (let at = 0; at < ids.length; at += sessionsAtOnce) {
    records.push(...(await findSessions(db, ids.slice(at, at + sessionsAtOnce))));
    await turn();
  }
  return records;
}

/** In the order of their ids as given. */
async function findSessions(db: Kysely<StoreTables>, ids: readonly string[]): Promise<SessionRecord[]> {
  const records = new Map<string, SessionRecord>(ids.map((sessionId) => [sessionId, { sessionId, opened: null, closed: null, attempts: [], assignments: [] }]));
  const opened = await db.selectFrom('session_opened').selectAll().where('session_id', 'in', ids).execute();
  const closed = await db.selectFrom('session_closed').selectAll().where('session_id', 'in', ids).execute();
  const assignments = await db.selectFrom('assignment').selectAll().where('session_id', 'in', ids).orderBy('assigned_at_ms').orderBy('experiment_id').execute();
  for (const row of opened) change(records, row.session_id, (record) => (record.opened = openedOfRow(row)));
  for (const row of closed) change(records, row.session_id, (record) => (record.closed = closedOfRow(row)));
  for (const outcome of await findOutcomes(db, ids)) change(records, outcome.sessionId, ({ attempts }) => attempts.push(outcome));
  for (const row of assignments) {
    const given = { experimentId: row.experiment_id, parameter: row.parameter, arm: row.arm as Arm, assignedAtMs: row.assigned_at_ms };
    change(records, row.session_id, (record) => record.assignments.push(given));
  }
  return [...records.values()];
}

function change(records: ReadonlyMap<string, SessionRecord>, sessionId: string, by: (record: SessionRecord) => void): void {
  const record = records.get(sessionId);
  if (record) by(record);
}

function openedOfRow(row: SessionOpenedRow): SessionOpened {
  return { sessionId: row.session_id, sessionName: row.session_name, hostId: row.host_id, agent: row.agent, parameters: parametersSchema.parse(JSON.parse(row.parameters)), openedAtMs: row.opened_at_ms };
}

function closedOfRow(row: SessionClosedRow): SessionClosed {
  return { sessionId: row.session_id, state: row.state as SessionClosed['state'], attempts: row.attempts, restarts: row.restarts, closedAtMs: row.closed_at_ms };
}
