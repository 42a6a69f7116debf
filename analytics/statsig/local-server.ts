import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { StatsigConnection } from './connection.js';
import { addDynamicConfigRoutes, addExperimentRoutes, addSdkRoutes } from './local-routes.js';
import { ExperimentStateError, type LocalStatsigStore } from './local-store.js';
import { MutationLimit } from './mutation-limit.js';

/** What callers have to bring; other users of the machine reach the port, too. */
export type LocalKeys = Pick<StatsigConnection, 'secretKey' | 'consoleKey'>;

/**
 * Speaks Statsig's protocol on loopback, so that the unmodified SDK runs without the cloud: the SDK's own endpoints, and the
 * part of the Console API (version 20240601) that experiments need, with its envelopes, status codes and rate limit.
 */
export class LocalStatsigServer {
  private server: ServerType | null = null;

  constructor(
    private readonly store: LocalStatsigStore,
    private readonly keys: LocalKeys,
  ) {}

  /** @param port 0 for a free one. @returns the port. @throws if it serves already, or the port is taken. */
  async start(port: number): Promise<number> {
    if (this.server) throw new Error('it serves already');
    const server = createAdaptorServer({ fetch: routes(this.store, this.keys).fetch });
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

function routes(store: LocalStatsigStore, keys: LocalKeys): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (error instanceof HTTPException) return context.json({ status: error.status, message: error.message }, error.status);
    if (error instanceof ExperimentStateError) return context.json({ status: 400, message: error.message }, 400);
    if (error instanceof z.ZodError) return context.json({ status: 400, message: z.prettifyError(error) }, 400);
    return context.json({ status: 500, message: 'the local Statsig server failed' }, 500);
  });
  app.notFound((context) => context.json({ status: 404, message: `there is no ${new URL(context.req.url).pathname} here` }, 404));
  app.use('/v1/*', async (context, next) => {
    if (!isKey(context.req.header('STATSIG-API-KEY'), keys.secretKey)) throw new HTTPException(401, { message: "the local server's secret key is wanted in the header STATSIG-API-KEY" });
    await next();
  });
  const limit = new MutationLimit();
  app.use('/console/*', async (context, next) => {
    if (!isKey(context.req.header('STATSIG-API-KEY'), keys.consoleKey)) throw new HTTPException(401, { message: 'a console API key is wanted in the header STATSIG-API-KEY' });
    if (context.req.method !== 'GET' && !limit.take(performance.now())) throw new HTTPException(429, { message: 'too many changes: about 100 are allowed in 10 seconds' });
    await next();
  });
  addSdkRoutes(app, store);
  addExperimentRoutes(app, store);
  addDynamicConfigRoutes(app, store);
  return app;
}

function isKey(given: string | undefined, wanted: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
