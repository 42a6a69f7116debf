import type { AgentEvent, AgentFailure, TokenUsage } from '../../domain/agent-event.js';
import type { StreamParser } from './agent.js';
import { failureOf } from './failure-text.js';
import { asAmount, asArray, asName, asObject, asText, oneLine, parseObject, summaryOf, type JsonObject } from './json-line.js';
import { plausibleReset } from './reset-time.js';

/**
 * Reads the lines of `claude --output-format stream-json --verbose`. One message comes as a line for each of its content
 * blocks, all with the same id and usage: it is counted once.
 */
export function claudeStreamParser(): StreamParser {
  let lastMessageId: string | undefined;
  let limitResetsAtMs: number | undefined;
  return (line) => {
    const entry = parseObject(line);
    if (!entry) return [{ kind: 'output' }];
    switch (entry['type']) {
      case 'system':
        return systemEvents(entry);
      case 'assistant': {
        // The CLI's own words about an error of its API, in the shape of a reply; the result says the same.
        if (asObject(entry['message'])?.['model'] === '<synthetic>') return [{ kind: 'output' }];
        const id = asName(asObject(entry['message'])?.['id']);
        const isNew = id === undefined || id !== lastMessageId;
        lastMessageId = id;
        return assistantEvents(entry, isNew);
      }
      case 'user':
        return userEvents(entry);
      case 'rate_limit_event':
        limitResetsAtMs = resetIn(entry) ?? limitResetsAtMs;
        return limitEvents(entry);
      case 'result':
        return [resultEvent(entry, limitResetsAtMs)];
      default:
        return [{ kind: 'output' }];
    }
  };
}

function systemEvents(entry: JsonObject): AgentEvent[] {
  const status = asAmount(entry['error_status'] ?? entry['status']);
  switch (entry['subtype']) {
    case 'init': {
      const conversationId = asName(entry['session_id']);
      const model = asName(entry['model']);
      const version = asName(entry['claude_code_version']);
      return [{ kind: 'started', ...(conversationId === undefined ? {} : { conversationId }), ...(model === undefined ? {} : { model }), ...(version === undefined ? {} : { version }) }];
    }
    case 'permission_denied': {
      const tool = asName(entry['tool_name']) ?? 'unknown';
      return [{ kind: 'permission_denied', callId: asName(entry['tool_use_id']) ?? tool, tool }];
    }
    case 'compact_boundary': {
      const { pre_tokens, post_tokens } = asObject(entry['compact_metadata']) ?? {};
      const [beforeTokens, afterTokens] = [asAmount(pre_tokens), asAmount(post_tokens)];
      return [{ kind: 'compacted', ...(beforeTokens === undefined ? {} : { beforeTokens }), ...(afterTokens === undefined ? {} : { afterTokens }) }];
    }
    // Minutes may pass until it is done: the agent is up.
    case 'status':
      return [entry['status'] === 'compacting' ? { kind: 'started' } : { kind: 'output' }];
    case 'api_retry':
      return [{ kind: 'retrying', ...(status === undefined ? {} : { status }) }];
    default:
      return [{ kind: 'output' }];
  }
}

function assistantEvents(entry: JsonObject, isNew: boolean): AgentEvent[] {
  const message = asObject(entry['message']) ?? {};
  const isMain = isOfMainAgent(entry);
  const events: AgentEvent[] = isMain ? [{ kind: 'entry' }] : [];
  if (isNew) {
    const usage = usageOf(message['usage']);
    const messageId = asName(message['id']);
    events.push({
      kind: 'message',
      role: 'assistant',
      ...(messageId === undefined ? {} : { messageId }),
      ...(usage ? { usage } : {}),
      ...(usage && isMain ? { contextTokens: usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens } : {}),
    });
  }
  for (const value of asArray(message['content'])) {
    const block = asObject(value);
    if (block?.['type'] !== 'tool_use') continue;
    const tool = asName(block['name']) ?? 'unknown';
    events.push({ kind: 'tool_started', callId: asName(block['id']) ?? tool, tool, summary: summaryOf(block['input'] ?? {}) });
  }
  return events;
}

