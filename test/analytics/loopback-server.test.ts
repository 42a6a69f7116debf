import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AlertWebhook } from '../../analytics/alert-webhook.js';
import { LoopbackServer } from '../../analytics/loopback-server.js';
import { MetricsServer } from '../../analytics/metrics-server.js';
import { LocalStatsigServer } from '../../analytics/statsig/local-server.js';
import { LocalStatsigStore } from '../../analytics/statsig/local-store.js';
import { CodecServer } from '../../workers/payloads/codec-server.js';
import { listeningAt } from '../support/listening.js';
import { closedAfter, head, sendRaw, sendWithoutEnd } from '../support/attacks.js';

const folder = mkdtempSync(join(tmpdir(), 'shim-attacks-'));
const store = new LocalStatsigStore(join(folder, 'statsig.db'));
const token = 'a-token-that-nobody-guesses';
const origin = 'http://127.0.0.1:8233';
const taken: unknown[] = [];

/** Everything of SHIM's own that listens, and a request that its rightful callers send. */
const servers = {
  metrics: { server: new MetricsServer('text/plain', () => Promise.resolve('shim_up 1\n')), path: '/metrics', secret: null },
  statsig: { server: new LocalStatsigServer(store, { secretKey: 'secret-x', consoleKey: token }), path: '/console/v1/experiments', secret: `STATSIG-API-KEY: ${token}` },
  alerts: {
    server: new AlertWebhook(token, (alerts) => {
      taken.push(...alerts);
      return Promise.resolve();
    }),
    path: '/alerts',
    secret: `Authorization: Bearer ${token}`,
  },
  codec: { server: new CodecServer({ codec: { encode: (payloads) => Promise.resolve(payloads), decode: (payloads) => Promise.resolve(payloads) }, origin, token }), path: '/decode', secret: `Authorization: Bearer ${token}` },
};
const names = Object.keys(servers) as (keyof typeof servers)[];
const withSecret = names.filter((name) => servers[name].secret !== null);
const ports = {} as Record<keyof typeof servers, number>;
const hostOf = (name: keyof typeof servers) => `Host: 127.0.0.1:${ports[name]}`;
const post = (name: keyof typeof servers, ...lines: string[]) => [`POST ${servers[name].path} HTTP/1.1`, hostOf(name), 'Content-Type: application/json', ...lines];

beforeAll(async () => {
  for (const name of names) ports[name] = await servers[name].server.start(0);
});
afterAll(async () => {
  for (const name of names) await servers[name].server.stop();
  store.close();
  rmSync(folder, { recursive: true });
});

