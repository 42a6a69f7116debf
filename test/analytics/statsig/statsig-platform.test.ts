import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import type { Store } from '../../../analytics/outcomes/store.js';
import { userBucket } from '../../../analytics/statsig/bucketing.js';
import { ConsoleApi } from '../../../analytics/statsig/console-api.js';
import { startLocalStatsig, type LocalStatsigProcess } from '../../../analytics/statsig/local-process.js';
import { LocalStatsigStore } from '../../../analytics/statsig/local-store.js';
import type { ExperimentToRegister } from '../../../analytics/statsig/platform.js';
import { createSdk } from '../../../analytics/statsig/sdk.js';
import { StatsigRefusedError, StatsigUnavailableError } from '../../../analytics/statsig/statsig-error.js';
import { StatsigPlatform } from '../../../analytics/statsig/statsig-platform.js';
import { projectRoot } from '../../support/project-root.js';

const program = join(projectRoot(), 'dist', 'workers', 'statsig-server.js');
const sessions = Array.from({ length: 200 }, (_, at) => `session-${at}`);
const toRegister: ExperimentToRegister = { name: 'danger_zone_optimization_1', parameter: 'danger_zone', hypothesis: 'earlier is better', control: 0.75, treatment: 0.6, successMetrics: ['crash_rate'] };

