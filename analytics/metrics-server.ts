import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves an exposition on the loopback interface. */
export class MetricsServer {
  private server: Server | null = null;

  constructor(
    private readonly contentType: string,
    private readonly render: () => Promise<string>,
  ) {}

  /**
   * @param port 0 for a free one.
   * @returns the port.
   * @throws if it serves already, or the port is taken.
   */
  async start(port: number): Promise<number> {
    if (this.server) throw new Error('the metrics are served already');
    const server = createServer((request, response) => {
      if (request.url?.split('?')[0] !== '/metrics') {
        response.writeHead(404).end('see /metrics\n');
        return;
      }
      this.render().then(
        (text) => response.writeHead(200, { 'content-type': this.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
      );
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    server.unref();
    this.server = server;
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = null;
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}
