import type { AgentFailure } from '../../domain/agent-event.js';
import { oneLine } from './json-line.js';
import { resetFromText } from './reset-time.js';

type FailureClass = AgentFailure['exitClass'];

/**
 * What an agent's own words of failure amount to; the first row that fits. Vendors change them: these are kept in one
 * place. An API that cannot be reached is met like an overloaded one: nothing but waiting helps.
 */
const failureTexts: readonly [RegExp, FailureClass][] = [
  [/heap out of memory|out of memory: killed|allocation failed - javascript heap|^MemoryError\b/im, 'out_of_memory'],
  [/prompt is too long|context (?:window|length)[^.]{0,40}(?:exceed|full|limit)|exceeds? (?:the )?context|ran out of room in the model's context|maximum context length|input is too long/i, 'context_full'],
  [/overloaded|\b529\b|\b503\b|service unavailable|server is busy|at capacity/i, 'overloaded'],
  [/usage limit|rate.?limit|too many requests|\b429\b|quota exceeded|hit your .{0,20}limit/i, 'limit_reached'],
  [/invalid.{0,10}api.?key|incorrect api.?key|authentication.?error|unauthorized|\b401\b|\b403\b|please run \/login|not logged in|oauth token.{0,20}(?:expired|revoked)|credit balance/i, 'auth_failed'],
  [/no conversation found with session id|session id .{0,60} is already in use|unknown option|unexpected argument|not inside a trusted directory/i, 'misconfigured'],
  [/internal server error|bad gateway|gateway time-?out|connection (?:dropped|error|refused|reset|closed|timed out)|unable to connect|stream disconnected|error sending request|\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)\b/i, 'overloaded'],
];

/** HTTP statuses that tell by themselves. A 400 may be anything: its words tell. */
const failureStatuses: ReadonlyMap<number, FailureClass> = new Map([
  [401, 'auth_failed'],
  [403, 'auth_failed'],
  [429, 'limit_reached'],
  [500, 'overloaded'],
  [502, 'overloaded'],
  [503, 'overloaded'],
  [504, 'overloaded'],
  [529, 'overloaded'],
]);

/** Words looked at; more say nothing new, and a stream may hold a megabyte of them. */
const textLookedAt = 8_192;

/** A failure by the agent's own account of it. @param status of HTTP, where the account names it apart. */
export function failureOf(text: string, status = statusIn(text)): AgentFailure {
  const known = failureFromText(text);
  const exitClass = (status === undefined ? undefined : failureStatuses.get(status)) ?? known?.exitClass;
  if (exitClass === undefined) return { exitClass: 'crashed', message: oneLine(text, 300) };
  return { exitClass, message: oneLine(text, 300), ...resetOf(text, exitClass) };
}

/** Reads a failure from words; null where they say nothing known. */
export function failureFromText(text: string): AgentFailure | null {
  const words = text.slice(-textLookedAt);
  const row = failureTexts.find(([pattern]) => pattern.test(words));
  return row ? { exitClass: row[1], message: oneLine(words, 300), ...resetOf(words, row[1]) } : null;
}

/** `unexpected status 529 …`, as Codex words it. */
export function statusIn(text: string): number | undefined {
  const status = /\bstatus (\d{3})\b/.exec(text.slice(0, textLookedAt))?.[1];
  return status === undefined ? undefined : Number(status);
}

function resetOf(text: string, exitClass: FailureClass): { resetsAtMs?: number } {
  const resetsAtMs = exitClass === 'limit_reached' ? resetFromText(text.slice(0, textLookedAt), Date.now()) : undefined;
  return resetsAtMs === undefined ? {} : { resetsAtMs };
}
