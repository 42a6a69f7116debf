import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Statsig } from 'statsig-node';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupBounds, passes, userBucket } from '../../../analytics/statsig/bucketing.js';
import { LocalStatsigServer } from '../../../analytics/statsig/local-server.js';
import { LocalStatsigStore } from '../../../analytics/statsig/local-store.js';

// As CommonJS has it: what a default import gives depends on who loads it.
const statsig = createRequire(import.meta.url)('statsig-node') as typeof Statsig;

describe('bucketing', () => {
  it('equals a second reading of the formula, 10,000 times', () => {
    for (let at = 0; at < 10_000; at += 1) {
      const salt = `salt-${at % 7}`;
      const unit = `session-${at}`;
      const digest = (text: string) => BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 16)}`);
      expect(userBucket(salt, unit)).toBe(Number(digest(`${salt}.${unit}`) % 1000n));
      expect(passes(salt, 'rule', unit, 37.5)).toBe(digest(`${salt}.rule.${unit}`) % 10000n < 3750n);
    }
  });

  it('gives groups their cumulative bounds, the last one all', () => {
    expect(groupBounds([50, 50])).toEqual([500, 1000]);
    expect(groupBounds([33.3, 33.3, 33.4])).toEqual([333, 666, 1000]);
  });
});

let folder = '';
let store: LocalStatsigStore;
let server: LocalStatsigServer;
let address = '';
const keys = { secretKey: 'secret-test', consoleKey: 'console-test' };
const headers = { 'STATSIG-API-KEY': keys.consoleKey, 'STATSIG-API-VERSION': '20240601', 'content-type': 'application/json' };
const groups = [
  { name: 'control', size: 50, parameterValues: { value: 0.75 } },
  { name: 'treatment', size: 50, parameterValues: { value: 0.6 } },
];

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: { message: string; status?: number; data?: Record<string, unknown> & { id: string; groups: { id: string; name: string }[] } } }> {
  const response = await fetch(`${address}/console/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as never };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shim-statsig-'));
  store = new LocalStatsigStore(join(folder, 'statsig.db'));
  server = new LocalStatsigServer(store, keys);
  address = `http://127.0.0.1:${await server.start(0)}`;
});
afterEach(async () => {
  await server.stop();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the Console API of the local server', () => {
  it('takes an experiment from setup to a decision, and refuses what is out of turn', async () => {
    const created = await call('POST', '/experiments', { name: 'danger_zone_1', groups, hypothesis: 'earlier is better' });
    expect(created.status).toBe(201);
    const { id, groups: made } = created.body.data ?? { id: '', groups: [] };
    expect(created.body.data).toMatchObject({ status: 'setup', allocation: 100 });
    expect((await call('PUT', `/experiments/${id}/make_decision`, { id: made[1]?.id, decisionReason: 'too early' })).status).toBe(400);
    expect((await call('PUT', `/experiments/${id}/start`)).status).toBe(200);
    expect((await call('PUT', `/experiments/${id}/start`)).body.message).toBe('danger_zone_1 is in active, and has to be in setup');
    expect((await call('PUT', `/experiments/${id}/make_decision`, { id: 'treatment', decisionReason: 'won' })).body.message).toMatch(/its id is wanted/);
    expect((await call('PUT', `/experiments/${id}/make_decision`, { id: made[1]?.id, decisionReason: 'won' })).status).toBe(200);
    expect((await call('GET', `/experiments/${id}`)).body.data).toMatchObject({ status: 'decision_made', launchedGroupId: made[1]?.id, decisionReason: 'won' });
  });

  it.each([
    ['sizes that do not sum to 100', { name: 'x', groups: [{ ...groups[0], size: 60 }, groups[1]] }],
    ['one group', { name: 'x', groups: [groups[0]] }],
    ['no name', { name: ' ', groups }],
    ['two groups of one name', { name: 'x', groups: [groups[0], groups[0]] }],
  ])('refuses %s', async (_what, body) => {
    const { status, body: answer } = await call('POST', '/experiments', body);
    expect(status).toBe(400);
    expect(answer).toMatchObject({ status: 400 });
  });

  it('refuses the same name twice, an unknown experiment, and a call without a console key', async () => {
    await call('POST', '/experiments', { name: 'one', groups });
    expect((await call('POST', '/experiments', { name: 'one', groups })).status).toBe(400);
    expect((await call('PUT', '/experiments/none/start')).status).toBe(404);
    expect((await fetch(`${address}/console/v1/experiments`, { headers: { 'STATSIG-API-KEY': 'secret-x' } })).status).toBe(401);
  });

  it('keeps its state over a restart, in a file of its owner', async () => {
    await call('POST', '/experiments', { name: 'kept', groups });
    const again = new LocalStatsigStore(join(folder, 'statsig.db'));
    expect(again.experiments().map(({ name }) => name)).toEqual(['kept']);
    again.close();
    expect(statSync(join(folder, 'statsig.db')).mode & 0o777).toBe(0o600);
  });

  it('survives bodies that are none', async () => {
    const response = await fetch(`${address}/v1/log_event`, { method: 'POST', headers: { 'STATSIG-API-KEY': keys.secretKey }, body: Buffer.from([0x1f, 0x8b, 1, 2, 3]) });
    expect(response.status).toBe(400);
    expect((await fetch(`${address}/nowhere`)).status).toBe(404);
  });
});

