import { z } from 'zod';
import { growing, limitWait, overloadWait } from './limit-wait.js';
import { moment } from './moment.js';

/** Who pays: what limits belong to. As `claude-code/3f9c2a71`, or any name that a person gives. */
export const accountNameSchema = z
  .string()
  .max(100, 'an account has at most 100 characters')
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+/-]*$/, 'an account starts with a letter or digit and holds only letters, digits and . _ @ + / -');

/** Why an account makes its sessions wait. */
export type LimitCause = 'limit_reached' | 'overloaded' | 'person';

/** A session that is not to start before its turn. The ticket names one wait: the attempt that ended, or the session itself before its first. */
export interface WaitingSession {
  session: string;
  ticket: string;
  /** Unix ms. */
  sinceMs: number;
}

/**
 * One account's limit: plain JSON; times are Unix ms.
 * `limited` ends by time alone, `probing` by the word of one session that was let go, `releasing` when the last one was.
 */
export interface AccountState {
  account: string;
  phase: 'open' | 'limited' | 'probing' | 'releasing';
  /** When the phase began. */
  sinceMs: number;
  /** Of the present wait or the last one; null before the first. */
  cause: LimitCause | null;
  /** What the agent said of it, or who asked for it, one line. */
  reason: string;
  /** When the wait is over; null in the other phases. */
  untilMs: number | null;
  /** Who set the end by hand: then no report moves it. */
  setBy: string | null;
  /** Waits in a row without a success between: the exponent of a wait that no reset ends. */
  consecutive: number;
  /** In the order in which they came. */
  waiting: WaitingSession[];
  /** Let go to see whether the limit is over, and not yet heard of. */
  probe: WaitingSession | null;
  /** Let go since the limit, the last 200: who asks again is answered the same. */
  letGo: WaitingSession[];
  /** When the last one was let go. */
  letGoAtMs: number | null;
}

/** A session's question whether it may start. */
export interface TurnRequest {
  session: string;
  ticket: string;
  /** What ended its attempt; null where it only wants to start. */
  cause: 'limit_reached' | 'overloaded' | null;
  /** What the agent said, one line. */
  reason: string;
  /** When the limit resets by the agent's own word; null where it does not say. */
  resetsAtMs: number | null;
}

/** The answer: it may go, the first one as the probe; or the earliest time that can be, Unix ms. */
export type Turn = { kind: 'go'; probe: boolean } | { kind: 'wait'; untilMs: number; reason: string };

/** A probe of which nothing is heard for this long tells nothing: the next one is let go, ms. */
export const probePatienceMs = 120_000;

/** Between two sessions that are let go, ms. */
export const staggerMs = 3_000;

/** An overload so long ago says nothing of the next one, ms. */
const forgottenAfterMs = 2 * 3_600_000;

const letGoKept = 200;

export function openAccount(account: string, nowMs: number): AccountState {
  return { account, phase: 'open', sinceMs: nowMs, cause: null, reason: 'no limit was met', untilMs: null, setBy: null, consecutive: 0, waiting: [], probe: null, letGo: [], letGoAtMs: null };
}

/** Takes a session's question in; the same one again is answered the same and changes nothing. */
export function turnAsked(state: AccountState, request: TurnRequest, nowMs: number): { state: AccountState; turn: Turn } {
  const { session, ticket } = request;
  const isThis = (each: WaitingSession) => each.session === session && each.ticket === ticket;
  if (state.waiting.some(isThis)) return { state, turn: waitFor(state, nowMs) };
  if (state.letGo.some(isThis)) return { state, turn: { kind: 'go', probe: state.probe !== null && isThis(state.probe) } };
  const told = request.cause === null ? state : limitMet(state, request, request.cause, nowMs);
  if (told.phase === 'open') return { state: told, turn: { kind: 'go', probe: false } };
  const waiting = [...told.waiting.filter((each) => each.session !== session), { session, ticket, sinceMs: nowMs }];
  // Who waits anew has not proved to be well.
  const probe = told.probe?.session === session ? null : told.probe;
  const next = { ...told, waiting, probe };
  return { state: next, turn: waitFor(next, nowMs) };
}

/** What time alone changes: who may go now. At most one is let go at a time. */
export function timePassed(state: AccountState, nowMs: number): { state: AccountState; letGo: WaitingSession | null } {
  const dueMs = dueAtMs(state);
  if (dueMs === null || dueMs > nowMs) return { state, letGo: null };
  const [next, ...waiting] = state.waiting;
  if (!next) return { state: opened(state, nowMs), letGo: null };
  const gone = { ...state, waiting, untilMs: null, setBy: null, letGo: [...state.letGo, next].slice(-letGoKept), letGoAtMs: nowMs };
  if (state.phase !== 'releasing') return { state: { ...gone, phase: 'probing', probe: next, sinceMs: state.phase === 'probing' ? state.sinceMs : nowMs }, letGo: next };
  return { state: waiting.length === 0 ? opened(gone, nowMs) : gone, letGo: next };
}

/** When time changes something next, Unix ms; null where only a message does. */
export function dueAtMs({ phase, untilMs, probe, letGoAtMs }: AccountState): number | null {
  switch (phase) {
    case 'open':
      return null;
    case 'limited':
      return untilMs;
    case 'probing':
      return probe === null ? letGoAtMs : (letGoAtMs ?? 0) + probePatienceMs;
    case 'releasing':
      return (letGoAtMs ?? 0) + staggerMs;
  }
}

