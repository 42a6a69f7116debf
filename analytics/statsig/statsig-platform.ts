import { setTimeout as delay } from 'node:timers/promises';
import type { Arm } from '../../domain/experiments/unit.js';
import type { Arms } from '../../domain/statistics/interval.js';
import type { Store } from '../outcomes/store.js';
import type { StatsigConnection } from './connection.js';
import type { PulseArm } from './experiment-results.js';
import { ConsoleApi, type ConsoleApiOptions, type ConsoleExperiment } from './console-api.js';
import type { ExperimentPlatform, ExperimentToRegister, RegisteredExperiment } from './platform.js';
import { readPulse } from './read-pulse.js';
import { registered } from './registered.js';
import { createSdk, type Sdk, type SdkEvent } from './sdk.js';
import { specArms, type SpecArms } from './spec-arms.js';
import { StatsigRefusedError, StatsigUnavailableError } from './statsig-error.js';

/** What a unit is at Statsig: a session's id is the user's. */
const idType = 'userID';

/** Name of the one parameter that an experiment's groups set. */
const valueKey = 'value';

/** What Pulse can tell of our metrics, for a cross-check: by the events that are logged. */
const pulseMetrics: Readonly<Record<string, { name: string; type: string }>> = { crash_rate: { name: 'crash_occurred', type: 'event_user' } };

/** For the last events to be kept, ms. */
const shutdownMs = 2_000;

export interface StatsigPlatformOptions {
  connection: StatsigConnection;
  /** Keeps what Statsig is to be told until the mirror has told it. */
  outbox: Pick<Store, 'enqueue'>;
  console?: ConsoleApiOptions;
  /** For a download of what is registered, ms. */
  specsTimeoutMs?: number;
}

/** Statsig, in the cloud or local: experiments by its Console API, arms and exposures by the statsig-node SDK. */
export class StatsigPlatform implements ExperimentPlatform {
  readonly console: ConsoleApi;
  /** Resolves once what is registered has come, or has failed to come. Rejects where the secret key is none. */
  readonly opened: Promise<void>;
  private isOpen = false;
  private arms: SpecArms = new Map();
  private specsSeen = 0;
  private readonly handingOver = new Set<Promise<void>>();

  private constructor(
    private readonly sdk: Sdk,
    { connection, console }: StatsigPlatformOptions,
  ) {
    this.console = new ConsoleApi(connection, console);
    this.opened = this.initialize();
  }

  /** Comes up also where Statsig is away: then nobody is in an experiment until it is back. @throws Error where the secret key is none. */
  static async open(options: StatsigPlatformOptions): Promise<StatsigPlatform> {
    const platform = StatsigPlatform.opening(options);
    await platform.opened;
    return platform;
  }

  /** The same without a wait for what is registered: until it has come, nobody is in an experiment. */
  static opening(options: StatsigPlatformOptions): StatsigPlatform {
    const { connection, outbox, specsTimeoutMs = 10_000 } = options;
    const keep = async (events: SdkEvent[]): Promise<void> => {
      for (const event of events) await outbox.enqueue(event.eventName === 'statsig::config_exposure' ? 'exposure' : 'event', event, Date.now());
    };
    let onSpecs = (_text: string): void => undefined;
    const platform = new StatsigPlatform(createSdk({ connection, timeoutMs: specsTimeoutMs, keep, onSpecs: (text) => onSpecs(text) }), options);
    onSpecs = (text) => platform.learn(text);
    return platform;
  }

  async register(experiment: ExperimentToRegister): Promise<RegisteredExperiment> {
    const found = await this.console.findExperiment(experiment.name);
    return registered(found ?? (await this.create(experiment)));
  }

  async allocate({ id }: RegisteredExperiment, share: number): Promise<void> {
    const { status, allocation } = await this.console.experiment(id);
    // Percent, in the tenths that an experiment's thousand buckets allow.
    const wanted = Math.round(share * 1_000) / 10;
    if (status === 'setup') {
      if (allocation !== wanted) await this.console.updateExperiment(id, { allocation: wanted });
      await this.console.startExperiment(id);
      return;
    }
    if (status !== 'active') throw new StatsigRefusedError(400, `${id} is closed (${status}): nobody can be assigned any more`);
    if (wanted > allocation) await this.console.updateExperiment(id, { allocation: wanted });
  }

