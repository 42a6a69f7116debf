import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SHIMMetrics } from '../../analytics/metrics-registry.js';
import type { AttemptReport } from '../../domain/attempt.js';
import { exitClasses } from '../../domain/exit-class.js';
import { receiptWith, reportWith } from './attempt-reports.js';
import { parseExposition, type Family } from './exposition.js';

const agent = 'claude-code';

async function familiesOf(metrics: SHIMMetrics): Promise<Map<string, Family>> {
  return parseExposition(await metrics.render());
}

/** The value of one sample, by its name and labels as written; undefined where there is none. */
async function valueOf(metrics: SHIMMetrics, key: string): Promise<number | undefined> {
  const family = key.replace(/\{.*$/, '').replace(/_(bucket|sum|count)$/, '');
  const families = await familiesOf(metrics);
  return (families.get(family) ?? families.get(key.replace(/\{.*$/, '')))?.samples.get(key);
}

function ended(metrics: SHIMMetrics, ...changes: Partial<AttemptReport>[]): void {
  for (const change of changes) metrics.attemptEnded(reportWith(change), agent);
}

describe('what nothing was measured for', () => {
  const ratios = [
    'shim_crash_prediction_accuracy_ratio',
    'shim_crash_prediction_precision_ratio',
    'shim_crash_prediction_recall_ratio',
    'shim_resume_success_ratio',
    'shim_crash_ratio',
  ];

  it.each(ratios)('%s has no value, not 0', async (name) => {
    const families = await familiesOf(new SHIMMetrics());
    expect(families.get(name)).toEqual({ type: 'gauge', samples: new Map() });
  });

  it('no gauge tells a number that was not measured, from the first scrape on', async () => {
    const gauges = [...(await familiesOf(new SHIMMetrics())).values()].filter(({ type }) => type === 'gauge');
    const values = gauges.flatMap(({ samples }) => [...samples.values()]);
    expect(values.length).toBeGreaterThan(10);
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
    // What an event loop that was never measured took at least, by Node's account.
    expect(values).not.toContain(9_223_372_036.854776);
  });

  it('a number of sessions is not told where nobody counts them', async () => {
    expect((await familiesOf(new SHIMMetrics())).has('shim_active_sessions')).toBe(false);
  });

  it('a counter stands at 0, and one with labels has no sample', async () => {
    const metrics = new SHIMMetrics();
    expect(await valueOf(metrics, 'shim_restarts_total')).toBe(0);
    expect((await familiesOf(metrics)).get('shim_attempts_ended_total')?.samples.size).toBe(0);
  });
});

describe('counters', () => {
  it('tell ends by exit class and agent', async () => {
    const metrics = new SHIMMetrics();
    ended(metrics, {}, {}, { exitClass: 'completed' });
    metrics.attemptEnded(reportWith({ exitClass: 'completed' }), 'codex');
    expect((await familiesOf(metrics)).get('shim_attempts_ended_total')?.samples).toEqual(
      new Map([
        ['shim_attempts_ended_total{exit_class="killed",agent="claude-code"}', 2],
        ['shim_attempts_ended_total{exit_class="completed",agent="claude-code"}', 1],
        ['shim_attempts_ended_total{exit_class="completed",agent="codex"}', 1],
      ]),
    );
  });

  it('tell restarts, adoptions, failed checkpoints and faults by type', async () => {
    const metrics = new SHIMMetrics();
    metrics.restartInitiated();
    metrics.restartInitiated();
    metrics.adopted();
    metrics.checkpointFailed();
    metrics.error('send_a_report');
    expect(await valueOf(metrics, 'shim_restarts_total')).toBe(2);
    expect(await valueOf(metrics, 'shim_adoptions_total')).toBe(1);
    expect(await valueOf(metrics, 'shim_checkpoint_failures_total')).toBe(1);
    expect(await valueOf(metrics, 'shim_errors_total{type="send_a_report"}')).toBe(1);
  });

  it('of two registries are apart', async () => {
    const [counting, other] = [new SHIMMetrics(), new SHIMMetrics()];
    counting.restartInitiated();
    expect(await valueOf(other, 'shim_restarts_total')).toBe(0);
  });
});

describe('durations', () => {
  it('are observed in seconds', async () => {
    const metrics = new SHIMMetrics();
    metrics.checkpointCreated(40, 3_000);
    metrics.monitorLooked(2);
    expect(await valueOf(metrics, 'shim_checkpoint_creation_duration_seconds_sum')).toBeCloseTo(0.04);
    expect(await valueOf(metrics, 'shim_checkpoint_creation_duration_seconds_bucket{le="0.025"}')).toBe(0);
    expect(await valueOf(metrics, 'shim_checkpoint_creation_duration_seconds_bucket{le="0.05"}')).toBe(1);
    expect(await valueOf(metrics, 'shim_checkpoint_manifest_bytes_sum')).toBe(3_000);
    expect(await valueOf(metrics, 'shim_process_monitor_duration_seconds_sum')).toBeCloseTo(0.002);
  });

  it('of a recovery are only those after a crash, of a restart all', async () => {
    const metrics = new SHIMMetrics();
    metrics.restartCompleted(120, true);
    metrics.restartCompleted(30_000, false);
    expect(await valueOf(metrics, 'shim_crash_recovery_duration_seconds_count')).toBe(1);
    expect(await valueOf(metrics, 'shim_crash_recovery_duration_seconds_sum')).toBeCloseTo(0.12);
    expect(await valueOf(metrics, 'shim_supervisor_restart_duration_seconds_count')).toBe(2);
  });
});

describe('the crash rate', () => {
  it('is the share of ended attempts that crashed', async () => {
    const metrics = new SHIMMetrics();
    expect(metrics.crashRate).toBeUndefined();
    ended(metrics, { exitClass: 'completed' });
    expect(metrics.crashRate).toBe(0);
    ended(metrics, { exitClass: 'crashed' }, { exitClass: 'completed' }, { exitClass: 'hung' });
    expect(metrics.crashRate).toBe(0.5);
    expect(await valueOf(metrics, 'shim_crash_ratio')).toBe(0.5);
  });

  it('is not touched by what a person stopped', () => {
    const metrics = new SHIMMetrics();
    ended(metrics, { exitClass: 'stopped' });
    expect(metrics.crashRate).toBeUndefined();
  });

  it("counts the agent's own failures, each with its event, and no circumstances", () => {
    const metrics = new SHIMMetrics();
    const detected: string[] = [];
    metrics.on('crash_detected', ({ exitClass }) => detected.push(exitClass));
    ended(metrics, ...exitClasses.map((exitClass) => ({ exitClass })));
    expect(detected).toEqual(['crashed', 'killed', 'out_of_memory', 'hung', 'lost', 'start_timeout']);
    expect(metrics.crashRate).toBeCloseTo(6 / (exitClasses.length - 1));
  });
});

describe('crash prediction', () => {
  const accuracy = 'shim_crash_prediction_accuracy_ratio';
  const precision = 'shim_crash_prediction_precision_ratio';
  const recall = 'shim_crash_prediction_recall_ratio';

  it('is scored by the zone 60 s before the end and what came', async () => {
    const metrics = new SHIMMetrics();
    const foretold = { exitClass: 'crashed', zoneBeforeEnd: 'danger' } as const;
    const falseAlarm = { exitClass: 'completed', zoneBeforeEnd: 'danger' } as const;
    const missed = { exitClass: 'crashed', zoneBeforeEnd: 'warning' } as const;
    const quiet = { exitClass: 'completed', zoneBeforeEnd: 'safe' } as const;
    ended(metrics, foretold, foretold, foretold, falseAlarm, missed, missed, quiet, quiet, quiet, quiet);
    expect(await valueOf(metrics, accuracy)).toBeCloseTo(7 / 10);
    expect(await valueOf(metrics, precision)).toBeCloseTo(3 / 4);
    expect(await valueOf(metrics, recall)).toBeCloseTo(3 / 5);
  });

  it('has no precision before an alarm and no recall before a crash', async () => {
    const metrics = new SHIMMetrics();
    ended(metrics, { exitClass: 'completed', zoneBeforeEnd: 'safe' });
    expect(await valueOf(metrics, accuracy)).toBe(1);
    expect(await valueOf(metrics, precision)).toBeUndefined();
    expect(await valueOf(metrics, recall)).toBeUndefined();
  });

  it('is not scored by attempts that lived for less than 60 s or were stopped', async () => {
    const metrics = new SHIMMetrics();
    ended(metrics, { zoneBeforeEnd: null }, { exitClass: 'stopped', zoneBeforeEnd: 'danger' });
    expect(await valueOf(metrics, accuracy)).toBeUndefined();
  });
});

describe('resumes', () => {
  const failed = receiptWith({ timing: { endToSpawnMs: 50, endToRunningMs: null } });

  it('are counted by rung and by whether they came to run', async () => {
    const metrics = new SHIMMetrics();
    metrics.resumed(receiptWith(), null);
    metrics.resumed(receiptWith({ strategy: 'fork' }), null);
    metrics.resumed(receiptWith(), null);
    metrics.resumed(failed, null);
    expect(await valueOf(metrics, 'shim_resumes_total{strategy="native",result="running"}')).toBe(2);
    expect(await valueOf(metrics, 'shim_resumes_total{strategy="native",result="failed"}')).toBe(1);
    expect(await valueOf(metrics, 'shim_resumes_total{strategy="fork",result="running"}')).toBe(1);
    expect(await valueOf(metrics, 'shim_resume_success_ratio')).toBe(0.75);
  });

  it.each([
    ['what a fresh start would have spent, less what the resume did', 30_000, 100_000, 70_000],
    ['nothing where the resume cost more', 100_000, 30_000, 0],
    ['nothing where the stream does not tell the price', null, 100_000, 0],
    ['nothing where it is not known what was spent before', 30_000, null, 0],
  ])('save %s', async (_what, paid, spent, saved) => {
    const metrics = new SHIMMetrics();
    metrics.resumed(receiptWith({ cost: { inputTokens: paid } }), spent);
    expect(await valueOf(metrics, 'shim_token_savings_total')).toBe(saved);
  });
});

describe('the number of sessions', () => {
  it('is asked for at each scrape, and a zone that is not told any more is gone', async () => {
    const metrics = new SHIMMetrics();
    let now: Record<string, number> = { safe: 2, danger: 1 };
    metrics.countSessions(() => now);
    expect(await valueOf(metrics, 'shim_active_sessions{zone="danger"}')).toBe(1);
    now = { safe: 3 };
    expect((await familiesOf(metrics)).get('shim_active_sessions')?.samples).toEqual(new Map([['shim_active_sessions{zone="safe"}', 3]]));
  });
});

describe("the Temporal SDK's own metrics", () => {
  const sdkText = '# HELP temporal_request Count of requests\n# TYPE temporal_request counter\ntemporal_request{operation="PollWorkflowTaskQueue"} 7\n';
  let sdk: Server | null = null;

  afterEach(() => {
    sdk?.closeAllConnections();
    sdk?.close();
    sdk = null;
  });

  async function serve(status: number, body: string): Promise<string> {
    sdk = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
    await once(sdk, 'listening');
    return `http://127.0.0.1:${(sdk.address() as AddressInfo).port}/metrics`;
  }

  it('are passed on beside ours, and no family comes twice', async () => {
    const metrics = new SHIMMetrics({ temporalMetricsUrl: await serve(200, sdkText) });
    const families = await familiesOf(metrics);
    expect(families.get('temporal_request')?.samples.get('temporal_request{operation="PollWorkflowTaskQueue"}')).toBe(7);
    expect(families.has('shim_restarts_total')).toBe(true);
  });

  it.each([
    ['answers with an error', () => serve(503, 'not yet')],
    ['is not there', () => Promise.resolve('http://127.0.0.1:1/metrics')],
  ])('are left out while their server %s', async (_what, url) => {
    const families = await familiesOf(new SHIMMetrics({ temporalMetricsUrl: await url() }));
    expect(families.has('temporal_request')).toBe(false);
    expect(families.has('shim_restarts_total')).toBe(true);
  });
});

describe('the metrics server', () => {
  let metrics: SHIMMetrics;

  afterEach(() => metrics.stopServer());

  it('serves /metrics alone, as Prometheus text', async () => {
    metrics = new SHIMMetrics();
    const port = await metrics.startServer(0);
    const scrape = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(scrape.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(parseExposition(await scrape.text()).has('shim_uptime_seconds')).toBe(true);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  });

  it('that finds its port taken says so', async () => {
    metrics = new SHIMMetrics();
    const port = await metrics.startServer(0);
    await expect(new SHIMMetrics().startServer(port)).rejects.toThrow(/EADDRINUSE/);
  });

  it('is gone once it was stopped, and stopping again is no error', async () => {
    metrics = new SHIMMetrics();
    const port = await metrics.startServer(0);
    await metrics.stopServer();
    await metrics.stopServer();
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed');
  });
});