let folder = '';
let server: LocalStatsigProcess;
let store: Store;
let platform: StatsigPlatform;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shim-platform-'));
  server = await startLocalStatsig({ home: folder, program });
  store = await openStore(join(folder, 'outcomes.db'));
  platform = await StatsigPlatform.open({ connection: server.connection, outbox: store, console: { retries: 0 } });
});
afterEach(async () => {
  await platform.close();
  await server.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sessions in each arm, by what the platform says. */
function arms(): { control: string[]; treatment: string[] } {
  const of = (arm: string) => sessions.filter((session) => platform.assign(toRegister.name, session)?.arm === arm);
  return { control: of('control'), treatment: of('treatment') };
}

describe('an experiment at Statsig, by its Console API and the unmodified SDK, against the server process', () => {
  it('is registered once, however often it is asked for, and assigns nobody before it is allocated', async () => {
    const [first, second] = await Promise.all([platform.register(toRegister), platform.register(toRegister)]);
    expect(second).toEqual(first);
    expect(await platform.register(toRegister)).toEqual(first);
    await platform.sync();
    expect(arms()).toEqual({ control: [], treatment: [] });
  });

  it('takes in the sessions that its salt says, and widening its share takes none of them out', async () => {
    const experiment = await platform.register(toRegister);
    const kept = new LocalStatsigStore(join(folder, 'statsig.db'));
    const { salt } = kept.experiment(experiment.id) ?? { salt: '' };
    kept.close();
    const expected = (share: number, arm: 'control' | 'treatment') =>
      sessions.filter((session) => userBucket(`${salt}.allocation`, session) < share * 1_000 && (userBucket(salt, session) < 500 ? 'control' : 'treatment') === arm);
    let before = arms();
    for (const share of [0.2, 0.5, 1]) {
      await platform.allocate(experiment, share);
      await platform.sync();
      const now = arms();
      expect(now).toEqual({ control: expected(share, 'control'), treatment: expected(share, 'treatment') });
      expect(now.control).toEqual(expect.arrayContaining(before.control));
      expect(now.treatment).toEqual(expect.arrayContaining(before.treatment));
      before = now;
    }
    await platform.allocate(experiment, 0.2);
    await platform.sync();
    expect(arms()).toEqual(before);
  });

  it('keeps the exposure of each assigned session for Statsig, and none of others', async () => {
    const experiment = await platform.register(toRegister);
    await platform.allocate(experiment, 0.3);
    await platform.sync();
    const { control, treatment } = arms();
    await platform.flush();
    const owed = await store.owed(10_000);
    expect(new Set(owed.map(({ kind }) => kind))).toEqual(new Set(['exposure']));
    const bodies = owed.map(({ body }) => body as { user: { userID: string }; metadata: { config: string; ruleID: string } });
    const exposedTo = (group: string) => bodies.filter(({ metadata }) => metadata.ruleID === group).map(({ user }) => user.userID);
    expect(exposedTo(experiment.groups.control).sort()).toEqual([...control].sort());
    expect(exposedTo(experiment.groups.treatment).sort()).toEqual([...treatment].sort());
  });

  it('is decided for an arm once, and assigns nobody any more', async () => {
    const experiment = await platform.register(toRegister);
    await platform.allocate(experiment, 1);
    await platform.decide(experiment, 'treatment', 'fewer crashes');
    await platform.decide(experiment, 'treatment', 'fewer crashes');
    await platform.abandon(experiment, 'too late for that');
    await platform.sync();
    expect(arms()).toEqual({ control: [], treatment: [] });
    await expect(platform.allocate(experiment, 1)).rejects.toThrow(StatsigRefusedError);
  });

  it.each([['before it is started', null], ['while it runs', 1]] as const)('is abandoned %s, and again', async (_when, share) => {
    const experiment = await platform.register(toRegister);
    if (share !== null) await platform.allocate(experiment, share);
    await platform.abandon(experiment, 'stopped');
    await platform.abandon(experiment, 'stopped');
    await platform.sync();
    expect(arms()).toEqual({ control: [], treatment: [] });
  });

  it('assigns as before while Statsig is away, and says that it is', async () => {
    const experiment = await platform.register(toRegister);
    await platform.allocate(experiment, 1);
    await platform.sync();
    const before = arms();
    await server.stop();
    await expect(platform.sync()).rejects.toThrow(StatsigUnavailableError);
    await expect(platform.decide(experiment, 'control', 'no')).rejects.toThrow(StatsigUnavailableError);
    expect(arms()).toEqual(before);
  });

  it('is not known to a platform that comes up while Statsig is away', async () => {
    const away = await StatsigPlatform.open({ connection: { ...server.connection, address: 'http://127.0.0.1:9' }, outbox: store });
    expect(away.assign(toRegister.name, 'session-1')).toBeNull();
    await away.close();
  });
});

describe('the SDK', () => {
  it('sends an error of its own nowhere, for the address it would take is not the connection', async () => {
    const { fetch: real } = globalThis;
    const asked: string[] = [];
    globalThis.fetch = (input, init) => {
      asked.push(input instanceof Request ? input.url : String(input));
      return real(input, init);
    };
    try {
      const sdk = createSdk({ connection: server.connection, timeoutMs: 1_000, onSpecs: () => undefined, keep: () => Promise.reject(new Error('the store is full')) });
      await sdk.initializeAsync();
      const reported: unknown[] = [];
      const boundary = Reflect.get(sdk, '_errorBoundary') as { networkOverrideFunc: (url: string, request: RequestInit) => Promise<Response>; logError: (error: Error, context: { getContextForLogging: () => object }) => void };
      const confined = boundary.networkOverrideFunc;
      boundary.networkOverrideFunc = (url, request) => {
        const answer = confined(url, request);
        reported.push(url);
        return answer;
      };
      boundary.logError(new Error('a fault of the SDK'), { getContextForLogging: () => ({}) });
      await sdk.shutdownAsync(100);
      expect(reported).toContain('https://statsigapi.net/v1/sdk_exception');
      expect(asked.filter((url) => !url.startsWith(server.connection.address))).toEqual([]);
    } finally {
      globalThis.fetch = real;
    }
  });
});

describe('a dynamic config', () => {
  it('is made by the first value, changed by the next, and what the SDK gives', async () => {
    const console = new ConsoleApi(server.connection);
    await console.setDynamicConfig('shim_danger_zone', { value: 0.75 });
    await console.setDynamicConfig('shim_danger_zone', { value: 0.6 });
    const kept = new LocalStatsigStore(join(folder, 'statsig.db'));
    expect(kept.dynamicConfigs().map(({ name, defaultValue }) => [name, defaultValue])).toEqual([['shim_danger_zone', { value: 0.6 }]]);
    kept.close();
  });
});
