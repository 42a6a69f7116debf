import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetricsSourceError } from '../../analytics/metrics-source/metrics-source.js';
import { PrometheusSource } from '../../analytics/metrics-source/prometheus-source.js';
import { boundedText } from '../../analytics/bounded-text.js';
import { ConsoleApi } from '../../analytics/statsig/console-api.js';
import { EventLog } from '../../analytics/statsig/event-log.js';
import { readPulse } from '../../analytics/statsig/read-pulse.js';
import { specArms } from '../../analytics/statsig/spec-arms.js';
import { StatsigRefusedError, StatsigUnavailableError } from '../../analytics/statsig/statsig-error.js';
import { BadServer } from '../support/bad-server.js';

/** What the server answers next. */
let answer: { status: number; body: string | Buffer; headers?: Record<string, string> };
let server: BadServer;
beforeAll(async () => {
  server = await BadServer.start((_request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
  });
});
afterAll(() => server.stop());

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const numbers = fc.oneof(fc.double(), fc.constantFrom(-0, 5e-324, 1e308, Number.MAX_VALUE, -1, Number.POSITIVE_INFINITY));
const status = fc.constantFrom(200, 200, 200, 201, 204, 400, 401, 404, 408, 429, 500, 503);
/** Anything: bytes, JSON of any shape, an answer that breaks off, what nests deeper than a stack is deep, a page of a proxy. */
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => text),
  fc.tuple(fc.json(), fc.nat(80)).map(([text, cut]) => text.slice(0, cut)),
  fc.constantFrom(deep(20_000), `{"data":${deep(20_000)}}`, `{"status":"success","data":${deep(20_000)}}`, '<html><body>Bad gateway</body></html>', '', 'null', '{"data":null}', '{"__proto__":{"data":[]}}'),
);

