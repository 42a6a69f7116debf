import type { Logger } from 'pino';
import type { SHIMMetrics } from '../analytics/metrics-registry.js';
import type { HostContext } from '../host/host-context.js';
import type { SupervisorDaemon } from '../host/supervisor-daemon.js';
import { SessionFolder } from '../host/session-folder.js';

/** Turns what happens on a host into metrics and log lines. */
export function measureHost(daemon: SupervisorDaemon, host: HostContext, metrics: SHIMMetrics, logger: Logger): void {
  const { events, home } = host;
  const crashed = new Set<string>();
  events.on('attempt_adopted', (about) => {
    metrics.adopted();
    logger.info(about, 'attempt adopted');
  });
  events.on('attempt_ended', (report) => {
    metrics.attemptEnded(report, new SessionFolder(home, report.name).spec()?.agent ?? 'command');
    const { name, epoch, exitClass, reason } = report;
    logger.info({ name, epoch, exitClass, reason }, 'attempt ended');
  });
  events.on('checkpoint_created', ({ name, id, durationMs, bytes }) => {
    metrics.checkpointCreated(durationMs, bytes);
    logger.debug({ name, id, durationMs }, 'checkpoint made');
  });
  for (const event of ['budget_warning', 'budget_exceeded'] as const) {
    events.on(event, ({ name, finding }) => {
      metrics.budgetMet(finding.level, finding.scope);
      logger.warn({ name, ...finding }, event);
    });
  }
  events.on('checkpoint_failed', (about) => {
    metrics.checkpointFailed();
    logger.error(about, 'checkpoint failed');
  });
  events.on('checkpoint_verified', (about) => {
    metrics.checkpointVerified(about.result);
    if (about.result === 'whole') logger.info(about, 'checkpoint verified');
    else logger.error(about, about.result === 'bad' ? 'checkpoint is bad: it is not used any more' : 'checkpoint could not be verified');
  });
  events.on('second_writer_seen', ({ name, writer }) => {
    metrics.secondWriterSeen(writer.evidence);
    logger.warn({ name, ...writer }, 'second writer seen');
  });
  events.on('resumed', (receipt) => {
    const before = new SessionFolder(home, receipt.sessionName).attempt(receipt.previousEpoch).report();
    metrics.resumed(receipt, before && before.inputTokens > 0 ? before.inputTokens : null);
  });
  events.on('notice_delivered', (about) => {
    metrics.noticeTold(about.type, true);
    logger.info(about, 'notice delivered');
  });
  events.on('notice_failed', (about) => {
    metrics.noticeTold(about.type, false);
    logger.error(about, 'notice not delivered');
  });
  events.on('trouble', ({ name, what, error }) => {
    metrics.error(what.replace(/[^a-z]+/gi, '_').slice(0, 40));
    logger.error({ name, what, error: error instanceof Error ? error.stack : String(error) }, 'trouble');
  });
  daemon.on('crash_detected', ({ name, exitClass }) => {
    crashed.add(name);
    logger.warn({ name, exitClass }, 'crash_detected');
  });
  daemon.on('restart_initiated', (about) => {
    metrics.restartInitiated();
    logger.info(about, 'restart_initiated');
  });
  daemon.on('restart_completed', (durationMs, about) => {
    metrics.restartCompleted(durationMs, crashed.delete(about.name));
    logger.info({ ...about, durationMs }, 'restart_completed');
  });
  daemon.on('restart_failed', ({ name, epoch, exitClass }) => logger.warn({ name, epoch, exitClass }, 'restart_failed'));
  metrics.countSessions(() => {
    const zones = { safe: 0, warning: 0, danger: 0 };
    for (const runner of daemon.sessions.liveRunners) zones[runner.collector.risk.zone] += 1;
    return zones;
  });
}
