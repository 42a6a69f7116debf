import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { isSecret, LoopbackServer } from './loopback-server.js';

/** Alertmanager groups alerts; more than this at once is no group of ours, bytes. */
const largestBody = 256 * 1024;

const labelsSchema = z.record(z.string(), z.string());

const receivedAlertSchema = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: labelsSchema.and(z.object({ alertname: z.string() })),
  annotations: labelsSchema.default({}),
  /** ISO 8601. */
  startsAt: z.iso.datetime({ offset: true }),
  /** Hash of the labels: the same alert has the same. */
  fingerprint: z.string().max(64),
});

/** One alert of Alertmanager's webhook, version 4 (prometheus.io/docs/alerting/latest/configuration/#webhook_config). */
export type ReceivedAlert = z.infer<typeof receivedAlertSchema>;

const payloadSchema = z.object({ version: z.literal('4'), alerts: z.array(receivedAlertSchema).max(1_000) });

/** Takes alerts from Alertmanager, at `POST /alerts`, from whoever has the token. */
export class AlertWebhook extends LoopbackServer {
  /**
   * @param token wanted as `Authorization: Bearer …`.
   * @param take is awaited before the answer: where it throws, Alertmanager is told 503 and sends again.
   */
  constructor(token: string, take: (alerts: readonly ReceivedAlert[]) => Promise<void>) {
    super(routes(token, take));
  }
}

function routes(token: string, take: (alerts: readonly ReceivedAlert[]) => Promise<void>): Hono {
  const app = new Hono();
  app.notFound((context) => context.json({ message: 'alerts are taken at POST /alerts' }, 404));
  app.onError((_error, context) => context.json({ message: 'it could not be taken now; send it again' }, 503));
  app.use('/alerts', async (context, next) => {
    if (!isSecret(context.req.header('authorization'), `Bearer ${token}`)) return context.json({ message: 'the token of $SHIM_HOME/alert-token is wanted as Authorization: Bearer' }, 401);
    return next();
  });
  app.post('/alerts', bodyLimit({ maxSize: largestBody, onError: (context) => context.json({ message: 'too large' }, 413) }), async (context) => {
    const body: unknown = await context.req.json().catch(() => null);
    const payload = payloadSchema.safeParse(body);
    if (!payload.success) return context.json({ message: `not what Alertmanager sends: ${z.prettifyError(payload.error)}` }, 400);
    await take(payload.data.alerts);
    return context.json({ taken: payload.data.alerts.length });
  });
  return app;
}
