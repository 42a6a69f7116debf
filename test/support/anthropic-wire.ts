import type { ServerResponse } from 'node:http';
import { asJson, asList, plainText, type Conversation, type Json, type Turn } from './conversation.js';
import { assumedUsage, type Reply, type ReplyUsage } from './reply.js';
import { sendEvent } from './server-sent-events.js';

type StreamedReply = Exclude<Reply, { kind: 'error' }>;

/** Reads a request to POST /v1/messages. */
export function readMessagesRequest(body: Json): Conversation {
  const turns = asList(body['messages']).flatMap((message): Turn[] => {
    const role = message['role'] === 'assistant' ? 'assistant' : 'user';
    const content = message['content'];
    if (typeof content === 'string') return [{ kind: role, text: content }];
    return asList(content).flatMap((block): Turn[] => {
      switch (block['type']) {
        case 'text':
          return [{ kind: role, text: plainText(block) }];
        case 'tool_use':
          return [{ kind: 'tool_call', callId: String(block['id']), input: JSON.stringify(block['input']) }];
        case 'tool_result':
          return [{ kind: 'tool_result', callId: String(block['tool_use_id']), output: plainText(block['content']) }];
        default:
          return [];
      }
    });
  });
  return { turns, shellTool: asList(body['tools']).some((tool) => tool['name'] === 'Bash') ? 'Bash' : null };
}

/** Streams a reply as the Messages API does. @param number makes ids unique. */
export function streamMessage(response: ServerResponse, reply: StreamedReply, body: Json, number: number): void {
  const usage = 'usage' in reply ? (reply.usage ?? assumedUsage) : assumedUsage;
  sendEvent(response, { type: 'message_start', message: emptyMessage(body, number, usage) });
  blocksOf(reply, number).forEach((block, index) => sendBlock(response, block, index));
  if (reply.kind === 'stall') return;
  if (reply.kind === 'break') {
    response.destroy();
    return;
  }
  sendEvent(response, {
    type: 'message_delta',
    delta: { stop_reason: reply.kind === 'shell' ? 'tool_use' : 'end_turn', stop_sequence: null },
    usage: { output_tokens: usage.outputTokens },
  });
  sendEvent(response, { type: 'message_stop' });
  response.end();
}

/** The body of an error. */
export function messagesError({ type, message }: Extract<Reply, { kind: 'error' }>): Json {
  return { type: 'error', error: { type, message } };
}

function emptyMessage(body: Json, number: number, usage: ReplyUsage): Json {
  return {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: body['model'],
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: usage.inputTokens, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  };
}

function blocksOf(reply: StreamedReply, number: number): Json[] {
  const text = reply.text === undefined ? [] : [{ type: 'text', text: reply.text }];
  const commands = reply.kind === 'shell' ? reply.commands : [];
  return [...text, ...commands.map((command, index) => ({ type: 'tool_use', id: `toolu_${number}_${index}`, name: 'Bash', input: { command, description: 'as scripted' } }))];
}

function sendBlock(response: ServerResponse, block: Json, index: number): void {
  const isText = block['type'] === 'text';
  sendEvent(response, { type: 'content_block_start', index, content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} } });
  const delta = isText ? { type: 'text_delta', text: block['text'] } : { type: 'input_json_delta', partial_json: JSON.stringify(asJson(block['input'])) };
  sendEvent(response, { type: 'content_block_delta', index, delta });
  sendEvent(response, { type: 'content_block_stop', index });
}
