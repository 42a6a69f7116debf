import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { PendingOperation } from '../../domain/signals.js';
import { asText, parseObject, type JsonObject } from './json-line.js';

/** Calls in flight are at the end of a transcript: this much of it is looked at, bytes. */
const tailBytes = 1_048_576;

/** Compared of two texts that tell the same call, characters. */
const comparedLength = 80;

/** What one entry of a transcript says of tool calls. `summary` is the call as far as the stream quotes it too. */
export interface CallsInEntry {
  begun: Pick<PendingOperation, 'callId' | 'tool' | 'summary'>[];
  /** Ids of the calls that it answers. */
  answered: string[];
}

export const noCalls: CallsInEntry = { begun: [], answered: [] };

/**
 * Calls that the transcript has without an answer and that the stream had not told of: an agent writes a call down, begins
 * it, and may be killed before it says so.
 *
 * @param sinceMs entries before this are of earlier attempts.
 * @param seen what the stream told: calls that were in flight, and calls that had just ended. Streams may name calls otherwise
 * than transcripts do, so that a call is known by its text as well.
 */
export function unannouncedCalls(path: string, sinceMs: number, callsIn: (entry: JsonObject) => CallsInEntry, seen: { pending: readonly PendingOperation[]; justEnded: readonly PendingOperation[] }): PendingOperation[] {
  const open = new Map<string, PendingOperation>();
  for (const entry of lastEntries(path, sinceMs)) {
    const startedAtMs = Date.parse(asText(entry['timestamp']) ?? '');
    if (!(startedAtMs >= sinceMs)) continue;
    const { begun, answered } = callsIn(entry);
    for (const call of begun) open.set(call.callId, { ...call, startedAtMs });
    for (const callId of answered) open.delete(callId);
  }
  const unanswered = [...open.values()];
  const told = [...seen.pending, ...seen.justEnded];
  const unknown = unanswered.filter((call) => !told.some((other) => isSame(call, other)));
  // One that is in flight for the stream and cannot be told apart from these may well be one of them.
  const unmatched = seen.pending.filter((other) => !unanswered.some((call) => isSame(call, other)));
  return unknown.slice(unmatched.length);
}

function isSame(written: PendingOperation, told: PendingOperation): boolean {
  if (written.callId === told.callId) return true;
  const text = bare(written.summary).slice(0, comparedLength);
  return text !== '' && bare(told.summary).includes(text);
}

/** Without what quoting adds. */
function bare(text: string): string {
  return text.replace(/[\s'"\\]/g, '');
}

function lastEntries(path: string, sinceMs: number): JsonObject[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.allocUnsafe(Math.min(size, tailBytes));
    const length = readSync(file, tail, 0, tail.length, size - tail.length);
    // A first line that was cut does not parse.
    return tail.toString('utf8', 0, length).split('\n').filter((line) => tellsOfTime(line, sinceMs)).map(parseObject).filter((entry) => entry !== null);
  } finally {
    closeSync(file);
  }
}

/** Most lines are of earlier attempts: to parse them all would take longer than all the rest. */
function tellsOfTime(line: string, sinceMs: number): boolean {
  return [...line.matchAll(/"timestamp"\s*:\s*"([^"]*)"/g)].some(([, time]) => Date.parse(time ?? '') >= sinceMs);
}
