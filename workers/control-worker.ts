import { hostname } from 'node:os';
import { Runtime, Worker } from '@temporalio/worker';
import { createSessionRecordActivities } from '../activities/session-record-activities.js';
import { SHIMMetrics } from '../analytics/metrics-registry.js';
import { temporalTelemetry } from '../analytics/temporal-metrics.js';
import { ensureShimHome, shimHome, writeWorkerRecord } from '../host/shim-home.js';
import { controlQueue } from '../workflows/messages.js';
import { lateStore, storeAddress } from './late-store.js';
import { createLogger } from './logger.js';
import { connectToStatsig } from './statsig.js';
import { connectToTemporal } from './temporal-connection.js';
import { workflowBundle } from './workflow-bundle.js';

/** Every session's workflow stays cached: without its cache a restart takes three times as long. */
const maxCachedWorkflows = 2_000;

/** The control worker: runs the workflows. Any number may run; none holds anything that the others lack. */
async function main(): Promise<void> {
  const home = shimHome();
  ensureShimHome(home);
  const logger = createLogger('control-worker');
  const telemetry = await temporalTelemetry();
  Runtime.install({ telemetryOptions: telemetry.options });
  const { native, namespace } = await connectToTemporal(logger);
  const store = lateStore(storeAddress(home));
  const statsig = connectToStatsig(home, process.env, store, logger);
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: controlQueue,
    workflowBundle: workflowBundle(),
    activities: createSessionRecordActivities({ store, platform: statsig.platform }),
    identity: `shim-control@${hostname()}`,
    maxCachedWorkflows,
    stickyQueueScheduleToStartTimeout: '1 s',
  });
  const metrics = new SHIMMetrics({ temporalMetricsUrl: telemetry.url });
  const metricsPort = await metrics.startServer(Number(process.env['SHIM_CONTROL_METRICS_PORT'] ?? 0));
  writeWorkerRecord(home, 'control-worker', { pid: process.pid, metricsPort, startedAtMs: Date.now() });
  logger.info({ metricsPort }, 'control worker is up');
  await worker.run();
  await metrics.stopServer();
  await statsig.close();
  await store.close();
}

await main();
