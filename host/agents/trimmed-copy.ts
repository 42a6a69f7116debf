import { readFileSync, writeFileSync } from 'node:fs';
import { parseObject, type JsonObject } from './json-line.js';

/** What a vendor's transcript is made of. */
export interface TranscriptRules {
  isMessage: (entry: JsonObject) => boolean;
  /** Ids of the tool calls that an entry makes, and of those it answers. */
  toolIds: (entry: JsonObject) => { calls: string[]; results: string[] };
  /** The agent leaves a call out that has no answer; otherwise it makes up an answer. */
  dropsUnansweredCalls: boolean;
  /** Kept even where all around it is cut away. */
  isFrame: (entry: JsonObject) => boolean;
  /** Gives an entry the new conversation's id. */
  rename: (entry: JsonObject) => void;
}

/** Share of a conversation that did not fit any more which its copy keeps, ratio 0-1. */
const keptWhenFull = 0.5;

/**
 * Copies a transcript without the lines that do not parse; the original stays as it is.
 *
 * @param youngerPartOnly the conversation did not fit any more: only the younger half of its messages is kept.
 * @returns the number of messages that a resumed agent will have: half of a call and its answer is no message to it.
 */
export function copyTrimmed(from: string, to: string, rules: TranscriptRules, youngerPartOnly: boolean): number {
  const parsed = readFileSync(from, 'utf8').split('\n').map(parseObject).filter((entry) => entry !== null);
  const start = youngerPartOnly ? startOfYoungerPart(parsed, rules) : 0;
  const kept = parsed.filter((entry, index) => index >= start || rules.isFrame(entry));
  for (const entry of kept) rules.rename(entry);
  writeFileSync(to, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
  const pairs = kept.map(rules.toolIds);
  const calls = new Set(pairs.flatMap((ids) => ids.calls));
  const results = new Set(pairs.flatMap((ids) => ids.results));
  return kept.filter((entry, index) => {
    const ids = pairs[index];
    const isWhole = ids === undefined || (ids.results.every((id) => calls.has(id)) && (!rules.dropsUnansweredCalls || ids.calls.every((id) => results.has(id))));
    return isWhole && rules.isMessage(entry);
  }).length;
}

/** The index of a message with which the younger part can begin: none that answers a call of the older part. */
function startOfYoungerPart(entries: readonly JsonObject[], rules: TranscriptRules): number {
  const sizes = entries.map((entry) => (rules.isMessage(entry) ? JSON.stringify(entry).length : 0));
  let left = sizes.reduce((sum, size) => sum + size, 0) * keptWhenFull;
  let start = entries.length;
  while (start > 0 && left >= (sizes[start - 1] ?? 0)) {
    start -= 1;
    left -= sizes[start] ?? 0;
  }
  return entries.findIndex((entry, index) => index >= start && rules.isMessage(entry) && rules.toolIds(entry).results.length === 0);
}
