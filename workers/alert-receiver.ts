import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { AlertWebhook, type ReceivedAlert } from '../analytics/alert-webhook.js';
import { madeOnce } from '../host/made-once.js';
import { pauseExperimentUpdate } from '../workflows/kaizen-messages.js';

/** The label of an alert rule that says: while this is so, experiments must not go on. */
const pausingLabel = 'pause_experiments';

export interface AlertReceiverOptions {
  home: string;
  client: Pick<Client, 'workflow'>;
  registry: Registry;
  logger: Logger;
}

/** Alertmanager's side of the kaizen loop: an alert that says so pauses the experiments it concerns. A person resumes them. */
export class AlertReceiver {
  private readonly webhook: AlertWebhook;
  private readonly received: Counter<'status'>;

  constructor(private readonly options: AlertReceiverOptions) {
    this.received = new Counter({ name: 'shim_alerts_received_total', help: 'Alerts taken from Alertmanager, repetitions included', labelNames: ['status'], registers: [options.registry] });
    for (const status of ['firing', 'resolved']) this.received.inc({ status }, 0);
    this.webhook = new AlertWebhook(alertToken(options.home), (alerts) => this.take(alerts));
  }

  /** @param port 0 for a free one. @returns the port. */
  start(port: number): Promise<number> {
    return this.webhook.start(port);
  }

  stop(): Promise<void> {
    return this.webhook.stop();
  }

  private async take(alerts: readonly ReceivedAlert[]): Promise<void> {
    for (const alert of alerts) {
      this.received.inc({ status: alert.status });
      if (alert.status === 'firing' && alert.labels[pausingLabel] === 'true') await this.pause(alert);
    }
  }

  private async pause(alert: ReceivedAlert): Promise<void> {
    const { client, logger } = this.options;
    const { alertname, parameter } = alert.labels;
    const reason = (alert.annotations['summary'] ?? alertname).slice(0, 200);
    for (const workflowId of await this.openExperiments(parameter)) {
      try {
        // The id makes Temporal take the same alert once, however often Alertmanager repeats it: who resumed in spite of it is not overruled.
        const updateId = `alert/${alert.fingerprint}/${alert.startsAt}`;
        await client.workflow.getHandle(workflowId).executeUpdate(pauseExperimentUpdate, { args: [{ by: `alert ${alertname}`, reason }], updateId });
        logger.warn({ experiment: workflowId, alert: alertname }, 'paused for an alert');
      } catch (error) {
        // One that closed meanwhile, or is in a phase that cannot be paused, has nothing to pause.
        if (!(error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError)) throw error;
      }
    }
  }

  private async openExperiments(parameter: string | undefined): Promise<string[]> {
    const ids: string[] = [];
    for await (const { workflowId } of this.options.client.workflow.list({ query: "WorkflowType = 'runExperiment' AND ExecutionStatus = 'Running'" })) {
      if (parameter === undefined || workflowId.startsWith(`experiment/${parameter}/`)) ids.push(workflowId);
    }
    return ids;
  }
}

export function alertTokenFile(home: string): string {
  return join(home, 'alert-token');
}

/** What Alertmanager has to bring: made once, readable by its owner alone. */
export function alertToken(home: string): string {
  const file = alertTokenFile(home);
  return madeOnce(file, randomBytes(32).toString('base64url')).toString('utf8').trim();
}