function userEvents(entry: JsonObject): AgentEvent[] {
  const results = asArray(asObject(entry['message'])?.['content'])
    .map(asObject)
    .filter((block) => block?.['type'] === 'tool_result');
  return [
    ...(isOfMainAgent(entry) ? [{ kind: 'entry' } as const] : []),
    { kind: 'message', role: 'user' },
    ...results.map((block): AgentEvent => ({ kind: 'tool_ended', callId: asName(block?.['tool_use_id']) ?? '', failed: block?.['is_error'] === true })),
  ];
}

/** A sub-agent has a context and a transcript of its own. */
function isOfMainAgent(entry: JsonObject): boolean {
  return entry['parent_tool_use_id'] === undefined || entry['parent_tool_use_id'] === null;
}

/** Each window's state is told as it changes: only a rejection is a limit that has been reached. */
function limitEvents(entry: JsonObject): AgentEvent[] {
  if (isAllowed(entry)) return [{ kind: 'output' }];
  const resetsAtMs = resetIn(entry);
  return [{ kind: 'limit_seen', ...(resetsAtMs === undefined ? {} : { resetsAtMs }) }];
}

function resetIn(entry: JsonObject): number | undefined {
  return isAllowed(entry) ? undefined : plausibleReset(asObject(entry['rate_limit_info'])?.['resetsAt'], Date.now());
}

function isAllowed(entry: JsonObject): boolean {
  return asText(asObject(entry['rate_limit_info'])?.['status'])?.startsWith('allowed') ?? false;
}

/** Ends at a bound that the user gave the agent: another attempt would only be given the same bound again. */
const userBounds: ReadonlySet<unknown> = new Set(['error_max_turns', 'error_max_budget_usd']);

/** `subtype` says "success" for overload and limits too: it is no proof of success, but "error…" is one of failure. */
function resultEvent(entry: JsonObject, limitResetsAtMs: number | undefined): AgentEvent {
  const costUsd = asAmount(entry['total_cost_usd']);
  const usage = usageOf(entry['usage']);
  const windows = Object.values(asObject(entry['modelUsage']) ?? {}).map((model) => asAmount(asObject(model)?.['contextWindow']));
  const contextWindowTokens = windows.find((tokens) => tokens !== undefined && tokens > 0);
  const known = { ...(costUsd === undefined ? {} : { costUsd }), ...(usage ? { usage } : {}), ...(contextWindowTokens === undefined ? {} : { contextWindowTokens }) };
  const subtype = asName(entry['subtype']) ?? '';
  if (entry['is_error'] !== true && !subtype.startsWith('error')) return { kind: 'result', ok: true, ...known };
  const said = [asText(entry['result']), ...asArray(entry['errors']).map(asText)].filter(Boolean).join('; ');
  const words = said === '' ? subtype : said;
  const failure: AgentFailure = userBounds.has(subtype)
    ? { exitClass: 'misconfigured', message: oneLine(`${words} (${subtype}): give it a higher bound`, 300) }
    : failureOf(words, asAmount(entry['api_error_status']));
  // Exact, where the words are not.
  if (failure.exitClass === 'limit_reached' && limitResetsAtMs !== undefined) failure.resetsAtMs = limitResetsAtMs;
  return { kind: 'result', ok: false, failure, ...known };
}

function usageOf(value: unknown): TokenUsage | null {
  const usage = asObject(value);
  if (!usage) return null;
  return {
    inputTokens: asAmount(usage['input_tokens']) ?? 0,
    outputTokens: asAmount(usage['output_tokens']) ?? 0,
    cacheReadTokens: asAmount(usage['cache_read_input_tokens']) ?? 0,
    cacheWriteTokens: asAmount(usage['cache_creation_input_tokens']) ?? 0,
  };
}
