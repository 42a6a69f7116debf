import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import type { PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { isSecret, LoopbackServer } from '../../analytics/loopback-server.js';
import { answerCodecRequest } from './codec-requests.js';

/** A page of the Web UI has some payloads of at most 2 MB each, bytes. */
const largestBody = 32 * 1024 * 1024;

export interface CodecServerOptions {
  codec: PayloadCodec;
  /** Origin of the Web UI: no other page may ask. */
  origin: string;
  /** Wanted as `Authorization: Bearer …` where there is one; the Web UI can be made to send it (`Pass access token`). */
  token?: string | undefined;
}

/** Decrypts for the Web UI, on loopback: the browser of who may read asks it, Temporal never sees what it answers. */
export class CodecServer extends LoopbackServer {
  constructor(options: CodecServerOptions) {
    super(routes(options));
  }
}

function routes({ codec, origin, token }: CodecServerOptions): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return context.json({ message: 'not a request of the codec protocol' }, 400);
    return context.json({ message: error.message }, 422);
  });
  app.notFound((context) => context.json({ message: 'see /encode and /decode' }, 404));
  app.use('*', cors({ origin, allowMethods: ['POST'], allowHeaders: ['content-type', 'x-namespace', 'authorization'], credentials: true }));
  app.use('*', async (context, next) => {
    // A page of another origin can send without reading the answer; it shall not even be decrypted.
    const from = context.req.header('origin');
    if (from !== undefined && from !== origin) return context.json({ message: `it answers ${origin} alone` }, 403);
    if (token !== undefined && !isSecret(context.req.header('authorization'), `Bearer ${token}`)) return context.json({ message: 'the token is wanted as Authorization: Bearer' }, 401);
    return next();
  });
  const limit = bodyLimit({ maxSize: largestBody, onError: (context) => context.json({ message: 'too large' }, 413) });
  for (const direction of ['encode', 'decode'] as const) {
    app.post(`/${direction}`, limit, async (context) => context.json(await answerCodecRequest(codec, direction, await context.req.json())));
  }
  return app;
}
