import { mapBounded } from '../domain/concurrency.js';
import type { RiskZone } from '../domain/risk.js';
import type { SessionState } from '../domain/session.js';
import { readOverview, type HostOverview, type OverviewEntry } from '../host/overview.js';
import { isDead, readProcess } from '../host/process/process-table.js';
import { listSessionFolders, SessionFolder } from '../host/session-folder.js';
import { hostId } from '../host/shim-home.js';
import { newestCheckpoint } from './checkpoint-list.js';
import { NoSuchSessionError } from './errors.js';
import { withClient, type Answer } from './session-directory.js';
import { readSessionRecords } from './session-records.js';
import { spendOfRecords, viewOfRecords } from './session-view.js';
import type { ListedSession } from './open-sessions.js';
import type { ShimClient } from './shim-client.js';
import type { SessionStatus } from '../workflows/messages.js';

/** A session as a list shows it. Times are ISO 8601. */
export interface SessionGlance {
  name: string;
  agent: string;
  /** The fleet that it is a member of; null where it is of none. */
  fleet: string | null;
  state: SessionState | 'unknown';
  /** Number of the latest attempt, 0 before the first. */
  attempt: number;
  /** Null between attempts, and for sessions of other hosts. So are contextUse, pid and checkpoint. */
  zone: RiskZone | null;
  /** Ratio 0-1. */
  contextUse: number | null;
  pid: number | null;
  checkpoint: { id: string; at: string } | null;
  startedAt: string;
  host: string | null;
  restarts: number;
  /** When the running attempt began; null as zone is. */
  attemptStartedAt: string | null;
  /** What the session has spent in all its attempts; null where its agent does not tell, and as zone is. */
  tokens: number | null;
  costUsd: number | null;
  /** Why it is in this state, one line. */
  reason: string;
  /** When a timer ends the state; null where none does, or the session was not asked. */
  until: string | null;
}

/** A host that does not answer within this is shown as one that does not, ms. */
const hostPatienceMs = 1_000;

/** Sessions that are asked themselves why they do not run; of more the list says how to ask. */
const mostAsked = 64;
const asksAtOnce = 16;

/**
 * A look at all sessions that costs the same for ten and for a thousand: one list by Temporal, and one read for each host. Sessions
 * that do not run are asked for their reason, up to a number.
 *
 * @returns the open ones of all hosts, and the closed ones with a folder on this machine; by name.
 */
export async function glanceAtSessions(home: string, environment: NodeJS.ProcessEnv): Promise<Answer<SessionGlance[]>> {
  const { value, warning } = await withClient(home, environment, async (client) => {
    // What the host has written is read while Temporal makes its list.
    const [open, overview] = client ? await Promise.all([client.listOpen(), readOverview(home)]) : [[], null];
    const unwell = client ? await unwellHosts(client, overview, open) : new Map<string, string>();
    const asked = client ? await askThoseAtRest(client, open, unwell) : new Map<string, SessionStatus>();
    const listed = new Set(open.map(({ name }) => name));
    const others = listSessionFolders(home).flatMap(({ name }) => (listed.has(name) ? [] : (glanceAtFolder(home, name) ?? [])));
    return { glances: [...glancesOf(home, overview, open, unwell, asked), ...others].sort(byName), unwell };
  });
  return { value: value.glances, warning: warning ?? whatIsWrong(value.unwell) };
}

/**
 * The open sessions of all hosts alone, by name, none of which is asked itself: for who looks again and again.
 *
 * @throws ShimDownError, NoWorkerError
 */
export async function glanceAtOpen(client: ShimClient, home: string): Promise<Answer<SessionGlance[]>> {
  const [open, overview] = await Promise.all([client.listOpen(), readOverview(home)]);
  const unwell = await unwellHosts(client, overview, open);
  return { value: glancesOf(home, overview, open, unwell, new Map()).sort(byName), warning: whatIsWrong(unwell) };
}

/** A session as its folder on this machine tells; null where there is none. */
export function glanceAtFolder(home: string, name: string): SessionGlance | null {
  const records = readSessionRecords(home, name);
  if (!records) return null;
  const { agent, fleet, state, attempt, restarts, risk, context, pid, lastCheckpoint, startedAt, reason, until, host } = viewOfRecords(records, hostId(home), null);
  const spent = spendOfRecords(records);
  const last = records.attempts.at(-1);
  const attemptStartedAt = last?.record && !last.report ? new Date(last.record.startedAtMs).toISOString() : null;
  return {
    name, agent, fleet, state, attempt, restarts, host, startedAt, attemptStartedAt, reason, until, pid,
    zone: risk?.zone ?? null, contextUse: context?.ratio ?? null, checkpoint: lastCheckpoint, tokens: spent?.tokens || null, costUsd: spent?.usd || null,
  };
}

