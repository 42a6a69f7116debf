import { z } from 'zod';
import { parameterNames } from '../../domain/parameter-table.js';
import type { MirrorEvent, Store } from '../outcomes/store.js';
import type { StatsigConnection } from './connection.js';
import { ConsoleApi } from './console-api.js';
import { EventLog } from './event-log.js';
import type { ConsoleDebt, ExperimentPlatform, ValueDebt } from './platform.js';
import { sdkEventSchema, type SdkEvent } from './sdk.js';
import { StatsigRefusedError, StatsigUnavailableError } from './statsig-error.js';

/** Events of one batch; they are small. */
const batchSize = 200;

const registeredSchema = z.object({ id: z.string(), name: z.string(), groups: z.object({ control: z.string(), treatment: z.string() }) });
const debtSchema: z.ZodType<ConsoleDebt | ValueDebt> = z.discriminatedUnion('call', [
  z.object({ call: z.literal('decide'), experiment: registeredSchema, arm: z.enum(['control', 'treatment']), reason: z.string() }),
  z.object({ call: z.literal('abandon'), experiment: registeredSchema, reason: z.string() }),
  z.object({ call: z.literal('value'), parameter: z.enum(parameterNames), value: z.union([z.string(), z.number()]) }),
]);

export interface MirrorOptions {
  store: Pick<Store, 'owed' | 'sent'>;
  connection: StatsigConnection;
  platform: Pick<ExperimentPlatform, 'decide' | 'abandon'>;
  /** Told of what Statsig refused, or nobody understands: it is given up, and what comes after goes on. */
  onRefused: (error: unknown) => void;
  /** For an answer, ms. */
  timeoutMs?: number;
}

/**
 * Tells Statsig what the store owes it, in order: exposures and events in batches, calls of the console one by one. Nothing is
 * taken off before Statsig has it, so that after a kill some is told again: the same to the letter, or to no effect.
 */
export class StatsigMirror {
  private readonly events: EventLog;
  private readonly console: ConsoleApi;
  private draining: Promise<number> | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: MirrorOptions) {
    const { connection, timeoutMs = 10_000 } = options;
    this.events = new EventLog(connection, timeoutMs);
    // What fails is tried again with the next round.
    this.console = new ConsoleApi(connection, { timeoutMs, retries: 0 });
  }

  /** Drains every so often; where Statsig is away, the next round tries again. @param everyMs between two rounds. */
  start(everyMs: number, onAway: (error: unknown) => void): void {
    this.timer ??= setInterval(() => {
      this.drain().catch(onAway);
    }, everyMs);
    this.timer.unref();
  }

  /** Resolves once a round that is under way is over. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    await this.draining?.catch(() => undefined);
  }

  /** Tells all that is owed now; one round at a time. @returns how much. @throws StatsigUnavailableError, or StatsigRefusedError for the key, where the rest is still owed. */
  drain(): Promise<number> {
    this.draining ??= this.round().finally(() => {
      this.draining = null;
    });
    return this.draining;
  }

  private async round(): Promise<number> {
    const { store } = this.options;
    for (let told = 0; ; ) {
      const owed = await store.owed(batchSize);
      const batch = leadingBatch(owed);
      if (batch.length === 0) return told;
      await this.tell(batch);
      await store.sent(batch.map(({ id }) => id));
      told += batch.length;
    }
  }

  private async tell(batch: readonly MirrorEvent[]): Promise<void> {
    const [first] = batch;
    try {
      if (first?.kind === 'console') await this.call(debtSchema.parse(first.body));
      else await this.send(batch.flatMap(({ body }) => this.understood(body)));
    } catch (error) {
      if (error instanceof StatsigUnavailableError || isOfTheKey(error)) throw error;
      // One bad event must not take the others of its batch along.
      if (error instanceof StatsigRefusedError && batch.length > 1) for (const one of batch) await this.tell([one]);
      else if (error instanceof StatsigRefusedError || error instanceof z.ZodError) this.options.onRefused(error);
      else throw error;
    }
  }

  private async send(events: readonly SdkEvent[]): Promise<void> {
    if (events.length > 0) await this.events.send(events);
  }

  private async call(debt: ConsoleDebt | ValueDebt): Promise<void> {
    const { platform } = this.options;
    switch (debt.call) {
      case 'decide':
        return platform.decide(debt.experiment, debt.arm, debt.reason);
      case 'abandon':
        return platform.abandon(debt.experiment, debt.reason);
      case 'value':
        return this.console.setDynamicConfig(`shim_${debt.parameter}`, { value: debt.value });
    }
  }

  private understood(body: unknown): SdkEvent[] {
    const event = sdkEventSchema.safeParse(body);
    if (!event.success) this.options.onRefused(event.error);
    return event.success ? [event.data] : [];
  }
}

/** A wrong key says nothing of what was told with it: all of it is still owed. */
function isOfTheKey(error: unknown): boolean {
  return error instanceof StatsigRefusedError && (error.status === 401 || error.status === 403);
}

/** What is told in one go without getting before anything: events up to the next call of the console, or that call. */
function leadingBatch(owed: readonly MirrorEvent[]): readonly MirrorEvent[] {
  const call = owed.findIndex(({ kind }) => kind === 'console');
  if (call === -1) return owed;
  return call === 0 ? owed.slice(0, 1) : owed.slice(0, call);
}
