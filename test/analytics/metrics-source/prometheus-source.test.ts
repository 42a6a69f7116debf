import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SHIMMetrics } from '../../../analytics/metrics-registry.js';
import type { MetricsSourceError } from '../../../analytics/metrics-source/metrics-source.js';
import { PrometheusSource } from '../../../analytics/metrics-source/prometheus-source.js';
import { OpportunityDetector } from '../../../analytics/detector/opportunity-detector.js';
import { RegistrySource } from '../../../analytics/metrics-source/registry-source.js';
import { histogramCount } from '../../../domain/histogram.js';
import { anyFreePort } from '../../../workers/embedded/free-port.js';
import { prometheusProgram, PrometheusServer } from '../../support/prometheus-server.js';
import { receiptOf, reportOf } from '../attempt-reports.js';

const minuteMs = 60_000;
const program = prometheusProgram();

describe.skipIf(program === null)('the measurements of a real Prometheus', () => {
  // Two workers: what they count is summed over.
  const workers = [new SHIMMetrics(), new SHIMMetrics()];
  const sessions = 400;
  let server: PrometheusServer;
  let source: PrometheusSource;

  beforeAll(async () => {
    const ports = await Promise.all(workers.map((metrics) => metrics.startServer(0)));
    server = await PrometheusServer.start(program ?? '', ports);
    source = new PrometheusSource(server.address);
    await server.has('shim_sessions_total', 0);
    // Both have been scraped at 0, so that their rise is seen.
    await server.has('count_over_time(shim_uptime_seconds[1m]) > bool 1', 2);
    for (const [at, metrics] of workers.entries()) feed(metrics, `worker-${at}`);
    await server.has('shim_sessions_total', sessions);
    await server.has('shim_resumes_total', 40);
    // increase() extrapolates by up to a sample's interval: of many samples that is little.
    await server.has('count_over_time(shim_uptime_seconds[1m]) > bool 12', 2);
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    for (const metrics of workers) await metrics.stopServer();
  });

  /** 200 sessions: every fifth crashes twice and is resumed, one in four of those resumes fails. */
  function feed(metrics: SHIMMetrics, prefix: string): void {
    for (let at = 0; at < sessions / 2; at += 1) {
      const sessionId = `${prefix}-${at}`;
      const crashes = at % 5 === 0;
      const first = { sessionId, maxContextUse: crashes ? 0.72 : 0.3, longestSilenceMs: 4_000, inputTokens: 900, outputTokens: 100 };
      metrics.attemptEnded(reportOf({ ...first, exitClass: crashes ? 'crashed' : 'completed', runningAtMs: 0, endedAtMs: minuteMs }), 'command');
      metrics.checkpointCreated(at % 2 === 0 ? 20 : 120, 4_000);
      if (!crashes) continue;
      metrics.attemptEnded(reportOf({ ...first, epoch: 2, exitClass: 'completed', startedAtMs: minuteMs, runningAtMs: minuteMs + 2_000, endedAtMs: 2 * minuteMs }), 'command');
      metrics.restartCompleted(2_000, true);
      if (at % 10 === 0) metrics.resumed(receiptOf(at % 40 === 0 ? null : 2_000), null);
    }
  }

  const window = () => ({ fromMs: Date.now() - 10 * minuteMs, untilMs: Date.now() + 1 });

  it('are those of the workers, to the extrapolation of increase()', async () => {
    const measured = await source.measure(window());
    const shares = measured.sessions?.crashed;
    expect((shares?.successes ?? 0) / (shares?.trials ?? 0)).toBeCloseTo(0.2, 2);
    expect(shares?.trials).toBeGreaterThanOrEqual(sessions);
    expect(shares?.trials).toBeLessThan(sessions * 1.3);
    expect(measured.tokens?.mean).toBeCloseTo(1_200, 6);
    expect(Math.sqrt(measured.tokens?.variance ?? 0)).toBeCloseTo(400, -1);
    expect(measured.lostTimeMs?.mean).toBeCloseTo(12_000, 6);
    expect(measured.downtimeMs?.mean).toBeCloseTo(400, 6);
    expect((measured.failures?.runningMs ?? 0) / (measured.failures?.crashes ?? 1)).toBeCloseTo((sessions * minuteMs + 80 * 58_000) / 80, -4);
    expect((measured.failedResumes?.native.successes ?? 0) / (measured.failedResumes?.native.trials ?? 1)).toBeCloseTo(0.25, 1);
    const crashed = measured.contextUse?.crashed;
    expect(crashed?.counts[14]).toBe(histogramCount(crashed ?? { bounds: [], counts: [], total: 0 }));
    // As many of either, but each bucket is extrapolated, and rounded, by itself.
    const [fast = 0, slow = 0] = [measured.checkpoints?.counts[2], measured.checkpoints?.counts[6]];
    expect(fast).toBeGreaterThanOrEqual(sessions / 2);
    expect(Math.abs(fast - slow)).toBeLessThanOrEqual(2);
    expect(measured.restartsAfterCrash?.atOnce.downtimeMs.mean).toBeCloseTo(2_000, 6);
    expect(measured.restartsAfterCrash?.waited.downtimeMs.n).toBe(0);
    expect(Date.now() - (measured.newestAtMs ?? 0)).toBeLessThan(5_000);
  });

  it('have nothing of what no worker measured, and are unknown before there was one', async () => {
    const before = await source.measure({ fromMs: Date.now() - 30 * minuteMs, untilMs: Date.now() - 20 * minuteMs });
    expect(before).toMatchObject({ newestAtMs: null, sessions: null, tokens: null, checkpoints: null, failedResumes: null, monitorLooks: null });
  });

  it('make the detector find what it finds in the workers themselves', async () => {
    const [own] = await new OpportunityDetector(new RegistrySource(workers[0] as SHIMMetrics)).detectOpportunities();
    const [found] = await new OpportunityDetector(source, { windowMs: 10 * minuteMs }).detectOpportunities();
    expect(own).toMatchObject({ type: 'crash_rate', parameter: 'danger_zone', sampleSize: sessions / 2 });
    expect(found).toMatchObject({ type: 'crash_rate', parameter: 'danger_zone', proposedValue: own?.proposedValue });
  });

  it('tell their age once the workers are gone', async () => {
    const gone = new SHIMMetrics();
    const other = await PrometheusServer.start(program ?? '', [await gone.startServer(0)]);
    try {
      // Long enough to be met by a step of a second.
      await other.has('count_over_time(shim_uptime_seconds[1m]) > bool 10', 1);
      await gone.stopServer();
      const lastAtMs = Date.now();
      await other.has('absent(shim_uptime_seconds)', 1);
      const measured = await new PrometheusSource(other.address).measure({ fromMs: lastAtMs - minuteMs, untilMs: Date.now() + 1 });
      expect(Math.abs(lastAtMs - (measured.newestAtMs ?? 0))).toBeLessThan(3_000);
      const { found, notFound } = await new OpportunityDetector(new PrometheusSource(other.address), { windowMs: minuteMs, staleAfterMs: 0 }).look();
      expect(found).toEqual([]);
      expect(notFound[0]?.message).toContain('old, 0 ms allowed');
    } finally {
      await other.stop();
    }
  }, 40_000);

  it('are refused where Prometheus refuses the query', async () => {
    await expect(source.measure({ fromMs: 10, untilMs: 10 })).rejects.toMatchObject({ code: 'Refused', message: expect.stringContaining('bad_data') });
  });
});

