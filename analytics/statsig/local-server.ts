import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { isSecret, LoopbackServer } from '../loopback-server.js';
import type { StatsigConnection } from './connection.js';
import { addDynamicConfigRoutes, addExperimentRoutes, addSdkRoutes, largestBody } from './local-routes.js';
import { ExperimentStateError, type LocalStatsigStore } from './local-store.js';
import { MutationLimit } from './mutation-limit.js';

/** What callers have to bring; other users of the machine reach the port, too. */
export type LocalKeys = Pick<StatsigConnection, 'secretKey' | 'consoleKey'>;

/**
 * Speaks Statsig's protocol on loopback, so that the unmodified SDK runs without the cloud: the SDK's own endpoints, and the
 * part of the Console API (version 20240601) that experiments need, with its envelopes, status codes and rate limit.
 */
export class LocalStatsigServer extends LoopbackServer {
  constructor(store: LocalStatsigStore, keys: LocalKeys) {
    super(routes(store, keys));
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
    if (!isSecret(context.req.header('STATSIG-API-KEY'), keys.secretKey)) throw new HTTPException(401, { message: "the local server's secret key is wanted in the header STATSIG-API-KEY" });
    await next();
  });
  const limit = new MutationLimit();
  app.use('/console/*', async (context, next) => {
    if (!isSecret(context.req.header('STATSIG-API-KEY'), keys.consoleKey)) throw new HTTPException(401, { message: 'a console API key is wanted in the header STATSIG-API-KEY' });
    if (context.req.method !== 'GET' && !limit.take(performance.now())) throw new HTTPException(429, { message: 'too many changes: about 100 are allowed in 10 seconds' });
    await next();
  });
  app.use('*', bodyLimit({ maxSize: largestBody, onError: () => { throw new HTTPException(413, { message: `a body has at most ${largestBody} bytes` }); } }));
  addSdkRoutes(app, store);
  addExperimentRoutes(app, store);
  addDynamicConfigRoutes(app, store);
  return app;
}
