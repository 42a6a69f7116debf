import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

/** What a caller that is slow, or many callers at once, may take of this process. */
export interface LoopbackLimits {
  /** From the first byte of a connection to the end of a request's headers, ms. */
  headersMs: number;
  /** To the end of its body, ms. */
  requestMs: number;
  /** Of a connection on which nothing comes or goes, an answer that is not read included, ms. */
  idleMs: number;
  /** Connections at once; more are closed as they come. */
  connections: number;
}

const usualLimits: LoopbackLimits = { headersMs: 5_000, requestMs: 20_000, idleMs: 60_000, connections: 200 };

/** Of a request's headers together, bytes. */
const largestHeaders = 16 * 1024;

/** Names under which the loopback interface is asked for. */
const ownNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost']);

/**
 * Serves an app on the loopback interface alone, to callers that ask for it by a name of that interface: a page in a browser
 * whose own name was made to point here (DNS rebinding) sends that name as Host, and is refused.
 */
export class LoopbackServer {
  private server: Server | null = null;

  constructor(
    private readonly app: Hono,
    private readonly limits: LoopbackLimits = usualLimits,
  ) {}

  /** @param port 0 for a free one. @returns the port. @throws if it is served already, or the port is taken. */
  async start(port: number): Promise<number> {
    if (this.server) throw new Error('it is served already');
    const { headersMs, requestMs, idleMs, connections } = this.limits;
    const server = createAdaptorServer({
      fetch: (request) => (isOwnName(request.headers.get('host')) ? this.app.fetch(request) : refusal()),
      // Node looks for what is late at this interval only.
      serverOptions: { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: headersMs / 5, maxHeaderSize: largestHeaders },
    }) as Server;
    server.maxConnections = connections;
    server.setTimeout(idleMs);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = null;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Does not keep the process alive by itself. */
  protected unref(): void {
    this.server?.unref();
  }
}

/** Whether a caller's secret is the one wanted, in a time that tells nothing of where they differ. */
export function isSecret(given: string | undefined, wanted: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The port is left out of it: one that was forwarded from elsewhere is another. */
function isOwnName(host: string | null): boolean {
  return host !== null && ownNames.has(host.replace(/:\d+$/, '').toLowerCase());
}

function refusal(): Response {
  return Response.json({ message: 'it answers to 127.0.0.1 and localhost alone' }, { status: 421 });
}