  async decide({ id, groups }: RegisteredExperiment, arm: Arm, reason: string): Promise<void> {
    if (isClosed(await this.console.experiment(id))) return;
    await this.console.makeDecision(id, groups[arm], reason);
  }

  async abandon({ id }: RegisteredExperiment, reason: string): Promise<void> {
    const experiment = await this.console.experiment(id);
    if (isClosed(experiment)) return;
    try {
      await this.console.abandonExperiment(id, reason);
    } catch (error) {
      // One that was never started assigns nobody, whether or not it may be abandoned.
      if (!(error instanceof StatsigRefusedError && experiment.status === 'setup')) throw error;
    }
  }

  assign(statsigName: string, sessionId: string): { arm: Arm } | null {
    if (!this.isOpen) return null;
    const user = { userID: sessionId };
    const ruleId = this.sdk.getExperiment(user, statsigName, { disableExposureLogging: true }).getRuleID();
    const arm = this.arms.get(statsigName)?.get(ruleId);
    if (arm === undefined) return null;
    this.sdk.logExperimentExposure(user, statsigName);
    this.handOver();
    return { arm };
  }

  /** What Pulse says of the crashes in both arms; null while it says nothing. @throws StatsigUnavailableError, StatsigRefusedError. */
  async pulse(name: string): Promise<Arms<PulseArm> | null> {
    return readPulse(this.console, name);
  }

  /** Logs what happened to a session; kept until Statsig has it. */
  logEvent(name: string, sessionId: string, metadata: Record<string, unknown>): void {
    this.sdk.logEvent({ userID: sessionId }, name, null, metadata);
    this.handOver();
  }

  /** @throws StatsigUnavailableError where nothing came; what was known before goes on to hold. */
  async sync(): Promise<void> {
    await this.opened;
    const before = this.specsSeen;
    await this.sdk.syncStoreSpecs();
    if (this.specsSeen === before) throw new StatsigUnavailableError('Statsig did not say what is registered now');
  }

  /** Resolves once all that was logged so far is kept, or given up. */
  async flush(): Promise<void> {
    await Promise.all(this.handingOver);
  }

  /** Ends the SDK's timers, once its last events are kept. */
  async close(): Promise<void> {
    await Promise.race([this.flush(), delay(shutdownMs, undefined, { ref: false })]);
    await this.sdk.shutdownAsync(shutdownMs);
  }

  /** At once: an event that waited in memory for a timer would be lost with the process. */
  private handOver(): void {
    const flushed = this.sdk.flush().finally(() => this.handingOver.delete(flushed));
    this.handingOver.add(flushed);
  }

  private async initialize(): Promise<void> {
    await this.sdk.initializeAsync();
    this.isOpen = true;
  }

  private learn(specs: string): void {
    const arms = specArms(specs);
    if (arms === null) return;
    this.specsSeen += 1;
    if (arms !== 'no news') this.arms = arms;
  }

  private async create({ name, hypothesis, control, treatment, successMetrics }: ExperimentToRegister): Promise<ConsoleExperiment> {
    const groups = [
      { name: 'control', size: 50, parameterValues: { [valueKey]: control } },
      { name: 'treatment', size: 50, parameterValues: { [valueKey]: treatment } },
    ];
    const experiment = { name, hypothesis, allocation: 0, idType, groups };
    try {
      return await this.console.createExperiment({ ...experiment, primaryMetrics: successMetrics.flatMap((metric) => pulseMetrics[metric] ?? []) });
    } catch (error) {
      if (!(error instanceof StatsigRefusedError)) throw error;
      // Another try of the same call may have come first; and a metric may be unknown to Statsig that no event has told of yet.
      return (await this.console.findExperiment(name)) ?? (await this.console.createExperiment({ ...experiment, primaryMetrics: [] }));
    }
  }
}

function isClosed({ status }: ConsoleExperiment): boolean {
  return status !== 'setup' && status !== 'active';
}