describe('the rest of the Console API', () => {
  const exposure = (unit: string, groupId: string, time: number) => ({ eventName: 'statsig::config_exposure', time, user: { userID: unit }, metadata: { config: 'pulse_1', ruleID: groupId } });
  const crash = (unit: string, time: number) => ({ eventName: 'crash_occurred', time, user: { userID: unit } });

  it("tells a group's share of units with an event after their exposure, and leaves out those before it", async () => {
    const { id, groups: made } = (await call('POST', '/experiments', { name: 'pulse_1', groups, primaryMetrics: [{ name: 'crash_occurred', type: 'event_user' }] })).body.data ?? { id: '', groups: [] };
    const [control = '', treatment = ''] = made.map((group) => group.id);
    const empty = await call('GET', `/experiments/${id}/pulse_results?control=${control}&test=${treatment}`);
    expect(empty.body.data).toMatchObject({ primaryMetrics: [], secondaryMetrics: [] });
    store.log(Array.from({ length: 20 }, (_, at) => exposure(`unit-${at}`, at % 2 === 0 ? control : treatment, 100)));
    store.log([crash('unit-0', 200), crash('unit-2', 200), crash('unit-2', 201), crash('unit-1', 200), crash('unit-3', 50)]);
    const { data } = (await call('GET', `/experiments/${id}/pulse_results?control=${control}&test=${treatment}`)).body;
    expect(data?.['primaryMetrics']).toMatchObject([{ metricID: 'crash_occurred::event_user', controlMean: 0.2, testMean: 0.1, controlUnits: 10, testUnits: 10 }]);
    expect(data?.['secondaryMetrics']).toMatchObject([{ metricID: 'crash_occurred::event_count', controlMean: 0.3, testMean: 0.1 }]);
    expect((await call('GET', `/experiments/${id}/pulse_results?control=x&test=y`)).status).toBe(400);
  });

  it('resets an experiment to setup, with other groups and another salt', async () => {
    const { id } = (await call('POST', '/experiments', { name: 'again', groups })).body.data ?? { id: '' };
    await call('PUT', `/experiments/${id}/start`);
    const before = store.experiment(id);
    expect((await call('PUT', `/experiments/${id}/reset`)).status).toBe(200);
    const after = store.experiment(id);
    expect(after?.status).toBe('setup');
    expect(after?.salt).not.toBe(before?.salt);
    expect(after?.groups.map((group) => group.name)).toEqual(['control', 'treatment']);
    expect(after?.groups[0]?.id).not.toBe(before?.groups[0]?.id);
  });

  it('makes and changes dynamic configs, and serves them to the SDK', async () => {
    expect((await call('POST', '/dynamic_configs', { name: 'shim_danger_zone', defaultValue: { value: 0.75 } })).status).toBe(201);
    expect((await call('POST', '/dynamic_configs', { name: 'shim_danger_zone' })).status).toBe(400);
    expect((await call('PATCH', '/dynamic_configs/shim_danger_zone', { rules: [{ name: 'half', passPercentage: 50, returnValue: { value: 0.6 } }] })).status).toBe(200);
    expect((await call('PATCH', '/dynamic_configs/nowhere', {})).status).toBe(404);
    const sdk = new statsig.StatsigServer(keys.secretKey, { api: `${address}/v1`, disableDiagnostics: true });
    await sdk.initializeAsync();
    const [{ salt, rules } = { salt: '', rules: [] }] = store.dynamicConfigs();
    for (const unit of Array.from({ length: 50 }, (_, at) => `session-${at}`)) {
      const expected = passes(salt, rules[0]?.id ?? '', unit, 50) ? 0.6 : 0.75;
      expect(sdk.getConfig({ userID: unit }, 'shim_danger_zone', { disableExposureLogging: true }).get('value', 0)).toBe(expected);
    }
    await sdk.shutdownAsync();
  });

  it('allows about 100 changes in 10 seconds, reading not counted', async () => {
    for (let at = 0; at < 100; at += 1) expect((await call('PATCH', '/experiments/none', {})).status).toBe(404);
    expect((await call('PATCH', '/experiments/none', {})).body).toMatchObject({ status: 429 });
    expect((await call('GET', '/experiments')).status).toBe(200);
  });
});

