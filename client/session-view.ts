import type { AssignedParameters } from '../domain/assignment.js';
import { judgeBudget, nothingSpent, type Budget, type Spend } from '../domain/budget.js';
import type { ExitClass } from '../domain/exit-class.js';
import { parameterNames, parameterTable, withLiveOf, type ParameterName, type ParameterValue } from '../domain/parameter-table.js';
import type { Parameters } from '../domain/parameters.js';
import type { Risk } from '../domain/risk.js';
import { describeWriter } from '../domain/second-writer.js';
import type { PauseReason, SessionState } from '../domain/session.js';
import { inputTokensOf } from '../domain/signals.js';
import type { DesiredState, SessionStatus } from '../workflows/messages.js';
import { spentSoFar } from '../host/budget/session-spend.js';
import type { LiveRecord } from '../host/session-records.js';
import type { SessionRecords } from './session-records.js';

/** One session as people and scripts see it: what Temporal decides, and what this host's disk adds. Times are ISO 8601. */
export interface SessionView {
  name: string;
  sessionId: string;
  agent: string;
  /** `unknown` where only the folder could be asked and it does not tell. */
  state: SessionState | 'unknown';
  /** Why it is in this state, one line. */
  reason: string;
  /** When a timer ends the state. */
  until: string | null;
  desired: DesiredState | null;
  pauseReason: PauseReason | null;
  /** The fleet that it is a member of; null for a session that a person began. */
  fleet: string | null;
  host: string | null;
  /** Of the running attempt's root; null between attempts. */
  pid: number | null;
  /** Number of the latest attempt, 0 before the first. */
  attempt: number;
  restarts: number;
  startedAt: string;
  cwd: string | null;
  /** Null between attempts, and for sessions of other hosts. So are context, tokens, costUsd and memoryBytes. */
  risk: Risk | null;
  context: { tokens: number; windowTokens: number | null; ratio: number | null } | null;
  /** Of the running attempt; input with what came from the cache. */
  tokens: { input: number; output: number } | null;
  costUsd: number | null;
  memoryBytes: number | null;
  /** Who pays; null where the session waits for limits by itself. */
  account: string | null;
  lastCheckpoint: { id: string; at: string } | null;
  /** Follow-up prompts that the agent has not got yet; null where only the folder could be asked. */
  promptsWaiting: number | null;
  /** Null where it has none and has met none; what is spent with what this host knows of the running attempt. */
  budget: { limit: Budget; spent: Spend; level: 'fine' | 'warning' | 'exceeded' } | null;
  /** The session after which it begins; null where there is none. */
  after: string | null;
  /** Second writers that people have allowed to go on beside it, one line each. */
  beside: string[];
  /** Why the last checkpoint on request was not made; null where it was. */
  checkpointProblem: string | null;
  lastExit: { exitClass: ExitClass; reason: string; at: string } | null;
  /** What it runs with. */
  parameters: ParameterView[];
  uiUrl: string | null;
  /** Who told: `folder` where Temporal could not be asked, or has forgotten the session. */
  source: 'temporal' | 'folder';
}

/** A parameter of a session: its value, in the parameter's unit, and where the session has it from. */
export interface ParameterView {
  name: ParameterName;
  value: ParameterValue;
  /** A person has set it for this session. */
  pinned: boolean;
  /** The experiment or rollout that the session is in. */
  assignment: { experimentId: string; arm: 'control' | 'treatment' } | null;
}

/** What Temporal says, with what this host's folder adds where it is the same session. */
export function viewOfStatus(status: SessionStatus, records: SessionRecords | null, uiUrl: string | null): SessionView {
  const own = records?.spec.sessionId === status.sessionId ? records : null;
  const current = status.attempt && own?.attempts.at(-1)?.epoch === status.attempt.epoch ? own : null;
  const end = status.ends.at(-1);
  const known = status.checkpoint && { id: status.checkpoint.id, at: iso(status.checkpoint.atMs) };
  const onDisk = own && checkpointOf(own);
  return {
    name: status.name,
    sessionId: status.sessionId,
    agent: status.agent,
    state: status.state,
    reason: status.reason,
    until: status.untilMs === null ? null : iso(status.untilMs),
    desired: status.desired,
    pauseReason: status.pauseReason,
    fleet: status.fleet,
    host: status.hostId,
    pid: current?.pid ?? status.attempt?.pid ?? null,
    attempt: status.epoch,
    restarts: status.restarts,
    startedAt: iso(status.startedAtMs),
    cwd: own?.spec.cwd ?? null,
    ...liveFields(current?.live ?? null),
    account: status.account ?? null,
    // The workflow hears of few checkpoints; the folder has them all.
    lastCheckpoint: onDisk && (!known || onDisk.at > known.at) ? onDisk : known,
    promptsWaiting: status.promptsWaiting,
    after: status.after,
    beside: (status.beside ?? []).map((writer) => `${describeWriter(writer)}; allowed by ${writer.allowedBy}`),
    budget: status.budget && budgetView(status.budget.limit, liveSpend(current) ?? status.budget.spend ?? nothingSpent),
    checkpointProblem: status.checkpointProblem,
    lastExit: end ? { exitClass: end.exitClass, reason: end.reason, at: iso(end.endedAtMs) } : null,
    // Where a running attempt has not heard of a change yet, it runs with what it has.
    parameters: parametersView(status.attemptParameters ? withLiveOf(status.parameters, status.attemptParameters) : status.parameters, status.pinned, status.assignments),
    uiUrl,
    source: 'temporal',
  };
}

