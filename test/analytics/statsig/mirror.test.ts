import type { RequestListener } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import type { Store } from '../../../analytics/outcomes/store.js';
import type { StatsigConnection } from '../../../analytics/statsig/connection.js';
import { sessionEvent } from '../../../analytics/statsig/event-log.js';
import { localConnection } from '../../../analytics/statsig/local-record.js';
import { LocalStatsigServer } from '../../../analytics/statsig/local-server.js';
import { LocalStatsigStore } from '../../../analytics/statsig/local-store.js';
import { StatsigMirror } from '../../../analytics/statsig/mirror.js';
import type { ConsoleDebt, RegisteredExperiment, ValueDebt } from '../../../analytics/statsig/platform.js';
import { StatsigRefusedError, StatsigUnavailableError } from '../../../analytics/statsig/statsig-error.js';
import { StatsigPlatform } from '../../../analytics/statsig/statsig-platform.js';
import { BadServer } from '../../support/bad-server.js';

const keys = { secretKey: 'secret-mirror', consoleKey: 'console-mirror' };
const toRegister = { name: 'backoff_base_optimization_1', parameter: 'backoff_base', hypothesis: 'shorter is better', control: 1_000, treatment: 500, successMetrics: [] } as const;

let folder = '';
let statsig: LocalStatsigStore;
let server: LocalStatsigServer;
let connection: StatsigConnection;
let store: Store;
let platform: StatsigPlatform;
let refused: unknown[] = [];

function mirrorTo(to: StatsigConnection, timeoutMs = 5_000): StatsigMirror {
  return new StatsigMirror({ store, connection: to, platform, timeoutMs, onRefused: (error) => refused.push(error) });
}

/** Events that the store owes Statsig, numbered. */
async function owe(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await store.enqueue('event', sessionEvent('crash_occurred', `session-${at}`, { at }, 1_000 + at), at);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shim-mirror-'));
  statsig = new LocalStatsigStore(join(folder, 'statsig.db'));
  server = new LocalStatsigServer(statsig, keys);
  connection = localConnection({ port: await server.start(0), ...keys });
  store = await openStore(join(folder, 'outcomes.db'));
  platform = await StatsigPlatform.open({ connection, outbox: store, console: { retries: 0, timeoutMs: 2_000 } });
  refused = [];
});
afterEach(async () => {
  await platform.close();
  await server.stop();
  statsig.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the mirror', () => {
  it('tells Statsig what is owed, once, and in order', async () => {
    const experiment: RegisteredExperiment = await platform.register(toRegister);
    await platform.allocate(experiment, 1);
    await platform.sync();
    const assigned = platform.assign(toRegister.name, 'session-1');
    await platform.flush();
    const decide: ConsoleDebt = { call: 'decide', experiment, arm: 'treatment', reason: 'fewer crashes' };
    const value: ValueDebt = { call: 'value', parameter: 'backoff_base', value: 500 };
    await store.enqueue('console', decide, 1);
    await owe(3);
    await store.enqueue('console', value, 2);
    expect(await mirrorTo(connection).drain()).toBe(6);
    expect(await store.owed(10)).toEqual([]);
    const exposures = statsig.events('statsig::config_exposure').map((event) => event as { user?: { userID: string }; metadata?: { ruleID: string } });
    expect(exposures.map(({ user, metadata }) => [user?.userID, metadata?.ruleID])).toEqual([['session-1', experiment.groups[assigned?.arm ?? 'control']]]);
    expect(statsig.events('crash_occurred').map((event) => (event as { metadata?: unknown }).metadata)).toEqual([{ at: 0 }, { at: 1 }, { at: 2 }]);
    expect(statsig.experiment(experiment.id)).toMatchObject({ status: 'decision_made', launchedGroupId: experiment.groups.treatment });
    expect(statsig.dynamicConfigs()).toMatchObject([{ name: 'shim_backoff_base', defaultValue: { value: 500 } }]);
    expect(refused).toEqual([]);
  });

  it('owes all of it while Statsig is away, and catches up when it is back', async () => {
    const port = Number(new URL(connection.address).port);
    await server.stop();
    await owe(450);
    const mirror = mirrorTo(connection);
    await expect(mirror.drain()).rejects.toThrow(StatsigUnavailableError);
    expect(await store.owed(1_000)).toHaveLength(450);
    await server.start(port);
    expect(await mirror.drain()).toBe(450);
    expect(statsig.events('crash_occurred')).toHaveLength(450);
  });

  it('told twice, tells nothing new', async () => {
    await owe(5);
    const before = await store.owed(10);
    await mirrorTo(connection).drain();
    for (const { kind, body, createdAtMs } of before) await store.enqueue(kind, body, createdAtMs);
    expect(await mirrorTo(connection).drain()).toBe(5);
    expect(statsig.events('crash_occurred')).toHaveLength(5);
  });

  it('gives up what Statsig refuses or nobody understands, and tells the rest', async () => {
    const experiment = await platform.register(toRegister);
    await store.enqueue('console', { call: 'decide', experiment: { ...experiment, id: 'nowhere' }, arm: 'control', reason: 'x' }, 1);
    await store.enqueue('console', { call: 'dance' }, 1);
    await store.enqueue('event', 'no event', 1);
    await owe(2);
    await mirrorTo(connection).drain();
    expect(await store.owed(10)).toEqual([]);
    expect(statsig.events('crash_occurred')).toHaveLength(2);
    expect(refused).toHaveLength(3);
  });

  it('owes all of it still where its key is wrong, and does not tell the key', async () => {
    await owe(2);
    const error = await mirrorTo({ ...connection, secretKey: 'secret-of-another' }).drain().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StatsigRefusedError);
    expect(String(error)).not.toContain('secret-of-another');
    expect(await store.owed(10)).toHaveLength(2);
  });
});

const garbage: [string, RequestListener][] = [
  ['a page of HTML', (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>')],
  ['JSON that means nothing', (_request, response) => void response.end('[1, {"has_updates": "maybe"}]')],
  ['a redirection', (_request, response) => void response.writeHead(302, { location: 'https://example.com/' }).end()],
  ['nothing, for ever', () => undefined],
  ['half an answer, for ever', (_request, response) => void response.writeHead(200, { 'content-length': '1000' }).write('{"success"')],
  ['a connection that it closes', (request) => void request.socket.destroy()],
  ['500', (_request, response) => void response.writeHead(500).end('{"status": 500, "message": "sorry"}')],
  ['429', (_request, response) => void response.writeHead(429).end('{"status": 429, "message": "slow down"}')],
];

describe('a Statsig that answers', () => {
  it.each(garbage)('%s is one that is away: nothing is lost, blocked or crashed', async (_what, answer) => {
    const bad = await BadServer.start(answer);
    try {
      const to = { address: bad.address, ...keys };
      await owe(2);
      await expect(mirrorTo(to, 300).drain()).rejects.toThrow(StatsigUnavailableError);
      expect(await store.owed(10)).toHaveLength(2);
      const confused = await StatsigPlatform.open({ connection: to, outbox: store, console: { retries: 1, backoffMs: 1, timeoutMs: 300 }, specsTimeoutMs: 300 });
      await expect(confused.register(toRegister)).rejects.toThrow(StatsigUnavailableError);
      await expect(confused.sync()).rejects.toThrow(StatsigUnavailableError);
      expect(confused.assign(toRegister.name, 'session-1')).toBeNull();
      await confused.close();
      expect(await mirrorTo(connection).drain()).toBe(2);
    } finally {
      await bad.stop();
    }
  });
});
