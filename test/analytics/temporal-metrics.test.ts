import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { SHIMMetrics } from '../../analytics/metrics-registry.js';
import { temporalTelemetry } from '../../analytics/temporal-metrics.js';
import { ensureBinary } from '../../scripts/find-binary.mjs';

it("gives the SDK's runtime a port of its own each time, on the loopback interface", async () => {
  const [one, two] = [await temporalTelemetry(), await temporalTelemetry()];
  expect(one.url).toBe(`http://${one.options.metrics.prometheus.bindAddress}/metrics`);
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  expect(two.url).not.toBe(one.url);
});

it("has one scrape hold our metrics and the SDK's own, in seconds", async () => {
  const telemetry = await temporalTelemetry();
  Runtime.install({ telemetryOptions: telemetry.options });
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: ensureBinary('temporal') } } });
  const metrics = new SHIMMetrics({ temporalMetricsUrl: telemetry.url });
  try {
    const port = await metrics.startServer(0);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toMatch(/^shim_uptime_seconds \d/m);
    expect(text).toMatch(/^temporal_request_total\{.*\} \d+$/m);
    expect(text).toMatch(/^# TYPE temporal_request_latency_seconds histogram$/m);
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    expect(new Set(families).size).toBe(families.length);
  } finally {
    await metrics.stopServer();
    await environment.teardown();
  }
});
