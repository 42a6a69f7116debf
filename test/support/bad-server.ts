import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on loopback that answers as it is told to. */
export class BadServer {
  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  /** @param port 0 for a free one. */
  static async start(answer: RequestListener, port = 0): Promise<BadServer> {
    const server = createServer(answer);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new BadServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
