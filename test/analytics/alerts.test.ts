import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Alerts, WebhookError, type Alert, type AlertsOptions } from '../../analytics/alerts.js';
import { BadServer } from '../support/bad-server.js';

const alert: Alert = { kind: 'rolled_back', experimentId: 'experiment/danger_zone/1', parameter: 'danger_zone', message: 'danger_zone is 0.75 again: more sessions crash', facts: { crashes: 7 }, atMs: 1_800_000_000_000 };

let server: BadServer;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let registry: Registry;
let logged: { facts: object; message: string }[];
let heard: Alert[];
beforeEach(async () => {
  answer = (_request, response) => response.end();
  server = await BadServer.start((request, response) => answer(request, response));
  registry = new Registry();
  logged = [];
  heard = [];
});
afterEach(() => server.stop());

/** With a key in its address, as webhooks have. */
function alertsTo(webhook: string | undefined = `${server.address}/hook/s3cret`, options: Partial<AlertsOptions> = {}): Alerts {
  const alerts = new Alerts({ webhook, registry, log: { warn: (facts, message) => void logged.push({ facts, message }) }, ...options });
  alerts.on('alert', (told) => heard.push(told));
  return alerts;
}

/** It was told by all ways but the webhook. */
async function expectTold(): Promise<void> {
  const { kind, experimentId, parameter, facts, atMs, message } = alert;
  expect(logged).toEqual([{ facts: { kind, experimentId, parameter, facts, atMs }, message }]);
  expect(heard).toEqual([alert]);
  expect(await registry.getSingleMetricAsString('shim_alerts_total')).toContain('shim_alerts_total{kind="rolled_back"} 1');
}

describe('an alert', () => {
  it('is posted to the webhook as JSON, once, and told to log, metric and listeners', async () => {
    const posted: { method: string | undefined; url: string | undefined; type: string | undefined; body: unknown }[] = [];
    answer = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        posted.push({ method: request.method, url: request.url, type: request.headers['content-type'], body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
        response.writeHead(204).end();
      });
    };
    await alertsTo().raise(alert);
    expect(posted).toEqual([{ method: 'POST', url: '/hook/s3cret', type: 'application/json', body: alert }]);
    await expectTold();
  });

  it('is told all the same where there is no webhook', async () => {
    await new Alerts({ log: { warn: (facts, message) => void logged.push({ facts, message }) } }).raise(alert);
    expect(logged).toHaveLength(1);
  });

  it.each([
    { what: 'refuses it', respond: (response: ServerResponse) => response.writeHead(500).end('no') },
    { what: 'sends it elsewhere', respond: (response: ServerResponse) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end() },
    { what: 'hangs up', respond: (response: ServerResponse) => response.destroy() },
    { what: 'does not answer', respond: () => undefined },
  ])('is told all the same where the webhook $what: that is an error, which does not name its address', async ({ respond }) => {
    answer = (_request, response) => void respond(response);
    const failure: unknown = await alertsTo(undefined, { timeoutMs: 300 }).raise(alert).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WebhookError);
    expect(String(failure)).not.toMatch(/s3cret|127\.0\.0\.1/);
    await expectTold();
  });

  it('is told all the same where nobody listens at the webhook', async () => {
    const gone = await BadServer.start(() => undefined);
    await gone.stop();
    await expect(alertsTo(gone.address).raise(alert)).rejects.toThrow(WebhookError);
    await expectTold();
  });

  it('that the webhook is still to answer holds up no other', async () => {
    let asked = 0;
    const first = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        asked += 1;
        if (asked > 1) response.end();
        else resolve();
      };
    });
    const alerts = alertsTo(undefined, { timeoutMs: 60_000 });
    const waiting = alerts.raise(alert).catch((error: unknown) => error);
    await first;
    const another = once(alerts, 'alert');
    await alerts.raise({ ...alert, kind: 'restored' });
    expect(await another).toMatchObject([{ kind: 'restored' }]);
    await server.stop();
    expect(await waiting).toBeInstanceOf(WebhookError);
    server = await BadServer.start(() => undefined);
  });
});
