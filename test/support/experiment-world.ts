import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { createEntityActivities } from '../../activities/entity-activities.js';
import { createExperimentActivities } from '../../activities/experiment-activities.js';
import { createParameterActivities } from '../../activities/parameter-activities.js';
import type { Alert } from '../../analytics/alerts.js';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { Store } from '../../analytics/outcomes/store.js';
import type { ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import { experimentStatusQuery, ledgerWorkflowId, parameterWorkflowId, setParameterUpdate } from '../../workflows/kaizen-messages.js';
import { controlQueue } from '../../workflows/messages.js';
import type { runExperiment } from '../../workflows/run-experiment.js';
import { aPlan } from './an-experiment.js';
import { poll } from './poll.js';
import { ScriptedPlatform } from './scripted-platform.js';
import { SimulatedFleet, type FleetOptions } from './simulated-fleet.js';
import { WorkflowEnvironment } from './workflow-environment.js';

const minute = 60_000;

/** Quick, and with an effect that few sessions show: .5 crash under control. */
export function quickPlan(change: Partial<ExperimentPlan> = {}): ExperimentPlan {
  return aPlan({
    alpha: 0.01,
    plannedUnits: 60,
    horizonMs: minute,
    tickMs: minute,
    ramp: [0.5, 1],
    unitsPerStep: 20,
    deadlineMs: 30 * minute,
    monitorMs: 5 * minute,
    coolDownMs: 60 * minute,
    bounds: {},
    // The store tells when an outcome was recorded by the machine's clock, which the server's is far ahead of.
    staleAfterMs: 1e12,
    ...change,
  });
}

/** What is amiss with the store: every call fails with it, or only those that write. */
interface StoreFault {
  of: Error | null;
  writesOnly: boolean;
}

/** Calls of a store that only read. */
const reads: ReadonlySet<string | symbol> = new Set<keyof Store>(['parameter', 'unitsAfter', 'countAssignments', 'lastOutcomeAtMs', 'looks', 'experiments']);

/** A store whose calls can be made to fail. */
function faulty(store: Store, fault: StoreFault): Store {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const fails = fault.of !== null && !(fault.writesOnly && reads.has(key));
        return fails ? Promise.reject(fault.of) : (member.apply(target, args) as unknown);
      };
    },
  });
}

/** One experiment under test, and the sessions that come to it. */
export class ExperimentUnderTest {
  fleet: SimulatedFleet;

  constructor(
    private readonly environment: WorkflowEnvironment,
    private readonly store: Store,
    readonly handle: WorkflowHandle<typeof runExperiment>,
    readonly plan: ExperimentPlan,
    options: Partial<FleetOptions>,
  ) {
    this.fleet = new SimulatedFleet({ store, parameter: plan.parameter, random: seededRandom(7), crashes: (value) => (value === plan.control ? 0.5 : 0.02), ...options });
  }

  status(): Promise<ExperimentStatus> {
    return this.environment.client.workflow.getHandle(this.plan.id).query(experimentStatusQuery);
  }

  until(wanted: (status: ExperimentStatus) => boolean): Promise<ExperimentStatus> {
    return poll(() => this.status(), wanted);
  }

  /** Lets the time to the next look pass, and resolves once it was taken, or the experiment has closed. */
  async tick(): Promise<ExperimentStatus> {
    const before = await this.quiet();
    if (before.phase === 'closed') return before;
    await this.environment.skip(Math.max(1, (before.nextLookAtMs ?? 0) - (await this.environment.now()) + 1));
    return this.until(({ phase, nextLookAtMs }) => phase === 'closed' || nextLookAtMs !== before.nextLookAtMs);
  }

  /** Sessions come, their horizon passes, and the experiment looks. */
  async sessions(count: number): Promise<ExperimentStatus> {
    await this.quiet();
    await this.fleet.come(count, await this.environment.now());
    await this.environment.skip(this.plan.horizonMs);
    return this.tick();
  }