/** What the folder alone tells: of closed sessions all, of open ones what was true when Temporal was last heard. */
export function viewOfRecords(records: SessionRecords, hostId: string | null, uiUrl: string | null): SessionView {
  const { spec, attempts, live, stopped, pid } = records;
  const last = attempts.at(-1);
  const report = attempts.findLast((attempt) => attempt.report)?.report ?? null;
  const { state, reason } = stateOf(records);
  return {
    name: spec.name,
    sessionId: spec.sessionId,
    agent: spec.agent,
    state,
    reason,
    until: null,
    desired: stopped ? 'stopped' : null,
    pauseReason: null,
    fleet: spec.fleet ?? null,
    host: last?.record?.hostId ?? hostId,
    pid,
    attempt: last?.epoch ?? 0,
    restarts: Math.max(0, attempts.length - 1),
    startedAt: spec.createdAt,
    cwd: spec.cwd,
    ...liveFields(live),
    account: spec.account ?? null,
    lastCheckpoint: checkpointOf(records),
    promptsWaiting: null,
    after: spec.after ?? null,
    beside: [],
    budget: spec.budget ? budgetView(spec.budget, spendOfRecords(records) ?? nothingSpent) : null,
    checkpointProblem: null,
    lastExit: report && { exitClass: report.exitClass, reason: report.reason, at: iso(report.endedAtMs) },
    parameters: parametersView(last?.record?.parameters ?? spec.parameters, spec.pinned, []),
    uiUrl,
    source: 'folder',
  };
}

function stateOf({ stopped, state, attempts, live, pid }: SessionRecords): Pick<SessionView, 'state' | 'reason'> {
  const last = attempts.at(-1);
  const told = state && state.epoch >= (last?.epoch ?? 0) ? state : null;
  if (told && (told.state === 'completed' || told.state === 'stopped')) return told;
  if (stopped) return { state: 'stopped', reason: stopped.reason };
  if (last?.report && told) return told;
  if (last?.report) return { state: 'unknown', reason: `attempt ${last.epoch} ended (${last.report.exitClass}); what comes next is decided when Temporal is back` };
  if (pid !== null) return { state: live?.runningAtMs == null ? 'starting' : 'running', reason: 'its process is alive' };
  if (told) return told;
  return last ? { state: 'unknown', reason: `attempt ${last.epoch} was begun and its end has not been seen` } : { state: 'starting', reason: 'first start' };
}

function parametersView(parameters: Parameters, pinned: readonly ParameterName[], assignments: AssignedParameters['assignments']): ParameterView[] {
  return parameterNames.flatMap((name) => {
    const { field } = parameterTable[name];
    if (field === null) return [];
    const assigned = assignments.find(({ parameter }) => parameter === name);
    return [{ name, value: parameters[field], pinned: pinned.includes(name), assignment: assigned ? { experimentId: assigned.experimentId, arm: assigned.arm } : null }];
  });
}

function budgetView(limit: Budget, spent: Spend): SessionView['budget'] {
  return { limit, spent, level: judgeBudget({ scope: 'session', fleet: null }, limit, spent)?.level ?? 'fine' };
}

/** What a session has spent in all its attempts, as its folder tells; null where it does not. */
export function spendOfRecords(records: SessionRecords): Spend | null {
  return liveSpend(records) ?? records.attempts.findLast((attempt) => attempt.report)?.report?.spend ?? null;
}

/** What a session with a living attempt has spent; null where none lives. */
function liveSpend(records: SessionRecords | null): Spend | null {
  const record = records?.attempts.at(-1)?.record;
  if (!records?.live || !record?.spending) return null;
  return spentSoFar(record.spending.before, record.spending.begunWith, records.live.signals, Date.now() - record.startedAtMs);
}

function liveFields(live: LiveRecord | null): Pick<SessionView, 'risk' | 'context' | 'tokens' | 'costUsd' | 'memoryBytes'> {
  if (!live) return { risk: null, context: null, tokens: null, costUsd: null, memoryBytes: null };
  const { signals, risk, resources } = live;
  return {
    risk,
    context: signals.contextTokens === null ? null : { tokens: signals.contextTokens, windowTokens: signals.contextWindowTokens, ratio: risk.contextUse },
    tokens: signals.firstInputTokens === null ? null : { input: inputTokensOf(signals.usage), output: signals.usage.outputTokens },
    costUsd: signals.costUsd,
    memoryBytes: resources?.rssBytes ?? null,
  };
}

function checkpointOf({ checkpoint }: SessionRecords): SessionView['lastCheckpoint'] {
  return checkpoint && { id: checkpoint.id, at: checkpoint.createdAt };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
