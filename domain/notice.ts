import { z } from 'zod';
import type { ExitClass } from './exit-class.js';
import { sessionNameSchema, sessionStates, type PauseReason, type SessionState } from './session.js';
import { waysOn } from './ways-on.js';

/** What a notice is about. Each is told once. */
export const noticeKinds = ['finished', 'failed', 'needs_person'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What a person is needed for. */
export const personNeeds = ['permission', 'login', 'budget', 'second_writer'] as const;
export type PersonNeed = (typeof personNeeds)[number];

/** Something that people asked to be told of a session. It holds no secret. */
export const noticeSchema = z.object({
  /** The same change of a session has the same id, however often it is told. */
  id: z.string().regex(/^[0-9A-Za-z-]{1,80}$/),
  kind: z.enum(noticeKinds),
  /** Null unless the kind is `needs_person`. */
  need: z.enum(personNeeds).nullable(),
  session: sessionNameSchema,
  sessionId: z.string(),
  agent: z.string(),
  hostId: z.string(),
  state: z.enum(sessionStates),
  /** Number of the latest attempt; 0 before the first. */
  attempt: z.number().int().nonnegative(),
  /** Unix ms. */
  atMs: z.number(),
  /** One line for people: what is so, why, and what one can do. */
  line: z.string().max(2_000),
});
export type Notice = z.infer<typeof noticeSchema>;

/** A session that has come to rest, for a while or for good. */
export interface SessionAtRest {
  name: string;
  sessionId: string;
  agent: string;
  hostId: string;
  state: SessionState;
  /** One line. */
  reason: string;
  pauseReason: PauseReason | null;
  attempt: number;
  /** Of its last attempt; null where none has ended. */
  lastExitClass: ExitClass | null;
  /** What the agent was refused in its last attempt for want of a permission, one line each. */
  denied: readonly string[];
}

/** Refused operations that a line names; the others are counted. */
const deniedNamed = 3;

/**
 * The notice that a session's coming to rest is worth; null where nobody need hear of it: a person stopped or paused it, or
 * it goes on by itself.
 *
 * @param nth how many notices the session had before: the id is made of it, so that no change is told twice.
 */
export function noticeOf(session: SessionAtRest, nth: number, atMs: number): Notice | null {
  const what = kindOf(session);
  if (!what) return null;
  const { name, sessionId, agent, hostId, state, attempt } = session;
  return { id: `${sessionId}-${nth + 1}`, ...what, session: name, sessionId, agent, hostId, state, attempt, atMs, line: lineOf(session, what.need) };
}

function kindOf({ state, pauseReason, lastExitClass, denied }: SessionAtRest): Pick<Notice, 'kind' | 'need'> | null {
  switch (state) {
    case 'completed':
      // It says it has finished; what it could not do without asking is a person's to grant.
      return denied.length > 0 ? { kind: 'needs_person', need: 'permission' } : { kind: 'finished', need: null };
    case 'failed':
      return lastExitClass === 'auth_failed' ? { kind: 'needs_person', need: 'login' } : { kind: 'failed', need: null };
    case 'paused':
      // What a fleet has paused is told once, by the fleet.
      return pauseReason === null || pauseReason === 'person' || pauseReason === 'fleet' ? null : { kind: 'needs_person', need: pauseReason };
    case 'starting':
    case 'running':
    case 'backing_off':
    case 'waiting_for_limit':
    case 'waiting_for_host':
    case 'waiting_for_session':
    case 'stopping':
    case 'stopped':
      return null;
  }
}

function lineOf({ name, agent, state, reason, pauseReason, lastExitClass, denied }: SessionAtRest, need: PersonNeed | null): string {
  const next = need === 'permission' ? `allow it, for instance with --allowedTools, and start it anew; its output: shim logs ${name}` : waysOn({ name, state, lastExitClass: lastExitClass ?? undefined, pauseReason });
  const refused = denied.length === 0 ? '' : ` It was refused for want of a permission: ${named(denied)}.`;
  return `${name} (${agent}) is ${state}: ${oneLine(reason, 500)}.${refused} What now: ${next}`;
}

function named(denied: readonly string[]): string {
  const more = denied.length - deniedNamed;
  return `${denied.slice(0, deniedNamed).map((each) => oneLine(each, 120)).join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Text from an agent may hold anything: a line of a notice is one line, without control characters. */
function oneLine(text: string, longest: number): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\s\u0000-\u001F\u007F-\u009F]+/g, ' ').trim().slice(0, longest);
}
