import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { Hono } from 'hono';

/** Serves an app on the loopback interface alone. */
export class LoopbackServer {
  private server: ServerType | null = null;

  constructor(private readonly app: Hono) {}

  /** @param port 0 for a free one. @returns the port. @throws if it serves already, or the port is taken. */
  async start(port: number): Promise<number> {
    if (this.server) throw new Error('it serves already');
    const server = createAdaptorServer({ fetch: this.app.fetch });
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
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  }
}

/** Whether a caller's secret is the one wanted, in a time that tells nothing of where they differ. */
export function isSecret(given: string | undefined, wanted: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