describe('what Prometheus answers, whatever it is,', () => {
  const text = fc.oneof(numbers.map(String), fc.constantFrom('NaN', '+Inf', '-Inf', '', ' ', '1e400', '0x10'), fc.string({ maxLength: 8 }));
  const labels = fc.dictionary(fc.constantFrom('le', 'crashed', 'waited', 'strategy', 'result', '__proto__', 'constructor'), fc.oneof(fc.constantFrom('true', 'false', '+Inf', '0.1', 'native', 'failed', 'running'), fc.string({ maxLength: 5 })), { noNullPrototype: true });
  const sample = fc.record({ metric: fc.oneof({ weight: 9, arbitrary: labels }, fc.jsonValue()), value: fc.oneof({ weight: 9, arbitrary: fc.tuple(fc.integer(), text) }, fc.jsonValue()) });
  const vector = fc.array(sample, { maxLength: 6 }).map((result) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));

  it('is measurements of finite numbers in which no part is larger than the whole, or an error of its own kind', async () => {
    const source = new PrometheusSource(server.address, { timeoutMs: 5_000 });
    await fc.assert(
      fc.asyncProperty(status, fc.oneof({ weight: 3, arbitrary: vector }, garbage), async (code, body) => {
        answer = { status: code, body };
        const measured = await only([MetricsSourceError], source.measure({ fromMs: 1_700_000_000_000, untilMs: 1_700_000_600_000 }));
        if (measured !== undefined) expectSound(measured);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what Statsig answers, whatever it is,', () => {
  const group = fc.record({ id: fc.oneof(fc.string(), fc.jsonValue()), name: fc.oneof(fc.constantFrom('control', 'treatment', 'Control', '__proto__'), fc.string()), size: fc.oneof(numbers, fc.jsonValue()) });
  const experiment = fc.record({ id: fc.string(), name: fc.oneof(fc.constant('danger_zone_optimization_1'), fc.string()), status: fc.oneof(fc.constantFrom('setup', 'active', 'abandoned'), fc.string()), allocation: numbers, groups: fc.oneof({ weight: 9, arbitrary: fc.array(group, { maxLength: 4 }) }, fc.jsonValue()) });
  const metric = fc.dictionary(fc.constantFrom('metricID', 'metric_id', 'test_mean', 'testMean', 'controlMean', 'testUnits', 'controlUnits', '__proto__'), fc.oneof(numbers, fc.constant('crash_occurred::event_user'), fc.jsonValue()), { noNullPrototype: true });
  const data = fc.oneof(experiment, fc.array(experiment, { maxLength: 4 }), fc.record({ primaryMetrics: fc.oneof(fc.array(metric, { maxLength: 3 }), fc.jsonValue()) }), fc.jsonValue()).map((value) => JSON.stringify({ data: value }));
  const body = fc.oneof({ weight: 3, arbitrary: data }, garbage);
  const connection = () => ({ address: server.address, secretKey: 'secret-fuzz', consoleKey: 'console-fuzz' });
  const console = () => new ConsoleApi(connection(), { retries: 0, timeoutMs: 5_000 });

  it.each<[call: string, make: () => Promise<unknown>]>([
    ['an experiment', () => console().experiment('a')],
    ['a list of experiments', () => console().findExperiment('danger_zone_optimization_1')],
    ["Pulse's results", () => readPulse(console(), 'danger_zone_optimization_1')],
    ['exposures', () => console().cumulativeExposures('a')],
    ['the making of one', () => console().createExperiment({ name: 'a', hypothesis: 'b', allocation: 0, idType: 'userID', groups: [], primaryMetrics: [] })],
    ['a start', () => console().startExperiment('a')],
    ['a dynamic config', () => console().setDynamicConfig('a', { value: 1 })],
    ['a receipt of events', () => new EventLog(connection(), 5_000).send([])],
  ])('to %s is understood, or an error of its own kind that names no key', async (_call, make) => {
    await fc.assert(
      fc.asyncProperty(status, body, async (code, text) => {
        answer = { status: code, body: text };
        await only([StatsigUnavailableError, StatsigRefusedError], make());
      }),
      { numRuns: 60 },
    );
  });

  it('as specifications of experiments tells arms, or nothing', () => {
    const rule = fc.record({ id: fc.string(), groupName: fc.oneof(fc.constantFrom('control', 'Treatment', '__proto__'), fc.jsonValue()), isExperimentGroup: fc.oneof(fc.boolean(), fc.jsonValue()) });
    const config = fc.record({ name: fc.oneof(fc.constantFrom('__proto__', 'constructor'), fc.string()), isActive: fc.oneof(fc.boolean(), fc.jsonValue()), rules: fc.oneof(fc.array(rule, { maxLength: 3 }), fc.jsonValue()) });
    const specs = fc.record({ has_updates: fc.oneof(fc.boolean(), fc.jsonValue()), dynamic_configs: fc.oneof(fc.array(config, { maxLength: 3 }), fc.jsonValue()) }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof({ weight: 3, arbitrary: specs }, garbage), (text) => {
        const arms = specArms(text.toString());
        const told = arms instanceof Map ? [...arms.values()].flatMap((byRule) => [...byRule.values()]) : [];
        expect(arms === null || arms === 'no news' || arms instanceof Map).toBe(true);
        expect(told.every((arm) => arm === 'control' || arm === 'treatment')).toBe(true);
      }),
    );
  });

  it('as a list that never ends is given up', async () => {
    let id = 0;
    const endless = await BadServer.start((_request, response) => {
      const page = Array.from({ length: 100 }, () => ({ id: `e-${(id += 1)}`, name: 'another', status: 'active', allocation: 100, groups: [] }));
      response.writeHead(200).end(JSON.stringify({ data: page }));
    });
    const api = new ConsoleApi({ ...connection(), address: endless.address }, { retries: 0 });
    await expect(api.findExperiment('danger_zone_optimization_1')).rejects.toThrow('without an end');
    await endless.stop();
  });
});

describe('an answer without an end', () => {
  it('is given up at its limit, and its server is told', async () => {
    let isClosed: (() => void) | null = null;
    const closed = new Promise<void>((resolve) => (isClosed = resolve));
    const pour = (response: ServerResponse): void => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', () => pour(response));
    };
    const endless = await BadServer.start((_request, response) => {
      response.on('close', () => isClosed?.());
      response.writeHead(200);
      pour(response);
    });
    await expect(fetch(endless.address).then((response) => boundedText(response, 1_000_000))).rejects.toThrow('more than 1000000 bytes');
    await closed;
    await endless.stop();
  });
});

type ErrorClass = abstract new (...args: never[]) => Error;

/** What it resolves to; undefined where it rejects with one of these, whose message names no key. Any other rejection is the test's failure. */
async function only<T>(expected: readonly ErrorClass[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Error) || !expected.some((each) => error instanceof each)) throw error;
    expect(error.message).not.toMatch(/secret-fuzz|console-fuzz/);
    return undefined;
  }
}

/** Every number in it is finite, and of every proportion the part is not larger than the whole. */
function expectSound(value: unknown): void {
  if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
  if (typeof value !== 'object' || value === null) return;
  const { successes, trials } = value as { successes?: number; trials?: number };
  expect((successes ?? 0) >= 0 && (successes ?? 0) <= (trials ?? 0)).toBe(true);
  for (const inner of Object.values(value)) expectSound(inner);
}