  /** Goes on with sessions until the experiment is as wanted, in so many rounds at most. */
  async sessionsUntil(wanted: (status: ExperimentStatus) => boolean, rounds = 40, perRound = 30): Promise<ExperimentStatus> {
    for (let round = 0; round < rounds; round += 1) {
      const status = await this.sessions(perRound);
      if (wanted(status)) return status;
    }
    throw new Error(`never came: ${JSON.stringify(await this.status())}`);
  }

  /** No call and no task of it, or of the entities, is open: on the time-skipping server they hold time up. */
  async quiet(): Promise<ExperimentStatus> {
    const ids = [this.plan.id, parameterWorkflowId(this.plan.parameter), ledgerWorkflowId(defaultScope)];
    await poll(
      () => Promise.all(ids.map((id) => this.environment.isAtRest(id))),
      (atRest) => atRest.every(Boolean),
    );
    return this.status();
  }

  published() {
    return this.store.parameter(this.plan.parameter);
  }
}

/** A time-skipping server of its own with entities, a real store on SQLite, and a Statsig in memory. */
export class ExperimentWorld {
  private constructor(
    readonly environment: WorkflowEnvironment,
    readonly store: Store,
    readonly platform: ScriptedPlatform,
    readonly alerts: Alert[],
    private readonly fault: StoreFault,
    private readonly webhook: { fault: Error | null },
    private readonly folder: string,
  ) {}

  static async create(): Promise<ExperimentWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'shim-experiments-'));
    const store = await openStore(join(folder, 'outcomes.db'));
    const platform = new ScriptedPlatform();
    const alerts: Alert[] = [];
    const fault: StoreFault = { of: null, writesOnly: false };
    const webhook: { fault: Error | null } = { fault: null };
    const faultyStore = faulty(store, fault);
    const raise = (alert: Alert): Promise<void> => {
      alerts.push(alert);
      return webhook.fault ? Promise.reject(webhook.fault) : Promise.resolve();
    };
    const environment = await WorkflowEnvironment.create((client) => ({
      ...createParameterActivities({ store: faultyStore, client }),
      ...createEntityActivities({ client }),
      ...createExperimentActivities({ store: faultyStore, platform, alerts: { raise } }),
      // This server lists no workflows.
      pushParameter: () => Promise.resolve(),
    }));
    return new ExperimentWorld(environment, store, platform, alerts, fault, webhook, folder);
  }

  /** Every call to the store fails with it; null heals. */
  breakStore(fault: Error | null): void {
    this.fault.of = fault;
    this.fault.writesOnly = false;
  }

  /** Nothing can be written to the store any more; what stands in it can be read. Null heals. */
  fillStore(fault: Error | null): void {
    this.fault.of = fault;
    this.fault.writesOnly = true;
  }

  /** Every alert is told, and then fails with it; null heals. */
  breakWebhook(fault: Error | null): void {
    this.webhook.fault = fault;
  }

  async run(change: Partial<ExperimentPlan> = {}, fleet: Partial<FleetOptions> = {}): Promise<ExperimentUnderTest> {
    const plan = quickPlan(change);
    const handle = await this.environment.client.workflow.start<typeof runExperiment>('runExperiment', { workflowId: plan.id, taskQueue: controlQueue, args: [{ scope: defaultScope, plan, opportunity: null }] });
    return new ExperimentUnderTest(this.environment, this.store, handle, plan, fleet);
  }

  /** The parameter's entity, as it is before any experiment. */
  async setUp({ parameter }: Pick<ExperimentPlan, 'parameter'>): Promise<void> {
    await this.environment.client.workflow.start('parameter', { workflowId: parameterWorkflowId(parameter), taskQueue: controlQueue, args: [{ name: parameter }] });
  }

  /** What a person sets. */
  async set({ parameter }: Pick<ExperimentPlan, 'parameter'>, value: number): Promise<void> {
    await this.environment.client.workflow.getHandle(parameterWorkflowId(parameter)).executeUpdate(setParameterUpdate, { args: [{ value, by: 'person', reason: 'I know better' }] });
  }

  async close(): Promise<void> {
    await this.environment.close();
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
