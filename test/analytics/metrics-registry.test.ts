import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventLoopSampleMs, SHIMMetrics } from '../../analytics/metrics-registry.js';
import type { AttemptReport } from '../../domain/attempt.js';
import { receiptOf, reportOf } from './attempt-reports.js';

let metrics: SHIMMetrics;

beforeEach(() => {
  metrics = new SHIMMetrics();
});

afterEach(async () => {
  await metrics.stopServer();
});

/** The samples of a metric: what follows its name on each line. */
async function samples(name: string): Promise<string[]> {
  const lines = (await metrics.render()).split('\n');
  return lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`)).map((line) => line.slice(name.length));
}

describe('SHIMMetrics', () => {
  it.each([
    'shim_crash_prediction_accuracy_ratio',
    'shim_crash_prediction_precision_ratio',
    'shim_crash_prediction_recall_ratio',
    'shim_resume_success_ratio',
    'shim_crash_ratio',
    'shim_token_savings_total',
    'shim_active_sessions',
  ])('says nothing of %s before there is anything to say', async (name) => {
    expect(await samples(name)).toEqual([]);
    expect(metrics.crashRate).toBeUndefined();
  });

  it('counts ends by class and agent, and tells of a crash', async () => {
    const crashes: AttemptReport[] = [];
    metrics.on('crash_detected', (report) => crashes.push(report));
    metrics.attemptEnded(reportOf({ exitClass: 'completed' }), 'codex');
    metrics.attemptEnded(reportOf({ exitClass: 'killed' }), 'codex');
    expect(crashes.map(({ exitClass }) => exitClass)).toEqual(['killed']);
    expect(await samples('shim_attempts_ended_total')).toEqual(['{exit_class="completed",agent="codex"} 1', '{exit_class="killed",agent="codex"} 1']);
  });

  it('takes the crash rate from crashes alone: limits are no crashes, and who was stopped does not count at all', async () => {
    for (const exitClass of ['completed', 'limit_reached', 'hung', 'recycled', 'stopped'] as const) metrics.attemptEnded(reportOf({ exitClass }), 'command');
    expect(metrics.crashRate).toBe(0.25);
    expect(await samples('shim_crash_ratio')).toEqual([' 0.25']);
  });

  it('serves the accuracy, precision and recall of the zones', async () => {
    metrics.attemptEnded(reportOf({ zoneBeforeEnd: 'danger', exitClass: 'crashed' }), 'command');
    metrics.attemptEnded(reportOf({ zoneBeforeEnd: 'danger', exitClass: 'completed' }), 'command');
    metrics.attemptEnded(reportOf({ zoneBeforeEnd: 'warning', exitClass: 'completed' }), 'command');
    metrics.attemptEnded(reportOf({ zoneBeforeEnd: 'safe', exitClass: 'completed' }), 'command');
    expect(metrics.crashPredictionAccuracy).toBe(0.75);
    expect(await samples('shim_crash_predictions_total')).toEqual(['{foretold="true",crashed="true"} 1', '{foretold="true",crashed="false"} 1', '{foretold="false",crashed="true"} 0', '{foretold="false",crashed="false"} 2']);
    expect(await samples('shim_crash_prediction_accuracy_ratio')).toEqual([' 0.75']);
    expect(await samples('shim_crash_prediction_precision_ratio')).toEqual([' 0.5']);
    expect(await samples('shim_crash_prediction_recall_ratio')).toEqual([' 1']);
  });

  it('counts resumes by rung and result, and the tokens they saved where both sides are known', async () => {
    metrics.resumed(receiptOf(40), null);
    metrics.resumed(receiptOf(null), 1_000);
    expect(await samples('shim_token_savings_total')).toEqual([]);
    metrics.resumed(receiptOf(40, 300), 1_000);
    expect(await samples('shim_token_savings_total')).toEqual([' 700']);
    expect(await samples('shim_resumes_total')).toEqual([
      '{strategy="native",result="running"} 2',
      '{strategy="native",result="failed"} 1',
      '{strategy="fork",result="running"} 0',
      '{strategy="fork",result="failed"} 0',
      '{strategy="brief",result="running"} 0',
      '{strategy="brief",result="failed"} 0',
    ]);
    expect(await samples('shim_resume_success_ratio')).toEqual([` ${2 / 3}`]);
  });

  it('puts durations into histograms of seconds', async () => {
    metrics.checkpointCreated(60, 4_000);
    metrics.restartCompleted(30, true);
    metrics.restartCompleted(700, false);
    metrics.monitorLooked(2);
    expect(await samples('shim_checkpoint_duration_seconds_sum')).toEqual([' 0.06']);
    expect(await samples('shim_checkpoint_duration_seconds_bucket')).toContain('{le="0.05"} 0');
    expect(await samples('shim_checkpoint_duration_seconds_bucket')).toContain('{le="0.1"} 1');
    expect(await samples('shim_checkpoint_bytes_sum')).toEqual([' 4000']);
    expect(await samples('shim_supervisor_restart_duration_seconds_count')).toEqual([' 2']);
    expect(await samples('shim_crash_recovery_duration_seconds_sum')).toEqual([' 0.03']);
    expect(await samples('shim_process_monitor_latency_seconds_sum')).toEqual([' 0.002']);
  });

  it('asks for the sessions at each scrape, and forgets a zone that is not told any more', async () => {
    let zones: Record<string, number> = { safe: 2, danger: 1 };
    metrics.countSessions(() => zones);
    expect(await samples('shim_active_sessions')).toEqual(['{zone="safe"} 2', '{zone="danger"} 1']);
    zones = { safe: 3 };
    expect(await samples('shim_active_sessions')).toEqual(['{zone="safe"} 3']);
  });

  it('bounds the values of a label', async () => {
    for (let n = 0; n < 1_000; n += 1) metrics.error(`fault_${n}`);
    const errors = await samples('shim_errors_total');
    expect(errors).toHaveLength(51);
    expect(errors).toContain('{type="other"} 950');
  });

  it('counts sessions and their totals by their attempts, so that mean and variance can be had', async () => {
    const crash = { exitClass: 'crashed', runningAtMs: 0, endedAtMs: 10_000, inputTokens: 90, outputTokens: 10 } as const;
    metrics.attemptEnded(reportOf({ sessionId: 'one', ...crash }), 'command');
    metrics.attemptEnded(reportOf({ sessionId: 'one', epoch: 2, ...crash, startedAtMs: 10_000, runningAtMs: 13_000, endedAtMs: 14_000 }), 'command');
    metrics.attemptEnded(reportOf({ sessionId: 'one', epoch: 3, exitClass: 'start_timeout', startedAtMs: 14_000, runningAtMs: null, endedAtMs: 20_000, inputTokens: 0, outputTokens: 0 }), 'command');
    metrics.attemptEnded(reportOf({ sessionId: 'other' }), 'command');
    expect(await samples('shim_sessions_total')).toEqual([' 2']);
    expect(await samples('shim_sessions_crashed_total')).toEqual([' 1']);
    expect(await samples('shim_sessions_with_failed_resume_total')).toEqual([' 1']);
    expect(await samples('shim_session_tokens_total')).toEqual([' 220']);
    expect(await samples('shim_session_tokens_squared_total')).toEqual([` ${200 ** 2 + 20 ** 2}`]);
    expect(await samples('shim_session_lost_seconds_total')).toEqual([' 14']);
    expect(await samples('shim_session_down_seconds_total')).toEqual([' 3']);
    expect(await samples('shim_restarts_after_crash_total')).toEqual(['{waited="true"} 0', '{waited="false"} 1']);
    expect(await samples('shim_restarts_crashed_again_total')).toEqual(['{waited="true"} 0', '{waited="false"} 1']);
  });

  it('tells of the kaizen loop what it was told, and nothing before', async () => {
    const gauges = ['shim_parameter_value', 'shim_experiments_open', 'shim_experiment_log_evalue', 'shim_statsig_owed_events'];
    for (const gauge of gauges) expect(await samples(gauge)).toEqual([]);
    metrics.parameterSet('danger_zone', 0.6);
    metrics.parameterSet('resume_strategy', 'fork');
    metrics.experimentsAreOpen(2);
    metrics.experimentLooked('danger_zone', 3.5);
    metrics.owedToStatsig(0);
    metrics.experimentConcluded('kept');
    metrics.safetyViolated('crashRate');
    metrics.outcomesTaken(3);
    expect(await samples('shim_parameter_value')).toEqual(['{parameter="danger_zone"} 0.6']);
    expect(await samples('shim_experiments_open')).toEqual([' 2']);
    expect(await samples('shim_experiment_log_evalue')).toEqual(['{parameter="danger_zone"} 3.5']);
    expect(await samples('shim_statsig_owed_events')).toEqual([' 0']);
    expect(await samples('shim_experiments_concluded_total')).toContain('{conclusion="kept"} 1');
    expect(await samples('shim_safety_violations_total')).toContain('{bound="crashRate"} 1');
    expect(await samples('shim_outcomes_recorded_total')).toEqual([' 3']);
    metrics.experimentLooked('danger_zone', null);
    expect(await samples('shim_experiment_log_evalue')).toEqual([]);
  });

  it('has no more series for more sessions', async () => {
    const feed = (from: number, until: number) => {
      for (let at = from; at < until; at += 1) metrics.attemptEnded(reportOf({ sessionId: `session-${at}`, name: `name-${at}`, maxContextUse: 0.5 }), 'command');
    };
    const series = async () => (await metrics.render()).split('\n').filter((line) => line.startsWith('shim_')).length;
    feed(0, 1);
    const ofOne = await series();
    feed(1, 1_000);
    expect(await series()).toBe(ofOne);
  });

  it('keeps two instances apart', async () => {
    const other = new SHIMMetrics();
    other.adopted();
    expect(await samples('shim_adoptions_total')).toEqual([' 0']);
  });

  it('serves /metrics alone, on the loopback interface, until it is stopped', async () => {
    const port = await metrics.startServer(0);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain('shim_uptime_seconds');
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    await expect(metrics.startServer(0)).rejects.toThrow('served already');
    await metrics.stopServer();
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
  });

  it('says that a port is taken, and can be started on another', async () => {
    const taken = await metrics.startServer(0);
    const other = new SHIMMetrics();
    await expect(other.startServer(taken)).rejects.toThrow('EADDRINUSE');
    expect(await other.startServer(0)).toBeGreaterThan(0);
    await other.stopServer();
  });

  it("appends another endpoint's metrics, and has its own alone where that fails", async () => {
    let status = 200;
    const temporal = createServer((_request, response) => response.writeHead(status).end('temporal_request 1\n'));
    await new Promise<void>((resolve) => temporal.listen(0, '127.0.0.1', resolve));
    metrics = new SHIMMetrics({ temporalMetricsUrl: `http://127.0.0.1:${(temporal.address() as AddressInfo).port}/metrics` });
    expect(await metrics.render()).toContain('\ntemporal_request 1\n');
    status = 503;
    expect(await metrics.render()).not.toContain('temporal_request');
    temporal.closeAllConnections();
    await new Promise((resolve) => {
      temporal.close(resolve);
    });
    expect(await metrics.render()).toContain('shim_uptime_seconds');
  });

  it('tells what held up the event loop, and looks at it ten times a second: each look wakes the process up', async () => {
    await delay(2 * eventLoopSampleMs);
    const heldUpMs = 300;
    for (const startedMs = performance.now(); performance.now() - startedMs < heldUpMs; );
    await delay(2 * eventLoopSampleMs);
    // Once for both: a scrape begins a new sample.
    const scraped = await metrics.render();
    const told = (what: string): number => Number(new RegExp(`^nodejs_eventloop_lag_${what}_seconds (.*)$`, 'm').exec(scraped)?.[1]);
    expect(told('max')).toBeGreaterThan(heldUpMs / 1_000);
    // Less than a millisecond is lost in the histogram's buckets and in the timer.
    expect(told('p50')).toBeGreaterThan((eventLoopSampleMs / 1_000) * 0.98);
  });

  it('is valid in the eyes of promtool', async (test) => {
    test.skip(spawnSync('promtool', ['--version']).error !== undefined, 'promtool is not installed');
    metrics.attemptEnded(reportOf(), 'command');
    metrics.resumed(receiptOf(40, 300), 1_000);
    metrics.error('log');
    metrics.countSessions(() => ({ safe: 1 }));
    // Node's own metrics (nodejs_…) are named by prom-client and are not held to it.
    const ours = (await metrics.render()).split('\n').filter((line) => /^(# \w+ )?shim_/.test(line));
    const { stderr, stdout, status } = spawnSync('promtool', ['check', 'metrics'], { input: `${ours.join('\n')}\n`, encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });
});
