import type { AgentFailure } from '../../domain/agent-event.js';
import { oneLine } from './json-line.js';

/** What an agent's own words of failure amount to; the first row that fits. Vendors change them: these are kept in one place. */
const failureTexts: readonly [RegExp, AgentFailure['exitClass']][] = [
  [/heap out of memory|out of memory: killed|allocation failed - javascript heap/i, 'out_of_memory'],
  [/prompt is too long|context (?:window|length)[^.]{0,40}(?:exceed|full|limit)|exceeds? (?:the )?context|maximum context length|input is too long/i, 'context_full'],
  [/overloaded|\b529\b|\b503\b|service unavailable|server is busy|at capacity/i, 'overloaded'],
  [/usage limit|rate.?limit|too many requests|\b429\b|quota exceeded|hit your limit/i, 'limit_reached'],
  [/invalid.{0,10}api.?key|authentication.?error|unauthorized|\b401\b|\b403\b|please run \/login|not logged in|oauth token.{0,20}(?:expired|revoked)|credit balance/i, 'auth_failed'],
  [/no conversation found with session id|session id .{0,60} is already in use|unknown option|unexpected argument/i, 'misconfigured'],
];

/** Resets farther away than this are not believed, ms. */
const longestLimitMs = 8 * 24 * 3_600_000;

/** Reads a failure from an agent's words; null where they say nothing known. */
export function failureFromText(text: string, resetsAtMs?: number): AgentFailure | null {
  const row = failureTexts.find(([pattern]) => pattern.test(text));
  if (!row) return null;
  const resets = resetsAtMs ?? resetFromText(text);
  return { exitClass: row[1], message: oneLine(text, 300), ...(resets === undefined || row[1] !== 'limit_reached' ? {} : { resetsAtMs: resets }) };
}

/** A reset time from outside, seconds or milliseconds since 1970; undefined where it cannot be one. */
export function plausibleReset(value: unknown, nowMs: number): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const ms = value < 1e11 ? value * 1_000 : value;
  return ms > nowMs - 3_600_000 && ms < nowMs + longestLimitMs ? Math.round(ms) : undefined;
}

/** `limit reached|1732400000` and `try again in 2 hours 5 minutes`. */
function resetFromText(text: string): number | undefined {
  const nowMs = Date.now();
  const epoch = /\|(\d{10,13})\b/.exec(text)?.[1];
  if (epoch !== undefined) return plausibleReset(Number(epoch), nowMs);
  const wait = /(?:try again|retry|resets?) in ((?:\d+(?:\.\d+)? ?(?:d|h|m|s)[a-z]*[ ,]*(?:and )?)+)/i.exec(text)?.[1];
  if (wait === undefined) return undefined;
  const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
  let ms = 0;
  for (const [, amount, unit] of wait.matchAll(/(\d+(?:\.\d+)?) ?(d|h|m|s)/gi)) ms += Number(amount) * (unitMs[(unit ?? 's').toLowerCase()] ?? 0);
  return ms > 0 ? plausibleReset(nowMs + ms, nowMs) : undefined;
}
