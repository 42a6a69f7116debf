import { closedStates } from '../domain/session.js';
import { emptyHistory } from '../domain/restart-policy.js';
import { hostId } from '../host/shim-home.js';
import { listSessionFolders, type SessionFolder } from '../host/session-folder.js';
import type { CarriedSession } from '../workflows/messages.js';
import { agentPid } from './agent-pid.js';
import { DuplicateSessionError } from './errors.js';
import { ShimClient } from './shim-client.js';

/** What became of a session whose workflow was lost. */
export interface RebuiltSession {
  name: string;
  /** `kept` where a workflow of that name is open already. */
  outcome: 'supervised' | 'paused' | 'kept';
  /** One line. */
  why: string;
}

const rebuilt = 'its workflow was made anew from its folder';

/**
 * Starts a workflow for each session of this host that was neither stopped nor completed, from what its folder tells. No host
 * worker may run meanwhile: the next one finds an attempt that lives, and tells the end of one that does not.
 *
 * @throws ShimDownError.
 */
export async function rebuildSessions(home: string, environment: NodeJS.ProcessEnv): Promise<RebuiltSession[]> {
  const folders = listSessionFolders(home).filter(isWanted);
  const client = await ShimClient.connect(home, environment);
  const sessions: RebuiltSession[] = [];
  try {
    for (const folder of folders) sessions.push(await rebuildSession(client, folder, hostId(home)));
  } finally {
    await client.close();
  }
  return sessions;
}

/** Its folder says that it is to go on, or to be asked about. */
function isWanted(folder: SessionFolder): boolean {
  const spec = folder.spec();
  const state = folder.state()?.state;
  return spec !== null && folder.tombstone()?.sessionId !== spec.sessionId && !(state !== undefined && closedStates.includes(state));
}

async function rebuildSession(client: ShimClient, folder: SessionFolder, hostId: string): Promise<RebuiltSession> {
  const { name } = folder;
  const spec = folder.spec();
  if (!spec) return { name, outcome: 'kept', why: 'its specification is gone' };
  const rest = restOf(folder);
  const carried = carriedFrom(folder, spec, rest);
  if (!rest) folder.attempts().at(-1)?.forgetReported();
  try {
    await client.startSession(spec, hostId, carried);
  } catch (error) {
    if (error instanceof DuplicateSessionError) return { name, outcome: 'kept', why: 'its workflow is open' };
    throw error;
  }
  return rest ? { name, outcome: 'paused', why: rest.pausedBy } : { name, outcome: 'supervised', why: rebuilt };
}

/** A session that had come to rest goes on resting, whatever the failures were that led there: a person is asked. */
function restOf(folder: SessionFolder): Pick<CarriedSession, 'pausedBy' | 'pauseReason'> | null {
  const record = folder.state();
  const last = folder.epochs().at(-1) ?? 0;
  // A later attempt was begun after that state: it was left.
  if (!record || record.epoch < last) return null;
  if (record.state === 'failed') return { pausedBy: `the loss of Temporal's database: it had failed (${record.reason})`, pauseReason: 'person' };
  return record.state === 'paused' ? { pausedBy: `the loss of Temporal's database: ${record.reason}`, pauseReason: 'person' } : null;
}

/** What its workflow would carry: the last attempt is taken for alive until the host says otherwise. */
function carriedFrom(folder: SessionFolder, { sessionId, name, parameters, createdAt }: NonNullable<ReturnType<SessionFolder['spec']>>, rest: Pick<CarriedSession, 'pausedBy' | 'pauseReason'> | null): CarriedSession {
  const attempts = folder.attempts();
  const last = attempts.at(-1);
  const record = last?.record() ?? null;
  const epoch = last?.epoch ?? 0;
  const ends = attempts.flatMap((attempt) => {
    const report = attempt.report();
    if (!report || (attempt === last && !rest)) return [];
    return [{ epoch: attempt.epoch, exitClass: report.exitClass, reason: report.reason, startedAtMs: report.startedAtMs, endedAtMs: report.endedAtMs, decision: attempt.decision() ?? 'unknown' }];
  });
  return {
    epoch,
    restarts: Math.max(0, epoch - 1),
    history: emptyHistory,
    desired: rest ? 'paused' : 'running',
    pauseReason: rest?.pauseReason ?? null,
    state: rest ? 'paused' : 'running',
    reason: rest ? `paused by ${rest.pausedBy}` : rebuilt,
    attempt: rest || !record ? null : { sessionId, name, epoch, attemptId: record.attemptId, pid: (last && agentPid(last.path)) ?? 0, startedAtMs: record.startedAtMs, runningAtMs: last?.live()?.runningAtMs ?? null },
    lastEnds: ends.slice(-20),
    checkpoint: attempts.findLast((attempt) => attempt.report()?.checkpoint)?.report()?.checkpoint ?? null,
    strategy: parameters.resumeStrategy,
    wait: null,
    unsettled: null,
    checkpointRequests: 0,
    checkpointProblem: null,
    hostAwaySinceMs: null,
    pausedBy: rest?.pausedBy ?? '',
    stoppedBy: '',
    startedAtMs: Date.parse(createdAt),
  };
}
