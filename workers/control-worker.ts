import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { Runtime, Worker } from '@temporalio/worker';
import { Alerts } from '../analytics/alerts.js';
import { SHIMMetrics } from '../analytics/metrics-registry.js';
import { storeAddress } from '../analytics/outcomes/store-address.js';
import { temporalTelemetry } from '../analytics/temporal-metrics.js';
import { installedBuild } from '../host/build-id.js';
import { writeMetricsTarget } from '../host/metrics-target.js';
import { dataConverter } from './payloads/data-converter.js';
import { ensureShimHome, shimHome, writeWorkerRecord } from '../host/shim-home.js';
import { controlQueue } from '../workflows/messages.js';
import { AlertReceiver } from './alert-receiver.js';
import { controlActivities } from './control-activities.js';
import { isKept } from './embedded/keeper.js';
import { countingStore, measureKaizen } from './kaizen-metrics.js';
import { lateStore } from './late-store.js';
import { createLogger } from './logger.js';
import { measureSessionStates } from './session-states.js';
import { connectToStatsig } from './statsig.js';
import { connectToTemporal } from './temporal-connection.js';
import { workflowBundle } from './workflow-bundle.js';

/** Every session's workflow stays cached: without its cache a restart takes three times as long. */
const maxCachedWorkflows = 2_000;

/**
 * How long a workflow task waits for the worker that has its workflow cached. On a busy machine a hundred at once wait for more than a second:
 * those that are handed to anybody are replayed, which makes the machine busier still. After a SIGKILL of the worker, the next one waits as long.
 */
const stickyPatience = '5 s';

/** The control worker: runs the workflows. Any number may run; none holds anything that the others lack. */
async function main(): Promise<void> {
  const home = shimHome();
  ensureShimHome(home);
  const { id: build } = installedBuild();
  const logger = createLogger('control-worker');
  const telemetry = await temporalTelemetry();
  Runtime.install({ telemetryOptions: telemetry.options });
  const { native, client: connection, namespace } = await connectToTemporal(logger);
  const store = lateStore(storeAddress(home));
  const statsig = connectToStatsig(home, process.env, store, logger);
  const metrics = new SHIMMetrics({ temporalMetricsUrl: telemetry.url });
  const alerts = new Alerts({ webhook: process.env['SHIM_ALERT_WEBHOOK'], log: logger, registry: metrics.registry });
  const converter = dataConverter(home);
  const client = new Client({ connection, namespace, dataConverter: converter });
  const stopMeasuring = measureKaizen(store, alerts, metrics, logger);
  measureSessionStates(client, metrics.registry, logger);
  const worker = await Worker.create({
    connection: native,
    namespace,
    dataConverter: converter,
    taskQueue: controlQueue,
    workflowBundle: workflowBundle(),
    activities: controlActivities({ client, store: countingStore(store, metrics), platform: statsig.platform, alerts }),
    identity: `shim-control@${hostname()}`,
    maxCachedWorkflows,
    stickyQueueScheduleToStartTimeout: stickyPatience,
  });
  const alertPort = process.env['SHIM_ALERT_PORT'];
  const receiver = alertPort === undefined ? null : new AlertReceiver({ home, client, registry: metrics.registry, logger });
  const alertsAt = await receiver?.start(Number(alertPort));
  const metricsPort = await metrics.startServer(Number(process.env['SHIM_CONTROL_METRICS_PORT'] ?? 0));
  const kept = isKept(home, 'control-worker');
  // One in a container shares the folder with the one that `shim up` keeps: it must not pass for it.
  if (kept) writeWorkerRecord(home, 'control-worker', { pid: process.pid, metricsPort, startedAtMs: Date.now(), build });
  writeMetricsTarget(home, 'control', metricsPort, kept ? 'control' : `control-${metricsPort}`);
  logger.info({ build, metricsPort, alertsAt }, 'control worker is up');
  await worker.run();
  stopMeasuring();
  await receiver?.stop();
  await metrics.stopServer();
  await statsig.close();
  await store.close();
  await connection.close();
}

await main();