/**
 * A session's attempt had an answer from its API. Only that of one that was let go since the limit says anything, late as it may
 * come: others may have begun before it.
 */
export function answerSeen(state: AccountState, session: string, nowMs: number): AccountState {
  if (state.phase !== 'probing' || !state.letGo.some((each) => each.session === session)) return state;
  const well: AccountState = { ...state, probe: null, consecutive: 0, phase: 'releasing', sinceMs: nowMs };
  return well.waiting.length === 0 ? opened(well, nowMs) : well;
}

/** The session waits no more: it was ended, paused or reset, or it is gone. The next one is the probe where it was. */
export function leftWaiting(state: AccountState, session: string, nowMs: number): AccountState {
  const waiting = state.waiting.filter((each) => each.session !== session);
  const wasProbe = state.probe?.session === session;
  if (!wasProbe && waiting.length === state.waiting.length) return state;
  return wasProbe ? { ...state, waiting, probe: null, letGoAtMs: nowMs } : { ...state, waiting };
}

/** A person sets the end of the wait, or begins one. A time that is past ends it: then one goes first, and the others after it. */
export function waitSet(state: AccountState, untilMs: number, by: string, nowMs: number): AccountState {
  if (state.phase === 'limited') return untilMs === state.untilMs ? state : { ...state, untilMs: Math.max(nowMs, untilMs), setBy: by };
  if (untilMs <= nowMs) return state;
  return { ...state, phase: 'limited', sinceMs: nowMs, cause: 'person', reason: `set by ${by}`, untilMs, setBy: by, probe: null, letGo: [] };
}

/** A person ends the wait; where there is none, nothing changes. */
export function waitCancelled(state: AccountState, by: string, nowMs: number): AccountState {
  return state.phase === 'limited' && (state.untilMs ?? 0) > nowMs ? { ...state, untilMs: nowMs, setBy: by } : state;
}

/** The state in one line: `limit of claude-code/3f9c2a71 until 2026-11-25 14:00:00 UTC, 7 sessions wait`. */
export function describeAccount(state: AccountState): string {
  const { account, phase, waiting, probe } = state;
  const wait = `${waiting.length} ${waiting.length === 1 ? 'session waits' : 'sessions wait'}`;
  switch (phase) {
    case 'open':
      return `${account} is open`;
    case 'limited':
      return `${limitLine(state)}, ${wait}`;
    case 'probing':
      return `limit of ${account}: ${probe?.session ?? 'a session'} goes first to see whether it is over, ${wait}`;
    case 'releasing':
      return `limit of ${account} is over: one after another, ${wait}`;
  }
}

/** `limit of NAME until …`, in the words of its cause. */
export function limitLine({ account, cause, untilMs }: AccountState): string {
  const what = { limit_reached: 'limit', overloaded: 'overload', person: 'wait' }[cause ?? 'person'];
  return `${what} of ${account} until ${moment(untilMs ?? 0)} UTC`;
}

function limitMet(state: AccountState, request: TurnRequest, cause: 'limit_reached' | 'overloaded', nowMs: number): AccountState {
  const { session, reason, resetsAtMs } = request;
  const resets = resetsAtMs !== null && resetsAtMs > nowMs ? resetsAtMs : null;
  const wasLetGo = state.letGo.some((each) => each.session === session);
  // A limit that is over by its own word makes nobody wait, unless it is met again after it was waited out.
  if (resetsAtMs !== null && resets === null && !wasLetGo) return state.phase === 'open' ? { ...limited(state, nowMs, cause, reason), untilMs: nowMs } : state;
  if (state.phase === 'limited') {
    // Attempts that began before the wait tell of the same limit: no further one. Of several windows the last to reset counts.
    if (state.setBy !== null || (cause === 'overloaded' && state.cause === 'limit_reached')) return state;
    const untilMs = resets ?? (cause === state.cause ? 0 : nowMs + growing(limitWait, state.consecutive));
    return untilMs > (state.untilMs ?? 0) ? { ...state, cause, reason, untilMs } : state;
  }
  const next = limited(state, nowMs, cause, reason);
  const wait = cause === 'overloaded' || resetsAtMs !== null ? overloadWait : limitWait;
  return { ...next, untilMs: resets ?? nowMs + growing(wait, next.consecutive) };
}

/** A new wait, its end yet to be set. */
function limited(state: AccountState, nowMs: number, cause: LimitCause, reason: string): AccountState {
  const inARow = nowMs - state.sinceMs > forgottenAfterMs ? 0 : state.consecutive;
  return { ...state, phase: 'limited', sinceMs: nowMs, cause, reason, setBy: null, consecutive: inARow + 1, probe: null, letGo: [] };
}

function opened(state: AccountState, nowMs: number): AccountState {
  return { ...state, phase: 'open', sinceMs: nowMs, untilMs: null, setBy: null, probe: null };
}

function waitFor(state: AccountState, nowMs: number): Turn {
  const reason = state.phase === 'limited' ? limitLine(state) : describeAccount({ ...state, waiting: [] }).replace(/, 0 sessions wait$/, '');
  return { kind: 'wait', untilMs: Math.max(nowMs, state.untilMs ?? nowMs), reason };
}
