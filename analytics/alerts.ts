import { EventEmitter } from 'node:events';
import { Counter, type Registry } from 'prom-client';
import type { ParameterName } from '../domain/parameter-table.js';

/** Something a person should hear of. */
export interface Alert {
  kind: 'threshold_violated' | 'rolled_back' | 'restored' | 'scope_bound_broken' | 'deploy_not_seen';
  experimentId: string;
  parameter: ParameterName;
  /** One line for people. */
  message: string;
  /** Behind the message; plain JSON. */
  facts: unknown;
  /** Unix ms. */
  atMs: number;
}

export interface AlertsOptions {
  /** Where alerts are posted to as JSON; nowhere without it. */
  webhook?: string | undefined;
  log: { warn(facts: object, message: string): void };
  registry?: Registry | undefined;
  /** For the webhook's answer, ms. */
  timeoutMs?: number;
}

/** Thrown where the webhook did not take an alert; its address is not named, for it may hold a key. */
export class WebhookError extends Error {
  override name = 'WebhookError';
}

/** Tells alerts: to the log, by a metric, by an event, and to a webhook if there is one. */
export class Alerts extends EventEmitter<{ alert: [alert: Alert] }> {
  private readonly raised: Counter<'kind'>;

  constructor(private readonly options: AlertsOptions) {
    super();
    this.raised = new Counter({ name: 'shim_alerts_total', help: 'Alerts raised, by kind', labelNames: ['kind'], registers: options.registry ? [options.registry] : [] });
  }

  /** @throws WebhookError once all else has been told. */
  async raise(alert: Alert): Promise<void> {
    const { webhook, log, timeoutMs = 10_000 } = this.options;
    const { message, ...facts } = alert;
    log.warn(facts, message);
    this.raised.inc({ kind: alert.kind });
    this.emit('alert', alert);
    if (webhook === undefined) return;
    let status: number;
    try {
      ({ status } = await fetch(webhook, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alert), redirect: 'error', signal: AbortSignal.timeout(timeoutMs) }));
    } catch (error) {
      throw new WebhookError(`the webhook did not answer: ${error instanceof Error ? error.name : 'unknown'}`);
    }
    if (status >= 400) throw new WebhookError(`the webhook answered ${status}`);
  }
}
