import type { AgentEvent, TokenUsage } from '../../domain/agent-event.js';
import type { StreamParser } from './agent.js';
import { failureOf, statusIn } from './failure-text.js';
import { asAmount, asName, asObject, asText, parseObject, summaryOf, type JsonObject } from './json-line.js';

/** Items of a turn that act on the world, by type. */
const toolItems: ReadonlySet<string> = new Set(['command_execution', 'file_change', 'mcp_tool_call', 'web_search']);

const noUsage: TokenUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** Reads the lines of `codex exec --json`. Its usage is cumulative over the conversation: the parser passes on what is new. */
export function codexStreamParser(): StreamParser {
  let counted = noUsage;
  return (line) => {
    const entry = parseObject(line);
    if (!entry) return [{ kind: 'output' }];
    switch (entry['type']) {
      case 'thread.started': {
        const conversationId = asName(entry['thread_id']);
        return [{ kind: 'started', ...(conversationId === undefined ? {} : { conversationId }) }];
      }
      case 'item.started':
        return itemStarted(asObject(entry['item']) ?? {});
      case 'item.completed':
        return itemCompleted(asObject(entry['item']) ?? {});
      case 'turn.completed': {
        const total = usageOf(entry['usage']);
        const usage = total && since(counted, total);
        counted = total ?? counted;
        return [...(usage ? [{ kind: 'message', role: 'assistant', usage } as const] : []), { kind: 'result', ok: true }];
      }
      case 'turn.failed':
        return [{ kind: 'result', ok: false, failure: failureOf(asText(asObject(entry['error'])?.['message']) ?? 'the turn failed') }];
      // Codex reports each of its own retries as an error; the turn's end says whether they helped.
      case 'error': {
        const status = statusIn(asText(entry['message']) ?? '');
        return [{ kind: 'retrying', ...(status === undefined ? {} : { status }) }];
      }
      default:
        return [{ kind: 'output' }];
    }
  };
}

function itemStarted(item: JsonObject): AgentEvent[] {
  const tool = asName(item['type']) ?? '';
  if (!toolItems.has(tool)) return [{ kind: 'output' }];
  const summary = summaryOf(item['command'] ?? item['changes'] ?? item['arguments'] ?? item['query'] ?? {});
  return [{ kind: 'tool_started', callId: asName(item['id']) ?? tool, tool, summary }];
}

function itemCompleted(item: JsonObject): AgentEvent[] {
  const type = asName(item['type']) ?? '';
  if (type === 'agent_message') return [{ kind: 'message', role: 'assistant' }];
  if (!toolItems.has(type)) return [{ kind: 'output' }];
  const exitCode = asAmount(item['exit_code']);
  return [{ kind: 'tool_ended', callId: asName(item['id']) ?? type, failed: item['status'] === 'failed' || (exitCode !== undefined && exitCode !== 0) }];
}

/** Input tokens include the cached ones here; SHIM counts them apart. */
function usageOf(value: unknown): TokenUsage | null {
  const usage = asObject(value);
  if (!usage) return null;
  const cached = asAmount(usage['cached_input_tokens']) ?? 0;
  return { inputTokens: Math.max(0, (asAmount(usage['input_tokens']) ?? 0) - cached), outputTokens: asAmount(usage['output_tokens']) ?? 0, cacheReadTokens: cached, cacheWriteTokens: 0 };
}

function since(before: TokenUsage, now: TokenUsage): TokenUsage {
  return {
    inputTokens: Math.max(0, now.inputTokens - before.inputTokens),
    outputTokens: Math.max(0, now.outputTokens - before.outputTokens),
    cacheReadTokens: Math.max(0, now.cacheReadTokens - before.cacheReadTokens),
    cacheWriteTokens: 0,
  };
}