describe('a Prometheus that cannot be asked', () => {
  const closers: (() => void)[] = [];
  afterEach(() => closers.splice(0).forEach((close) => close()));

  async function answering(listener: RequestListener): Promise<PrometheusSource> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return new PrometheusSource(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { timeoutMs: 300 });
  }

  const vector = (value: string, warnings: string[] = []) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, value] }] }, warnings });

  it.each<[string, string, RequestListener]>([
    ['Garbage', 'no JSON', (_request, response) => response.end('<html>')],
    ['Garbage', 'JSON of another shape', (_request, response) => response.end('{"status":"success","data":{"resultType":"matrix","result":[]}}')],
    ['Garbage', 'a number in place of text', (_request, response) => response.end(vector('1').replace('"1"', '1'))],
    ['Refused', 'an error of its own', (_request, response) => response.writeHead(503).end('{"status":"error","errorType":"unavailable","error":"starting"}')],
    ['Refused', "a proxy's error", (_request, response) => response.writeHead(502).end('bad gateway')],
    ['Refused', 'a part of the answer', (_request, response) => response.end(vector('1', ['a block is gone']))],
    ['Unreachable', 'nothing at all, for longer than one waits', () => undefined],
    ['Unreachable', 'an end in mid-answer', (_request, response) => response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy())],
  ])('is %s where it answers %s', async (code, _what, listener) => {
    const source = await answering(listener);
    const failure = await source.measure({ fromMs: 0, untilMs: 1_000 }).catch((error: unknown) => error as MetricsSourceError);
    expect(failure).toMatchObject({ name: 'MetricsSourceError', code });
    await expect(new OpportunityDetector(source).detectOpportunities()).rejects.toMatchObject({ code });
  });

  it('is Unreachable where nobody listens', async () => {
    await expect(new PrometheusSource(`http://127.0.0.1:${await anyFreePort()}`).measure({ fromMs: 0, untilMs: 1_000 })).rejects.toMatchObject({ code: 'Unreachable', cause: expect.any(TypeError) });
  });

  it('tells nothing by a value that is no number', async () => {
    const source = await answering((_request, response) => response.end(vector('NaN')));
    expect(await source.measure({ fromMs: 0, untilMs: 1_000 })).toMatchObject({ newestAtMs: null, sessions: null });
  });
});