describe.each(names)('the server of %s', (name) => {
  const { path, secret } = servers[name];

  it('listens on the loopback interface alone', () => {
    expect(listeningAt(ports[name])).toEqual(['127.0.0.1']);
  });

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '169.254.169.254'])('tells nothing to a page that reaches it as %s', async (host) => {
    const answer = await sendRaw(ports[name], head(`GET ${path} HTTP/1.1`, `Host: ${host}`, ...(secret === null ? [] : [secret])));
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).toContain('it answers to 127.0.0.1 and localhost alone');
  });

  it.each(['/../../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', `${path}/../../../etc/passwd`, '//etc/passwd', '/..%2f..%2fetc%2fpasswd', '/\\..\\etc\\passwd'])('has nothing at %s', async (at) => {
    const answer = await sendRaw(ports[name], head(`GET ${at} HTTP/1.1`, hostOf(name), ...(secret === null ? [] : [secret])));
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).not.toContain('root:');
  });

  it('takes no headers without end', async () => {
    expect(await sendRaw(ports[name], head(`GET ${path} HTTP/1.1`, hostOf(name), `X-Long: ${'x'.repeat(17 * 1024)}`))).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe.each(withSecret)('without its secret the server of %s', (name) => {
  const { secret } = servers[name];
  const header = secret?.split(': ')[0] ?? '';
  const value = secret?.slice(header.length + 2) ?? '';

  it.each([
    ['nothing', null],
    ['an empty one', ''],
    ['a part of it', value.slice(0, -1)],
    ['more than it', `${value}x`],
    ['another of its length', `${value.slice(0, -1)}X`],
  ])('refuses %s, before it has read a body', async (_what, given) => {
    const body = JSON.stringify({ version: '4', alerts: [], payloads: [] });
    const answer = await sendRaw(ports[name], `${head(...post(name, `Content-Length: ${body.length}`, ...(given === null ? [] : [`${header}: ${given}`])))}${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    const endless = await sendWithoutEnd(ports[name], ...post(name, ...(given === null ? [] : [`${header}: ${given}`])));
    expect(endless.answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(taken).toEqual([]);
  });
});

describe.each([
  ['statsig', 8_000_000],
  ['alerts', 256 * 1024],
  ['codec', 32 * 1024 * 1024],
] as const)('with its secret the server of %s', (name, limit) => {
  const secret = servers[name].secret;

  it('refuses a body that says that it is too large, unread', async () => {
    expect(await sendRaw(ports[name], head(...post(name, secret, `Content-Length: ${limit + 1}`)))).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('reads no body without end', async () => {
    const { answer, sentBytes } = await sendWithoutEnd(ports[name], ...post(name, secret));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    // What the two ends of the connection hold comes on top.
    expect(sentBytes).toBeLessThan(limit + 16 * 1024 * 1024);
  });

  it('goes on after both', async () => {
    const body = JSON.stringify(name === 'statsig' ? { name: 'none' } : { version: '4', alerts: [], payloads: [] });
    expect(await sendRaw(ports[name], `${head(...post(name, secret, `Content-Length: ${body.length}`))}${body}`)).toMatch(name === 'statsig' ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 200 /);
  });
});

describe('the local Statsig server', () => {
  it('unpacks no bomb', async () => {
    const body = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const response = await fetch(`http://127.0.0.1:${ports.statsig}/v1/log_event`, { method: 'POST', headers: { 'STATSIG-API-KEY': 'secret-x' }, body });
    expect(response.status).toBe(400);
  });
});

describe('the codec server', () => {
  const ask = (path: string, headers: Record<string, string>) => fetch(`http://127.0.0.1:${ports.codec}${path}`, { method: 'POST', headers, body: '{"payloads":[]}' });

  it('takes its token in the path, which any Web UI can be given', async () => {
    expect((await ask(`/${token}/decode`, { origin })).status).toBe(200);
    expect((await ask(`/${token}x/decode`, { origin })).status).toBe(401);
    expect((await ask('/decode', { origin })).status).toBe(401);
  });

  it('answers no page of another origin, though it has the token', async () => {
    expect((await ask(`/${token}/decode`, { origin: 'http://127.0.0.1:9999' })).status).toBe(403);
    expect((await ask(`/${token}/decode`, { origin: 'null' })).status).toBe(403);
  });
});

describe('who is slow', () => {
  const slow: LoopbackServer[] = [];
  const start = async (limits: { headersMs: number; requestMs: number; idleMs: number; connections: number }): Promise<number> => {
    const server = new LoopbackServer(
      new Hono()
        .post('/', async (context) => context.text(await context.req.text()))
        .get('/', (context) => context.text('here')),
      limits,
    );
    slow.push(server);
    return server.start(0);
  };
  afterEach(async () => {
    for (const server of slow.splice(0)) await server.stop();
  });

  it('with headers is sent away by every server', async () => {
    const times = await Promise.all(names.map((name) => closedAfter(ports[name], `GET ${servers[name].path} HTTP/1.1\r\n${hostOf(name)}\r\nX-Slow: `)));
    for (const time of times) expect(time).toBeLessThan(15_000);
  });

  it('with a body is sent away', async () => {
    const port = await start({ headersMs: 200, requestMs: 400, idleMs: 60_000, connections: 10 });
    expect(await closedAfter(port, `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf`)).toBeLessThan(10_000);
  });

  it('to ask for anything is sent away', async () => {
    const port = await start({ headersMs: 60_000, requestMs: 60_000, idleMs: 300, connections: 10 });
    expect(await closedAfter(port, '')).toBeLessThan(10_000);
  });

  it('takes no place from others for ever: more than so many connections are closed as they come', async () => {
    const port = await start({ headersMs: 500, requestMs: 500, idleMs: 60_000, connections: 3 });
    const held = Array.from({ length: 3 }, () => closedAfter(port, 'GET / HTTP/1.1\r\n'));
    expect(await sendRaw(port, head('GET / HTTP/1.1', 'Host: localhost'))).toBe('');
    await Promise.all(held);
    expect(await sendRaw(port, head('GET / HTTP/1.1', 'Host: localhost'))).toMatch(/here$/);
  });
});
