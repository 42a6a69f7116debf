import type { ServerResponse } from 'node:http';
import { asList, plainText, type Conversation, type Json, type Turn } from './conversation.js';
import { assumedUsage, type Reply } from './reply.js';
import { sendEvent } from './server-sent-events.js';

type StreamedReply = Exclude<Reply, { kind: 'error' }>;

/** Names under which Codex offers a shell, by model, and the field of the command. */
const shellTools: Readonly<Record<string, (command: string) => Json>> = {
  // Without a word it is left to itself after 10 s.
  exec_command: (cmd) => ({ cmd, yield_time_ms: 30_000 }),
  shell_command: (command) => ({ command }),
  shell: (command) => ({ command: ['bash', '-lc', command] }),
};

/** Reads a request to POST /v1/responses. */
export function readResponsesRequest(body: Json): Conversation {
  const turns = asList(body['input']).flatMap((item): Turn[] => {
    switch (item['type']) {
      case 'message':
        return item['role'] === 'assistant' || item['role'] === 'user' ? [{ kind: item['role'], text: plainText(item['content']) }] : [];
      case 'function_call':
        return [{ kind: 'tool_call', callId: String(item['call_id']), input: String(item['arguments']) }];
      case 'function_call_output':
        return [{ kind: 'tool_result', callId: String(item['call_id']), output: plainText(item['output']) }];
      default:
        return [];
    }
  });
  const offered = asList(body['tools']).map((tool) => String(tool['name']));
  return { turns, shellTool: offered.find((name) => name in shellTools) ?? null };
}

/** Streams a reply as the Responses API does. @param number makes ids unique. */
export function streamResponse(response: ServerResponse, reply: StreamedReply, conversation: Conversation, number: number): void {
  const id = `resp_${number}`;
  sendEvent(response, { type: 'response.created', response: { id } });
  const items = itemsOf(reply, conversation, number);
  if (reply.kind === 'stall' || reply.kind === 'break') {
    sendEvent(response, { type: 'response.output_item.added', output_index: 0, item: { ...items[0], content: [] } });
    sendEvent(response, { type: 'response.output_text.delta', output_index: 0, delta: reply.text });
    if (reply.kind === 'break') response.destroy();
    return;
  }
  items.forEach((item, index) => sendEvent(response, { type: 'response.output_item.done', output_index: index, item }));
  const { inputTokens, outputTokens } = reply.usage ?? assumedUsage;
  const usage = {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
  sendEvent(response, { type: 'response.completed', response: { id, usage } });
  response.end();
}

/** The body of an error. */
export function responsesError({ type, message, details }: Extract<Reply, { kind: 'error' }>): Json {
  return { error: { type, message, ...details } };
}

function itemsOf(reply: StreamedReply, { shellTool }: Conversation, number: number): Json[] {
  const text = reply.text === undefined ? [] : [{ type: 'message', role: 'assistant', id: `item_${number}`, content: [{ type: 'output_text', text: reply.text }] }];
  const commands = reply.kind === 'shell' ? reply.commands : [];
  const name = shellTool ?? 'shell';
  const argumentsOf = shellTools[name] ?? ((command: string) => ({ command }));
  return [...text, ...commands.map((command, index) => ({ type: 'function_call', call_id: `call_${number}_${index}`, name, arguments: JSON.stringify(argumentsOf(command)) }))];
}
