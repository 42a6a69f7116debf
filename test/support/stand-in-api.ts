import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messagesError, readMessagesRequest, streamMessage } from './anthropic-wire.js';
import { asJson, type Conversation, type Json } from './conversation.js';
import { readResponsesRequest, responsesError, streamResponse } from './openai-wire.js';
import type { Reply } from './reply.js';

/** A request of an agent at work, as the stand-in saw it. SHIM cannot see these: tests hold its claims against them. */
export interface LoggedRequest {
  vendor: 'anthropic' | 'openai';
  body: Json;
  conversation: Conversation;
  /** Unix ms. */
  atMs: number;
}

/** Chooses the reply. @param index counts requests from 0. */
export type Script = (request: LoggedRequest, index: number) => Reply;

/** A loopback server that speaks as much of the two vendors' APIs as their command-line agents need. */
export interface StandIn {
  /** `http://127.0.0.1:PORT`, without a path. */
  url: string;
  /** Every request of an agent at work, in order. */
  requests: readonly LoggedRequest[];
  /** Hosts that a program tried to reach through the stand-in as its proxy: there must be none. */
  strays: readonly string[];
  /** Replaces the script for the requests to come. */
  use(script: Script): void;
  /** Resolves once there are `count` requests, with the last of them. */
  arrived(count: number): Promise<LoggedRequest>;
  close(): Promise<void>;
}

const longestBody = 64 * 1_048_576;

/** Replies in this order; the last one again and again. */
export function inOrder(first: Reply, ...rest: Reply[]): Script {
  const replies = [first, ...rest];
  return (_request, index) => replies[index] ?? replies.at(-1) ?? first;
}

/** Starts a stand-in on a free port of 127.0.0.1. */
export async function startStandIn(script: Script): Promise<StandIn> {
  const requests: LoggedRequest[] = [];
  const strays: string[] = [];
  const waiting: { count: number; resolve: (request: LoggedRequest) => void }[] = [];
  let current = script;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://stand-in');
    const vendor = request.method === 'POST' ? vendorOf(pathname) : null;
    const body = asJson(parse(await readBody(request)));
    if (vendor === null) {
      sendJson(response, pathname.endsWith('/count_tokens') ? 200 : 404, pathname.endsWith('/count_tokens') ? { input_tokens: 1_000 } : { error: { type: 'not_found_error', message: pathname } });
      return;
    }
    const conversation = vendor === 'anthropic' ? readMessagesRequest(body) : readResponsesRequest(body);
    const logged: LoggedRequest = { vendor, body, conversation, atMs: Date.now() };
    // Without tools an agent does not work: it asks for a title, or whether its key is good.
    const isWork = conversation.shellTool !== null;
    const index = requests.length;
    if (isWork) requests.push(logged);
    send(response, isWork ? current(logged, index) : { kind: 'text', text: 'ok' }, logged, index);
    for (const wait of waiting.filter(({ count }) => requests.length >= count)) wait.resolve(requests[wait.count - 1] ?? logged);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  server.on('connect', (request, socket) => {
    strays.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    strays,
    use: (next) => {
      current = next;
    },
    arrived: (count) =>
      new Promise((resolve) => {
        const there = requests[count - 1];
        if (there) resolve(there);
        else waiting.push({ count, resolve });
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function vendorOf(pathname: string): LoggedRequest['vendor'] | null {
  if (pathname === '/v1/messages') return 'anthropic';
  return pathname === '/v1/responses' ? 'openai' : null;
}

function send(response: ServerResponse, reply: Reply, request: LoggedRequest, index: number): void {
  if (reply.kind === 'error') {
    sendJson(response, reply.status, request.vendor === 'anthropic' ? messagesError(reply) : responsesError(reply), reply.headers);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${index}` });
  if (request.vendor === 'anthropic') streamMessage(response, reply, request.body, index);
  else streamResponse(response, reply, request.conversation, index);
}

function sendJson(response: ServerResponse, status: number, body: Json, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > longestBody) throw new Error(`a request of more than ${longestBody} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
