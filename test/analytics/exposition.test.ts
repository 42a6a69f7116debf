import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SHIMMetrics } from '../../analytics/metrics-registry.js';
import type { AttemptReport } from '../../domain/attempt.js';
import { exitClasses } from '../../domain/exit-class.js';
import { receiptOf, reportOf } from './attempt-reports.js';
import { parseExposition, type Family } from './exposition.js';

async function familiesOf(metrics: SHIMMetrics): Promise<Map<string, Family>> {
  return parseExposition(await metrics.render());
}

/** The values of a family, by what is written before each. */
async function samplesOf(metrics: SHIMMetrics, name: string): Promise<Map<string, number> | undefined> {
  return (await familiesOf(metrics)).get(name)?.samples;
}

function ended(metrics: SHIMMetrics, ...changes: Partial<AttemptReport>[]): void {
  for (const change of changes) metrics.attemptEnded(reportOf(change), 'codex');
}

describe('the exposition', () => {
  it('is valid before anything was measured and after all was, and no family comes twice', async () => {
    const metrics = new SHIMMetrics();
    const names = [...(await familiesOf(metrics)).keys()];
    ended(metrics, ...exitClasses.map((exitClass) => ({ exitClass, zoneBeforeEnd: 'danger' as const })));
    metrics.resumed(receiptOf(40, 300), 1_000);
    metrics.restartCompleted(120, true);
    metrics.checkpointCreated(40, 3_000);
    metrics.error('send_a_report');
    expect([...(await familiesOf(metrics)).keys()]).toEqual(names);
  });

  it('has no gauge that tells a number which was not measured, from the first scrape on', async () => {
    const gauges = [...(await familiesOf(new SHIMMetrics())).values()].filter(({ type }) => type === 'gauge');
    const values = gauges.flatMap(({ samples }) => [...samples.values()]);
    expect(values.length).toBeGreaterThan(10);
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
    // What an event loop that was never measured took at least, by Node's account.
    expect(values).not.toContain(9_223_372_036.854776);
  });
});

describe('with the metrics of the Temporal SDK', () => {
  const sdkText = '# HELP temporal_request_total Count of requests\n# TYPE temporal_request_total counter\ntemporal_request_total{operation="PollWorkflowTaskQueue"} 7\n';
  let sdk: Server | null = null;

  afterEach(() => {
    sdk?.closeAllConnections();
    sdk?.close();
    sdk = null;
  });

  async function serve(status: number, body: string): Promise<SHIMMetrics> {
    sdk = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
    await once(sdk, 'listening');
    return new SHIMMetrics({ temporalMetricsUrl: `http://127.0.0.1:${(sdk.address() as AddressInfo).port}/metrics` });
  }

  it('the exposition is valid, and no family comes twice', async () => {
    const families = await familiesOf(await serve(200, sdkText));
    expect(families.get('temporal_request_total')?.samples).toEqual(new Map([['temporal_request_total{operation="PollWorkflowTaskQueue"}', 7]]));
    expect(families.has('shim_restarts_total')).toBe(true);
  });

  it.each([
    ['answers with an error', () => serve(503, 'not yet')],
    ['is not there', () => Promise.resolve(new SHIMMetrics({ temporalMetricsUrl: 'http://127.0.0.1:1/metrics' }))],
  ])('the exposition is valid without them while their server %s', async (_what, measuring) => {
    const families = await familiesOf(await measuring());
    expect([...families.keys()].filter((name) => name.startsWith('temporal_'))).toEqual([]);
    expect(families.has('shim_restarts_total')).toBe(true);
  });
});

describe('crashes', () => {
  it("are the agent's own failures, each with its event, and no circumstances", () => {
    const metrics = new SHIMMetrics();
    const detected: string[] = [];
    metrics.on('crash_detected', ({ exitClass }) => detected.push(exitClass));
    ended(metrics, ...exitClasses.map((exitClass) => ({ exitClass })));
    expect(detected).toEqual(['crashed', 'killed', 'out_of_memory', 'hung', 'lost', 'start_timeout']);
    expect(metrics.crashRate).toBeCloseTo(6 / (exitClasses.length - 1));
  });

  it('are foretold by no attempt that lived for less than 60 s or was stopped', async () => {
    const metrics = new SHIMMetrics();
    ended(metrics, { exitClass: 'crashed', zoneBeforeEnd: null }, { exitClass: 'stopped', zoneBeforeEnd: 'danger' });
    expect(await samplesOf(metrics, 'shim_crash_prediction_accuracy_ratio')).toEqual(new Map());
  });

  it('have no precision before an alarm and no recall before the first of them', async () => {
    const metrics = new SHIMMetrics();
    ended(metrics, { exitClass: 'completed', zoneBeforeEnd: 'safe' });
    expect(await samplesOf(metrics, 'shim_crash_prediction_accuracy_ratio')).toEqual(new Map([['shim_crash_prediction_accuracy_ratio', 1]]));
    expect(await samplesOf(metrics, 'shim_crash_prediction_precision_ratio')).toEqual(new Map());
    expect(await samplesOf(metrics, 'shim_crash_prediction_recall_ratio')).toEqual(new Map());
  });
});

describe('token savings', () => {
  it.each([
    ['the resume cost more', 1_000, 300],
    ['the stream does not tell the price', null, 1_000],
    ['it is not known what was spent before', 300, null],
  ])('are not told where %s', async (_what, paid, spent) => {
    const metrics = new SHIMMetrics();
    metrics.resumed(receiptOf(40, paid), spent);
    expect(await samplesOf(metrics, 'shim_token_savings_total')).toEqual(new Map());
  });
});
