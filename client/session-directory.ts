import { hostId } from '../host/shim-home.js';
import { listSessionFolders } from '../host/session-folder.js';
import type { EndedAttempt, SessionStatus } from '../workflows/messages.js';
import { namesTemporal } from './connection.js';
import { NoSuchSessionError, NoWorkerError, ShimDownError } from './errors.js';
import { readSessionRecords, type SessionRecords } from './session-records.js';
import { viewOfRecords, viewOfStatus, type SessionView } from './session-view.js';
import { ShimClient } from './shim-client.js';

/** One session with everything this machine can tell of it. */
export interface KnownSession {
  view: SessionView;
  /** Null for a session of another host. */
  records: SessionRecords | null;
  /** Ends that Temporal knows of, oldest first; empty where it could not be asked. */
  ends: EndedAttempt[];
}

/** Answers with a warning where Temporal or its worker could not be asked. */
export interface Answer<T> {
  value: T;
  warning: string | null;
}

/**
 * Looks a session up: Temporal first, else the folder on this machine, which also knows what Temporal has forgotten.
 *
 * @throws NoSuchSessionError if neither knows it.
 */
export async function findSession(home: string, name: string, environment: NodeJS.ProcessEnv): Promise<Answer<KnownSession>> {
  const records = readSessionRecords(home, name);
  return withClient(home, environment, async (client) => {
    try {
      const status = client && (await client.status(name));
      if (client && status) return { view: viewOfStatus(status, records, client.uiUrl(name)), records: sameSession(status, records), ends: status.ends };
    } catch (error) {
      if (!(error instanceof NoSuchSessionError)) throw error;
    }
    if (!records) throw new NoSuchSessionError(name);
    return { view: viewOfRecords(records, hostId(home), client?.uiUrl(name) ?? null), records, ends: [] };
  });
}

/** All sessions: the open ones of all hosts, and the closed ones with a folder on this machine; by name. */
export async function listSessions(home: string, environment: NodeJS.ProcessEnv): Promise<Answer<SessionView[]>> {
  return withClient(home, environment, async (client) => {
    const views = new Map<string, SessionView>();
    for (const { name } of listSessionFolders(home)) {
      const records = readSessionRecords(home, name);
      if (records) views.set(name, viewOfRecords(records, hostId(home), client?.uiUrl(name) ?? null));
    }
    for (const status of (await client?.list()) ?? []) {
      views.set(status.name, viewOfStatus(status, readSessionRecords(home, status.name), client?.uiUrl(status.name) ?? null));
    }
    return [...views.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

/** A folder may still be that of an earlier session of the same name. */
function sameSession(status: SessionStatus, records: SessionRecords | null): SessionRecords | null {
  return records?.spec.sessionId === status.sessionId ? records : null;
}

/** Asks with a client if there is one to be had, else without. */
export async function withClient<T>(home: string, environment: NodeJS.ProcessEnv, ask: (client: ShimClient | null) => Promise<T>): Promise<Answer<T>> {
  let client: ShimClient | null = null;
  try {
    client = await ShimClient.connect(home, environment);
    return { value: await ask(client), warning: null };
  } catch (error) {
    if (!(error instanceof ShimDownError || error instanceof NoWorkerError)) throw error;
    return { value: await ask(null).catch(rethrowUnlessKnown(error, environment)), warning: `${error.message}. This is what the folders on this machine tell` };
  } finally {
    await client?.close();
  }
}

/** A folder that is not there proves nothing where sessions may be on other hosts, or Temporal is there and its worker is not. */
function rethrowUnlessKnown(why: ShimDownError | NoWorkerError, environment: NodeJS.ProcessEnv): (error: unknown) => never {
  return (error) => {
    throw error instanceof NoSuchSessionError && (why instanceof NoWorkerError || namesTemporal(environment)) ? why : error;
  };
}
