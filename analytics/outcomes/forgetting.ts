import { setImmediate as turn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { findExperiments } from './experiments.js';
import type { StoreTables } from './tables.js';

/** What was forgotten, or would be. */
export interface Forgotten {
  sessions: number;
  attempts: number;
}

/** Sessions of one transaction: SQLite holds other processes off for as long as it lasts. */
const sessionsAtOnce = 250;

/**
 * Removes what sessions came to that have closed for good before a moment, with all their attempts. A session stays whole if it is or was in an
 * experiment that has not closed (one that the store does not know has not), if it failed and may be reset, or if an attempt of it ended
 * later. Units, assignments, experiments and looks stay: they are what verdicts rest on.
 *
 * @param beforeMs Unix ms. @param isDryRun counts only.
 */
export async function forgetSessions(db: Kysely<StoreTables>, beforeMs: number, isDryRun: boolean): Promise<Forgotten> {
  const ids = await findForgettable(db, beforeMs);
  const forgotten: Forgotten = { sessions: ids.length, attempts: 0 };
  for (let at = 0; at < ids.length; at += sessionsAtOnce) {
    const some = ids.slice(at, at + sessionsAtOnce);
    forgotten.attempts += isDryRun ? await countAttempts(db, some) : await removeSessions(db, some);
    await turn();
  }
  return forgotten;
}

async function findForgettable(db: Kysely<StoreTables>, beforeMs: number): Promise<string[]> {
  const closed = (await findExperiments(db)).filter(({ phase }) => phase === 'closed').map(({ plan }) => plan.id);
  const rows = await db
    .selectFrom('session_closed')
    .select('session_id')
    .where('closed_at_ms', '<', beforeMs)
    .where('state', 'in', ['completed', 'stopped'])
    .where((eb) => eb.not(eb.exists(eb.selectFrom('outcome').select('attempt_id').whereRef('outcome.session_id', '=', 'session_closed.session_id').where('ended_at_ms', '>=', beforeMs))))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('assignment')
            .select('experiment_id')
            .whereRef('assignment.session_id', '=', 'session_closed.session_id')
            .$if(closed.length > 0, (query) => query.where('experiment_id', 'not in', closed)),
        ),
      ),
    )
    .orderBy('closed_at_ms')
    .execute();
  return rows.map((row) => row.session_id);
}

async function countAttempts(db: Kysely<StoreTables>, ids: readonly string[]): Promise<number> {
  const { n } = await db.selectFrom('outcome').select(({ fn }) => fn.countAll().as('n')).where('session_id', 'in', ids).executeTakeFirstOrThrow();
  return Number(n);
}

/** All of each or nothing. @returns how many attempts were removed. */
async function removeSessions(db: Kysely<StoreTables>, ids: readonly string[]): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx.deleteFrom('outcome').where('session_id', 'in', ids).executeTakeFirstOrThrow();
    await trx.deleteFrom('session_opened').where('session_id', 'in', ids).execute();
    await trx.deleteFrom('session_closed').where('session_id', 'in', ids).execute();
    return Number(numDeletedRows);
  });
}
