import { Kysely } from 'kysely';
import { countAssignments, findAssignments, insertAssignment } from './assignments.js';
import { findExperiment, findExperiments, findLatestLook, findLooks, insertLook, upsertExperiment } from './experiments.js';
import { forgetSessions } from './forgetting.js';
import { alone, migrate } from './migrate.js';
import type { DatabaseKind } from './migrations.js';
import { findUnitsSoFar, matureUnits } from './maturing.js';
import { deleteMirrorEvents, findMirrorEvents, insertMirrorEvent } from './mirror-events.js';
import { findLastOutcomeAtMs, recordOutcomes } from './outcomes.js';
import { findParameter, findParameters, insertParameter } from './parameters.js';
import { postgresDialect } from './postgres-database.js';
import { sumSessions } from './session-totals.js';
import { findSession, findSessionsBetween, insertOpened, upsertClosed } from './sessions.js';
import { sqliteDialect } from './sqlite-database.js';
import type { Store } from './store.js';
import type { StoreTables } from './tables.js';
import { findUnitsAfter } from './units.js';

/** Thrown where the store cannot be opened, or is of a newer version. */
export class StoreOpenError extends Error {
  override name = 'StoreOpenError';
}

/**
 * Opens the store, and brings its tables up to date.
 *
 * @param where a file's path, or a `postgres://` address. @throws StoreOpenError
 */
export async function openStore(where: string): Promise<Store> {
  const kind: DatabaseKind = /^postgres(ql)?:\/\//.test(where) ? 'PostgreSQL' : 'SQLite';
  const database = new Kysely<StoreTables>({ dialect: kind === 'PostgreSQL' ? postgresDialect(where) : sqliteDialect(where) });
  try {
    await (kind === 'PostgreSQL' ? migrate(database, kind) : alone(`${where}.lock`, () => migrate(database, kind)));
    return storeOn(database);
  } catch (error) {
    await database.destroy();
    throw new StoreOpenError(`the store cannot be opened: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function storeOn(db: Kysely<StoreTables>): Store {
  return {
    record: (outcomes, atMs = Date.now()) => recordOutcomes(db, outcomes, atMs),
    openSession: (session) => insertOpened(db, session),
    closeSession: (session) => upsertClosed(db, session),
    session: (sessionId) => findSession(db, sessionId),
    sessionsBetween: (fromMs, untilMs, limit) => findSessionsBetween(db, fromMs, untilMs, limit),
    sessionTotals: (fromMs, untilMs) => sumSessions(db, fromMs, untilMs),
    forget: (beforeMs, { isDryRun }) => forgetSessions(db, beforeMs, isDryRun),
    assign: (assignment) => insertAssignment(db, assignment),
    assignmentsOf: (sessionId) => findAssignments(db, sessionId),
    countAssignments: (experimentId) => countAssignments(db, experimentId),
    mature: (experimentId, options) => matureUnits(db, experimentId, options),
    unitsSoFar: (experimentId, options) => findUnitsSoFar(db, experimentId, options),
    unitsAfter: (experimentId, position, limit) => findUnitsAfter(db, experimentId, position, limit),
    lastOutcomeAtMs: () => findLastOutcomeAtMs(db),
    parameters: () => findParameters(db),
    parameter: (name) => findParameter(db, name),
    publish: async (parameter, atMs) => {
      await insertParameter(db, parameter, atMs);
      return (await findParameter(db, parameter.name)) ?? parameter;
    },
    saveExperiment: (status, atMs) => upsertExperiment(db, status, atMs),
    experiment: (id) => findExperiment(db, id),
    experiments: () => findExperiments(db),
    saveLook: (experimentId, look) => insertLook(db, experimentId, look),
    looks: (experimentId) => findLooks(db, experimentId),
    latestLook: (experimentId) => findLatestLook(db, experimentId),
    enqueue: (kind, body, atMs) => insertMirrorEvent(db, kind, body, atMs),
    owed: (limit) => findMirrorEvents(db, limit),
    sent: (ids) => deleteMirrorEvents(db, ids),
    close: () => db.destroy(),
  };
}
