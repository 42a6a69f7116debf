import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import type { PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { isSecret, LoopbackServer } from '../../analytics/loopback-server.js';
import { madeOnce } from '../../host/made-once.js';
import { answerCodecRequest } from './codec-requests.js';

/** A page of the Web UI has some payloads of at most 2 MB each, bytes. */
const largestBody = 32 * 1024 * 1024;

export interface CodecServerOptions {
  codec: PayloadCodec;
  /** Origin of the Web UI: no other page may ask. */
  origin: string;
  /**
   * Wanted of everybody, for other users of the machine reach the port, too: as the first part of the path, which any Web UI
   * can be given with the address, or as `Authorization: Bearer …`.
   */
  token: string;
}

/** Decrypts for the Web UI, on loopback: the browser of who may read asks it, Temporal never sees what it answers. */
export class CodecServer extends LoopbackServer {
  constructor(options: CodecServerOptions) {
    super(routes(options));
  }
}

/** The token of this $SHIM_HOME: made once, so that the Web UI keeps its address, and readable by its owner alone. */
export function codecToken(home: string): string {
  return madeOnce(join(home, 'codec-token'), randomBytes(24).toString('base64url')).toString('utf8').trim();
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
    return next();
  });
  const limit = bodyLimit({ maxSize: largestBody, onError: (context) => context.json({ message: 'too large' }, 413) });
  const isAllowed = (context: Context) => isSecret(context.req.param('token'), token) || isSecret(context.req.header('authorization'), `Bearer ${token}`);
  for (const direction of ['encode', 'decode'] as const) {
    const paths = [`/${direction}`, `/:token/${direction}`];
    app.on('POST', paths, async (context, next) => (isAllowed(context) ? next() : context.json({ message: 'a token is wanted: in the path, as shim encryption serve prints it, or as Authorization: Bearer' }, 401)));
    app.on('POST', paths, limit, async (context) => context.json(await answerCodecRequest(codec, direction, await context.req.json())));
  }
  return app;
}
