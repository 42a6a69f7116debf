import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { poll } from './poll.js';

/** A request as it came. */
export interface ReceivedRequest {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server that takes what a webhook sends. */
export class WebhookReceiver {
  readonly requests: ReceivedRequest[] = [];
  /** Answers to the next requests, one each; then 204. `hang` answers nothing. */
  readonly answers: (number | 'hang')[] = [];
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      const answer = this.answers.shift() ?? 204;
      if (answer !== 'hang') response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** Resolves once so many requests have come. */
  received(count: number): Promise<ReceivedRequest[]> {
    return poll(
      () => Promise.resolve(this.requests),
      ({ length }) => length >= count,
      60_000,
    );
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
