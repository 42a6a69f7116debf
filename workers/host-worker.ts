import { EventEmitter } from 'node:events';
import { Client } from '@temporalio/client';
import { Runtime, Worker } from '@temporalio/worker';
import { createHostActivities } from '../activities/host-activities.js';
import { createLeaseActivities } from '../activities/lease-activities.js';
import { createNoticeActivities } from '../activities/notice-activities.js';
import { SHIMMetrics } from '../analytics/metrics-registry.js';
import { temporalTelemetry } from '../analytics/temporal-metrics.js';
import { installedBuild } from '../host/build-id.js';
import type { HostContext, HostEvents } from '../host/host-context.js';
import { writeMetricsTarget } from '../host/metrics-target.js';
import { NoticeDesk } from '../host/notices/notice-desk.js';
import { CheckpointVerifier } from '../host/checkpoint-verifier.js';
import { dataConverter } from './payloads/data-converter.js';
import { takeHostLock } from '../host/process/lock.js';
import { CgroupRoot } from '../host/process/cgroup.js';
import { readBootId } from '../host/process/process-table.js';
import { ensureShimHome, hostId as readHostId, removeHalfWritten, shimHome, writeWorkerRecord } from '../host/shim-home.js';
import { SupervisorDaemon } from '../host/supervisor-daemon.js';
import { hostQueue, hostWorkflowId, leaseHeldSignal } from '../workflows/messages.js';
import { serviceNames } from './embedded/keeper.js';
import { boundServiceLogs } from './embedded/service-logs.js';
import { createLogger } from './logger.js';
import { measureHomeSpace } from './home-space.js';
import { measureHost } from './host-metrics.js';
import { askInitStrategy, superviseHostOptions } from './init-strategy.js';
import { connectToTemporal } from './temporal-connection.js';
import { TemporalReports } from './temporal-reports.js';

/** Starts of a whole fleet at once must not wait for one another. */
const maxConcurrentActivities = 200;

/** Between two checkpoints that are proved by restoring them, hours, unless SHIM_VERIFY_HOURS says otherwise; 0 for never. */
const verifyEveryHours = 6;

/** The host worker: the supervisor daemon of one machine, reached through the host's own queue. */
async function main(): Promise<void> {
  const home = shimHome();
  ensureShimHome(home);
  const { id: build } = installedBuild();
  const logger = createLogger('host-worker');
  const lock = takeHostLock(home);
  removeHalfWritten(home);
  const hostId = readHostId(home);
  const telemetry = await temporalTelemetry();
  Runtime.install({ telemetryOptions: telemetry.options });
  const metrics = new SHIMMetrics({ temporalMetricsUrl: telemetry.url });
  const { native, client: connection, namespace } = await connectToTemporal(logger);
  const converter = dataConverter(home);
  const client = new Client({ connection, namespace, dataConverter: converter });
  const letGo = new AbortController();
  const host: HostContext = {
    home,
    hostId,
    bootId: readBootId(),
    cgroups: CgroupRoot.probe(),
    reports: new TemporalReports(client, hostId, logger),
    events: new EventEmitter<HostEvents>(),
    detached: letGo.signal,
  };
  const notices = new NoticeDesk(host);
  const daemon = new SupervisorDaemon(host, (durationMs) => metrics.monitorLooked(durationMs));
  const verifier = new CheckpointVerifier(host, Number(process.env['SHIM_VERIFY_HOURS'] ?? verifyEveryHours) * 3_600_000);
  const stopBounding = boundServiceLogs(home, serviceNames, (error) => logger.warn({ error }, 'a service log could not be bounded'));
  measureHost(daemon, host, metrics, logger);
  measureHomeSpace(home, metrics.registry);
  const metricsPort = await metrics.startServer(Number(process.env['SHIM_METRICS_PORT'] ?? 0));
  const noticesOwed = notices.resume();
  const { adopted, owed } = await daemon.start(askInitStrategy(client, hostId, home, logger));
  verifier.start();
  const announce = async () => {
    await client.workflow.getHandle(hostWorkflowId(hostId)).signal(leaseHeldSignal, { bootId: host.bootId, pid: process.pid, metricsPort });
  };
  const worker = await Worker.create({
    connection: native,
    namespace,
    dataConverter: converter,
    taskQueue: hostQueue(hostId),
    activities: { ...createHostActivities(daemon.sessions), ...createLeaseActivities({ announce }), ...createNoticeActivities(notices) },
    identity: `shim-host@${hostId}`,
    maxConcurrentActivityTaskExecutions: maxConcurrentActivities,
    maxHeartbeatThrottleInterval: '4 s',
    shutdownGraceTime: '100 ms',
  });
  const running = worker.run();
  await client.workflow.start('superviseHost', superviseHostOptions(hostId));
  writeWorkerRecord(home, 'host-worker', { pid: process.pid, metricsPort, startedAtMs: Date.now(), build });
  writeMetricsTarget(home, 'host', metricsPort);
  logger.info({ build, hostId, metricsPort, adopted, owed, noticesOwed, cgroups: host.cgroups !== null }, 'host worker is up');
  await running;
  letGo.abort();
  daemon.stop();
  verifier.stop();
  stopBounding();
  await metrics.stopServer();
  lock.release();
  logger.info('host worker is down; its agents live on');
}

await main();