describe('the unmodified statsig-node, against the local server', () => {
  const units = Array.from({ length: 400 }, (_, at) => `session-${at}`);
  const valueOf = (unit: string) => statsig.getExperiment({ userID: unit }, 'danger_zone_1', { disableExposureLogging: true });
  let id = '';
  let salt = '';

  // The SDK is one for the process: all of its life is one test.
  afterAll(() => statsig.shutdownAsync());

  it('is assigned, exposed, switched off and decided as Statsig would', async () => {
    ({ id } = (await call('POST', '/experiments', { name: 'danger_zone_1', groups })).body.data ?? { id: '' });
    await statsig.initialize('secret-test', { api: `${address}/v1`, loggingIntervalMs: 60_000, disableDiagnostics: true });
    expect(units.map((unit) => valueOf(unit).get('value', 0))).toEqual(units.map(() => 0.75));

    await call('PUT', `/experiments/${id}/start`);
    await statsig.syncConfigSpecs();
    const experiment = store.experiment(id);
    salt = experiment?.salt ?? '';
    const expected = units.map((unit) => (userBucket(salt, unit) < 500 ? 0.75 : 0.6));
    expect(units.map((unit) => valueOf(unit).get('value', 0))).toEqual(expected);
    expect(new Set(expected).size).toBe(2);

    for (const unit of units) statsig.manuallyLogExperimentExposure({ userID: unit }, 'danger_zone_1');
    await statsig.flush();
    const exposures = (await call('GET', `/experiments/${id}/cumulative_exposures`)).body.data as unknown as { groupName: string; results: { exposures: number }[] }[];
    expect(exposures.map(({ groupName, results }) => [groupName, results.at(-1)?.exposures])).toEqual([
      ['control', expected.filter((value) => value === 0.75).length],
      ['treatment', expected.filter((value) => value === 0.6).length],
    ]);

    const inBoth = units.filter((unit) => userBucket(`${salt}.allocation`, unit) < 300);
    await call('PATCH', `/experiments/${id}`, { allocation: 30 });
    await statsig.syncConfigSpecs();
    const exposed = units.filter((unit) => experiment?.groups.some((group) => group.id === valueOf(unit).getRuleID()));
    expect(exposed).toEqual(inBoth);

    await call('POST', `/experiments/${id}/disable_groups`, { group_names: ['treatment'] });
    await statsig.syncConfigSpecs();
    expect(units.map((unit) => valueOf(unit).get('value', 0))).toEqual(units.map(() => 0.75));

    await call('PUT', `/experiments/${id}/make_decision`, { id: experiment?.groups[1]?.id, decisionReason: 'won' });
    await statsig.syncConfigSpecs();
    expect(units.map((unit) => valueOf(unit).get('value', 0))).toEqual(units.map(() => 0.6));
    expect(valueOf('session-1').getRuleID()).toBe('launchedGroup');
  });

  it('the same events sent again are kept once', async () => {
    const body = JSON.stringify({ events: [{ eventName: 'crash_occurred', time: 1, user: { userID: randomUUID() } }] });
    for (let time = 0; time < 3; time += 1) expect((await fetch(`${address}/v1/log_event`, { method: 'POST', headers: { 'STATSIG-API-KEY': keys.secretKey }, body })).status).toBe(202);
    expect(store.events('crash_occurred')).toHaveLength(1);
  });
});