function byName(a: SessionGlance, b: SessionGlance): number {
  return a.name < b.name ? -1 : 1;
}

function whatIsWrong(unwell: ReadonlyMap<string, string>): string | null {
  return unwell.size === 0 ? null : [...unwell.values()].join('; ');
}

/** What is wrong with hosts of these sessions, by host: one line each. */
async function unwellHosts(client: ShimClient, overview: HostOverview | null, open: readonly ListedSession[]): Promise<Map<string, string>> {
  const unwell = new Map<string, string>();
  await mapBounded([...new Set(open.map((session) => session.hostId))], asksAtOnce, async (host) => {
    try {
      const { state, reason, sinceMs } = await client.hostStatus(host, hostPatienceMs);
      if (state !== 'up') unwell.set(host, `host ${host} is ${state} since ${new Date(sinceMs).toISOString()}: ${reason}`);
    } catch (error) {
      unwell.set(host, `host ${host} does not answer: ${error instanceof NoSuchSessionError ? 'it was never seen' : 'nobody says whether it is up'}`);
    }
  });
  if (overview && open.some((session) => session.hostId === overview.hostId) && !unwell.has(overview.hostId) && !isAlive(overview.workerPid)) {
    unwell.set(overview.hostId, `host ${overview.hostId}: its worker does not run; attempts are shown as of ${new Date(overview.atMs).toISOString()}; run: shim up`);
  }
  return unwell;
}

async function askThoseAtRest(client: ShimClient, open: readonly ListedSession[], unwell: ReadonlyMap<string, string>): Promise<Map<string, SessionStatus>> {
  const asked = new Map<string, SessionStatus>();
  const puzzling = open.filter(({ state, hostId: host }) => state !== 'running' && !unwell.has(host)).slice(0, mostAsked);
  await mapBounded(puzzling, asksAtOnce, async ({ name }) => {
    // It may have closed, or its worker have gone, since it was listed: then the list says what it knows.
    const status = await client.status(name).catch(() => null);
    if (status !== null) asked.set(name, status);
  });
  return asked;
}

function glancesOf(home: string, overview: HostOverview | null, open: readonly ListedSession[], unwell: ReadonlyMap<string, string>, asked: ReadonlyMap<string, SessionStatus>): SessionGlance[] {
  const live = new Map(overview?.attempts.map((entry) => [entry.sessionId, entry]));
  // Where nobody was asked there may be no folder yet, in which a host has its id.
  const here = asked.size > 0 ? hostId(home) : null;
  return open.map((session) => {
    const { name, agent, fleet, hostId: host, state, attempt, restarts, startedAtMs } = session;
    const reason = unwell.get(host) ?? asked.get(name)?.reason ?? (state === 'running' ? 'first event seen' : `see: shim why ${name}`);
    const untilMs = asked.get(name)?.untilMs ?? null;
    const seen = liveOf(live.get(session.sessionId), session);
    const checkpoint = seen.checkpoint ?? (asked.has(name) && host === here ? checkpointOf(new SessionFolder(home, name), session) : null);
    return { name, agent, fleet, host, state, attempt, restarts, startedAt: new Date(startedAtMs).toISOString(), reason, until: untilMs === null ? null : new Date(untilMs).toISOString(), ...seen, checkpoint };
  });
}

/** Of a session of this machine that does not run: the overview tells of living attempts alone. */
function checkpointOf(folder: SessionFolder, { sessionId }: ListedSession): SessionGlance['checkpoint'] {
  const newest = folder.spec()?.sessionId === sessionId ? newestCheckpoint(folder) : null;
  return newest && { id: newest.id, at: newest.createdAt };
}

function liveOf(entry: OverviewEntry | undefined, { attempt }: ListedSession): Pick<SessionGlance, 'zone' | 'contextUse' | 'pid' | 'checkpoint' | 'attemptStartedAt' | 'tokens' | 'costUsd'> {
  const { checkpoint = null, tokens = null, costUsd = null } = entry ?? {};
  if (entry?.epoch !== attempt) return { zone: null, contextUse: null, pid: null, checkpoint, attemptStartedAt: null, tokens, costUsd };
  const { zone, contextUse, pid, startedAtMs } = entry;
  return { zone, contextUse, pid, checkpoint, attemptStartedAt: startedAtMs === null ? null : new Date(startedAtMs).toISOString(), tokens, costUsd };
}

/** One that was killed and that nobody has taken leave of keeps its pid. */
function isAlive(pid: number): boolean {
  const info = readProcess(pid);
  return info !== null && !isDead(info);
}
