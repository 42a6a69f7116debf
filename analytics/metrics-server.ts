import { Hono } from 'hono';
import { LoopbackServer } from './loopback-server.js';

/** Serves an exposition at `GET /metrics`. */
export class MetricsServer extends LoopbackServer {
  constructor(contentType: string, render: () => Promise<string>) {
    super(routes(contentType, render));
  }

  /** It keeps no process alive. @param port 0 for a free one. @returns the port. @throws if it serves already, or the port is taken. */
  override async start(port: number): Promise<number> {
    const at = await super.start(port);
    this.unref();
    return at;
  }
}

function routes(contentType: string, render: () => Promise<string>): Hono {
  const app = new Hono();
  app.notFound((context) => context.text('see /metrics\n', 404));
  app.onError((error, context) => context.text(`${String(error)}\n`, 500));
  app.get('/metrics', async (context) => context.body(await render(), 200, { 'content-type': contentType }));
  return app;
}
