import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asArray, asName, asObject, asText, parseObject, summaryOf, type JsonObject } from './json-line.js';
import type { TranscriptRules } from './trimmed-copy.js';
import { noCalls, type CallsInEntry } from './unannounced-calls.js';

const calls: ReadonlySet<unknown> = new Set(['function_call', 'custom_tool_call', 'local_shell_call']);
const results: ReadonlySet<unknown> = new Set(['function_call_output', 'custom_tool_call_output']);

/** Whether an entry of a rollout is a message of the conversation: words, a call or its answer, but no instructions. */
export function isCodexMessage(entry: JsonObject): boolean {
  const payload = entry['type'] === 'response_item' ? asObject(entry['payload']) : null;
  const type = payload?.['type'];
  return (type === 'message' && payload?.['role'] !== 'developer') || calls.has(type) || results.has(type);
}

/** The words of what the user said. */
export function codexPromptIn(entry: JsonObject): string | null {
  const payload = entry['type'] === 'response_item' ? asObject(entry['payload']) : null;
  if (payload?.['type'] !== 'message' || payload['role'] !== 'user') return null;
  return asArray(payload['content'])
    .map((block) => asText(asObject(block)?.['text']) ?? '')
    .join('\n');
}

/** What an entry says of tool calls: a shell call by its command alone, as the stream quotes it. */
export function codexCallsIn(entry: JsonObject): CallsInEntry {
  const payload = entry['type'] === 'response_item' ? asObject(entry['payload']) : null;
  const callId = asName(payload?.['call_id']) ?? '';
  if (results.has(payload?.['type'])) return { begun: [], answered: [callId] };
  if (!payload || !calls.has(payload['type'])) return noCalls;
  const given = payload['arguments'] ?? payload['input'] ?? payload['action'] ?? {};
  const parsed = parseObject(asText(given) ?? '') ?? asObject(given);
  const summary = summaryOf(parsed?.['cmd'] ?? parsed?.['command'] ?? given);
  return { begun: [{ callId, tool: asName(payload['name']) ?? 'unknown', summary }], answered: [] };
}

/** A rollout without this first line cannot be resumed. */
export function isSessionMeta(entry: JsonObject): boolean {
  return entry['type'] === 'session_meta';
}

/** How a rollout is cut. @param threadId of the copy. */
export function codexTranscriptRules(threadId: string): TranscriptRules {
  return {
    isMessage: isCodexMessage,
    toolIds: (entry) => {
      const payload = entry['type'] === 'response_item' ? asObject(entry['payload']) : null;
      const ids = [asText(payload?.['call_id']) ?? ''];
      return { calls: calls.has(payload?.['type']) ? ids : [], results: results.has(payload?.['type']) ? ids : [] };
    },
    dropsUnansweredCalls: false,
    // Instructions and settings are no part of what was said.
    isFrame: (entry) => (entry['type'] !== 'response_item' && entry['type'] !== 'event_msg') || asObject(entry['payload'])?.['role'] === 'developer',
    rename: (entry) => {
      const payload = asObject(entry['payload']);
      if (isSessionMeta(entry) && payload) Object.assign(payload, { id: threadId }, 'session_id' in payload ? { session_id: threadId } : {});
    },
  };
}

/** Rollouts lie by date, newest last: sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl. @returns null where there is none yet. */
export function findRollout(sessions: string, threadId: string): string | null {
  for (const year of newestFirst(sessions)) {
    for (const month of newestFirst(join(sessions, year))) {
      for (const day of newestFirst(join(sessions, year, month))) {
        const file = newestFirst(join(sessions, year, month, day)).find((name) => name.startsWith('rollout-') && name.endsWith(`${threadId}.jsonl`));
        if (file !== undefined) return join(sessions, year, month, day, file);
      }
    }
  }
  return null;
}

function newestFirst(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted().toReversed();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
