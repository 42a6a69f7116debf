import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { Arm } from '../../domain/experiments/unit.js';
import { checkParameterValue, parameterNames, parameterTable, type ParameterName, type ParameterValue } from '../../domain/parameter-table.js';
import { parametersSchema } from '../../domain/parameters.js';
import { assignParameters } from '../assign-parameters.js';
import { openStore } from '../outcomes/open-store.js';
import { storeAddress } from '../outcomes/store-address.js';
import type { PublishedParameter, Store } from '../outcomes/store.js';
import { resultsOf, type ExperimentResults } from './experiment-results.js';
import { integrationHome, localStatsig, StatsigKeyError } from './integration-connection.js';
import { NoSuchExperimentError, NotInitializedError, ParameterBusyError, WrongVariantError } from './integration-errors.js';
import { closedStatus, loggedCrash, planOf, startedStatus, type OpportunityToTest } from './integration-records.js';
import { StatsigMirror } from './mirror.js';
import type { ConsoleDebt, RegisteredExperiment, ValueDebt } from './platform.js';
import { StatsigPlatform } from './statsig-platform.js';

const cloudAddress = 'https://statsigapi.net';

/** Between two rounds of the mirror, ms. */
const mirrorEveryMs = 2_000;

/** Pulse is waited for so long, ms. */
const pulseMs = 5_000;

/** No session lives longer: without a horizon all that is known counts. */
const noHorizonMs = Number.MAX_SAFE_INTEGER;

/** What an experiment of this kind is judged by, first. */
const successMetrics = ['crash_rate', 'crash_prediction_accuracy'] as const;

export interface StatsigVariant {
  name: Arm;
  value: ParameterValue;
}

export interface StatsigExperiment {
  /** `exp_<time>_<random>` */
  id: string;
  /** `<parameter>_optimization_<time>`, also at Statsig. */
  name: string;
  control: { name: 'control'; value: ParameterValue };
  treatment: { name: 'treatment'; value: ParameterValue };
  successMetrics: string[];
  hypothesis: string;
}

export type Deployment = { deployed: true; variant: 'treatment'; previousValue: ParameterValue; newValue: ParameterValue; deployedAt: string } | { deployed: false; reason: string };

export interface RolledBack {
  experimentId: string;
  restoredValue: ParameterValue;
  reason: string;
  /** ISO 8601. */
  rolledBackAt: string;
}

export interface StatsigIntegrationOptions {
  /** Beside a key of the SDK; $STATSIG_CONSOLE_KEY without it. */
  consoleKey?: string;
  /** Of another Statsig than the cloud. */
  address?: string;
  /** Where store and local server have their files; $SHIM_HOME without it. */
  home?: string;
  /** A store that is open already, and stays so; $SHIM_DATABASE_URL, or the home's own, without it. */
  store?: Store;
  /** From a session's exposure to the moment at which it is counted, ms; 0, as it is: all sessions, with what is known of them now. */
  horizonMs?: number;
  /** Holds the compiled statsig-server.js. */
  workersFolder?: string;
}

interface Parts {
  store: Store;
  platform: StatsigPlatform;
  mirror: StatsigMirror;
  close: () => Promise<void>;
}

/**
 * Experiments for a program of one's own, without Temporal: at Statsig with a key, against the local server without one.
 * Assignments, outcomes and parameters are in the store, and verdicts come from there; Statsig is told of them.
 *
 * An experiment that the kaizen loop runs can be read here; its workflow deploys it and takes it back.
 */
export class StatsigIntegration {
  private opened: Parts | null = null;
  private readonly registered = new Map<string, RegisteredExperiment>();

  /** @param apiKey the SDK's, `secret-…`; without one the local server is used: the one that runs, or one for this program alone. */
  constructor(
    private readonly apiKey?: string,
    private readonly options: StatsigIntegrationOptions = {},
  ) {}

  /** @throws StatsigKeyError, StoreOpenError, or Error where the local server does not come up. */
  async initialize(): Promise<void> {
    if (this.opened) return;
    const home = integrationHome(this.options.home);
    const { connection, process: child } = this.apiKey === undefined ? await localStatsig(home, this.options.workersFolder) : { connection: this.given(this.apiKey), process: null };
    const store = this.options.store ?? (await openStore(storeAddress(home)));
    const platform = await StatsigPlatform.open({ connection, outbox: store });
    const mirror = new StatsigMirror({ store, connection, platform, onRefused: () => undefined });
    mirror.start(mirrorEveryMs, () => undefined);
    const close = async (): Promise<void> => {
      await platform.close();
      await mirror.stop();
      // What cannot be told now is owed, and told by whoever has the store next.
      await mirror.drain().catch(() => undefined);
      await child?.stop();
      if (!this.options.store) await store.close();
    };
    this.opened = { store, platform, mirror, close };
  }

  /**
   * Registers an experiment and takes in every session that comes from now on.
   *
   * @throws ParameterBusyError, ParameterValueError, StatsigUnavailableError, StatsigRefusedError.
   */
  async createExperiment(opportunity: OpportunityToTest): Promise<StatsigExperiment> {
    const { store, platform } = this.parts();
    const { parameter, hypothesis, currentValue, proposedValue } = opportunity;
    const [control, treatment] = [checkParameterValue(parameter, currentValue), checkParameterValue(parameter, proposedValue)];
    const atMs = Date.now();
    const id = `exp_${atMs}_${randomBytes(4).toString('hex')}`;
    const name = `${parameter}_optimization_${atMs}`;
    const before = await store.parameter(parameter);
    if (before?.enrolment) throw new ParameterBusyError(`${parameter} has the experiment ${before.enrolment.experimentId} already`);
    const registered = await platform.register({ name, parameter, hypothesis, control, treatment, successMetrics });
    await platform.allocate(registered, 1);
    await platform.sync();
    await store.saveExperiment(startedStatus(planOf(opportunity, id, this.options.horizonMs ?? 0), atMs), atMs);
    const enrolment = { experimentId: id, statsigName: name, control, treatment, startedAtMs: atMs };
    const standing = await store.publish({ name: parameter, value: control, version: (before?.version ?? 0) + 1, rollout: null, enrolment }, atMs);
    if (standing.enrolment?.experimentId !== id) {
      await platform.abandon(registered, 'another experiment came first');
      throw new ParameterBusyError(`${parameter} was taken by another`);
    }
    this.registered.set(id, registered);
    return { id, name, control: { name: 'control', value: control }, treatment: { name: 'treatment', value: treatment }, successMetrics: [...successMetrics], hypothesis };
  }

  /** One after the other. @throws as createExperiment does; those before it stand. */
  async createExperiments(opportunities: readonly OpportunityToTest[]): Promise<StatsigExperiment[]> {
    const made: StatsigExperiment[] = [];
    for (const opportunity of opportunities) made.push(await this.createExperiment(opportunity));
    return made;
  }

  /** What a session is to run with: always the same in an experiment; outside of one it is control with the parameter's value. */
  async getVariant(parameter: ParameterName, sessionId: string): Promise<StatsigVariant> {
    const { store, platform } = this.parts();
    const record = await store.session(sessionId);
    const { field, defaultValue } = definitionOf(parameter);
    const { parameters, assignments } = await assignParameters(
      { store, platform },
      {
        sessionId,
        name: sessionId,
        agent: 'command',
        hostId: 'logged',
        parameters: parametersSchema.parse({}),
        pinned: parameterNames.filter((name) => name !== parameter),
        startedAtMs: record?.opened?.openedAtMs ?? Date.now(),
        attempts: record?.attempts.length ?? 0,
      },
      Date.now(),
    );
    const value = field === null ? ((await store.parameter(parameter))?.value ?? defaultValue) : parameters[field];
    return { name: assignments[0]?.arm ?? 'control', value };
  }

  /** Logs that a session was shown its variant; outside an experiment there is nothing to log. @throws WrongVariantError where it is in the other arm. */
  async logExposure(parameter: ParameterName, sessionId: string, variantName: string): Promise<void> {
    const { store, platform } = this.parts();
    const enrolment = (await store.parameter(parameter))?.enrolment;
    const assigned = (await store.assignmentsOf(sessionId)).find(({ experimentId }) => experimentId === enrolment?.experimentId);
    if (!enrolment || !assigned) return;
    if (assigned.arm !== variantName) throw new WrongVariantError(`session ${sessionId} is in ${assigned.arm} of ${enrolment.statsigName}, not in ${JSON.stringify(variantName)}`);
    platform.assign(enrolment.statsigName, sessionId);
    await platform.flush();
  }

  /** Logs what happened, in a session if `sessionId` names one; `crash_occurred` counts as its crash. */
  async logEvent(name: string, data: Record<string, unknown> & { sessionId?: string } = {}): Promise<void> {
    const { store, platform } = this.parts();
    const { sessionId } = data;
    if (name === 'crash_occurred' && sessionId !== undefined) {
      // Of a session that SHIM supervises the crash is on record already.
      const supervised = (await store.session(sessionId))?.opened != null;
      if (!supervised) await store.record([loggedCrash(sessionId, Date.now())]);
    }
    platform.logEvent(name, sessionId ?? 'no-session', data);
    await platform.flush();
  }

  /** Of the experiment on a parameter, the latest if there were several; with what Pulse says beside it, where Statsig answers in time. @throws NoSuchExperimentError */
  async getExperimentResults(parameter: ParameterName): Promise<ExperimentResults> {
    const { store, platform } = this.parts();
    const { plan } = await this.latest(parameter);
    const enrolment = (await store.parameter(parameter))?.enrolment;
    const name = enrolment?.experimentId === plan.id ? enrolment.statsigName : statsigNameOf(plan);
    const pulse = Promise.race([platform.pulse(name).catch(() => null), delay(pulseMs, null, { ref: false })]);
    return { ...(await this.judge(plan)), pulse: await pulse };
  }

  private async judge(plan: ExperimentPlan): Promise<Omit<ExperimentResults, 'pulse'>> {
    const { store } = this.parts();
    const nowMs = Date.now();
    const units = await store.unitsSoFar(plan.id, { horizonMs: plan.horizonMs || noHorizonMs, nowMs: nowMs - plan.horizonMs, checkpointLimitMs: plan.bounds.checkpointTime?.max ?? 100 });
    return resultsOf(plan, units, nowMs);
  }

  /** Gives every session the treatment's value from its next attempt on, if the treatment has won. @throws NoSuchExperimentError */
  async deployWinner(parameter: ParameterName): Promise<Deployment> {
    const status = await this.latest(parameter);
    if (!isOwn(status)) return { deployed: false, reason: `${status.plan.id} is run by its workflow, which deploys what has won` };
    if (status.conclusion !== null) return { deployed: false, reason: `${status.plan.id} is closed: ${status.reason}` };
    const { winner, reason } = await this.judge(status.plan);
    if (winner !== 'treatment') return { deployed: false, reason: winner === 'control' ? `control is better: ${reason}` : reason };
    const { plan } = status;
    const atMs = Date.now();
    const standing = await this.publish(status, plan.treatment, atMs);
    if (standing.value !== plan.treatment || standing.enrolment) return { deployed: false, reason: `${parameter} was changed meanwhile` };
    await this.close(status, { verdict: 'SHIP', conclusion: 'kept', reason }, atMs);
    await this.tell(status, { call: 'decide', arm: 'treatment', reason }, plan.treatment, atMs);
    return { deployed: true, variant: 'treatment', previousValue: plan.control, newValue: plan.treatment, deployedAt: new Date(atMs).toISOString() };
  }

  /**
   * Gives every session control's value again, and ends the experiment. The same again changes nothing.
   *
   * @param parameterOrExperimentId of a parameter its latest experiment. @throws NoSuchExperimentError; ParameterBusyError for one that its
   * workflow runs: `shim experiments` aborts it.
   */
  async rollback(parameterOrExperimentId: string, reason: string): Promise<RolledBack> {
    const status = isParameter(parameterOrExperimentId) ? await this.latest(parameterOrExperimentId) : await this.parts().store.experiment(parameterOrExperimentId);
    if (!status) throw new NoSuchExperimentError(`there is no experiment or parameter ${JSON.stringify(parameterOrExperimentId)}`);
    if (!isOwn(status)) throw new ParameterBusyError(`${status.plan.id} is run by its workflow, which rolls it back when it is aborted`);
    const { plan } = status;
    const atMs = Date.now();
    if (status.verdict !== 'ROLLBACK') {
      await this.publish(status, plan.control, atMs);
      await this.close(status, { verdict: 'ROLLBACK', conclusion: status.conclusion === 'kept' ? 'restored' : 'rolled_back', reason }, atMs);
      await this.tell(status, { call: 'abandon', reason }, plan.control, atMs);
    }
    return { experimentId: plan.id, restoredValue: plan.control, reason, rolledBackAt: new Date(atMs).toISOString() };
  }

  /** Tells Statsig what it is owed, if it is there, and ends what this started. */
  async shutdown(): Promise<void> {
    const { opened } = this;
    this.opened = null;
    await opened?.close();
  }

  /** Publishes a value for all, unless another experiment has the parameter by now. @returns what stands then. */
  private async publish({ plan }: ExperimentStatus, value: ParameterValue, atMs: number): Promise<PublishedParameter> {
    const { store } = this.parts();
    const before = await store.parameter(plan.parameter);
    if (before?.enrolment && before.enrolment.experimentId !== plan.id) return before;
    return store.publish({ name: plan.parameter, value, version: (before?.version ?? 0) + 1, rollout: null, enrolment: null }, atMs);
  }

  private async close(status: ExperimentStatus, end: Pick<ExperimentStatus, 'verdict' | 'conclusion' | 'reason'>, atMs: number): Promise<void> {
    await this.parts().store.saveExperiment(closedStatus(status, end, atMs), atMs);
  }

  /** By way of the store: it is told when Statsig is there. */
  private async tell({ plan }: ExperimentStatus, call: { call: 'decide'; arm: Arm; reason: string } | { call: 'abandon'; reason: string }, value: ParameterValue, atMs: number): Promise<void> {
    const { store, platform } = this.parts();
    const name = statsigNameOf(plan);
    const { parameter, hypothesis, control, treatment } = plan;
    // One that another program made is found by its name; where Statsig is away its record there stays open.
    const experiment = this.registered.get(plan.id) ?? (await platform.register({ name, parameter, hypothesis, control, treatment, successMetrics }).catch(() => null));
    if (experiment) await store.enqueue('console', { ...call, experiment } satisfies ConsoleDebt, atMs);
    await store.enqueue('console', { call: 'value', parameter, value } satisfies ValueDebt, atMs);
  }

  private async latest(parameter: ParameterName): Promise<ExperimentStatus> {
    const { store } = this.parts();
    definitionOf(parameter);
    const enrolled = (await store.parameter(parameter))?.enrolment?.experimentId;
    const of = (await store.experiments()).filter(({ plan }) => plan.parameter === parameter);
    const found = of.find(({ plan }) => plan.id === enrolled) ?? of.at(-1);
    if (!found) throw new NoSuchExperimentError(`there never was an experiment on ${parameter}`);
    return found;
  }

  private given(secretKey: string): { address: string; secretKey: string; consoleKey: string } {
    const consoleKey = this.options.consoleKey ?? process.env['STATSIG_CONSOLE_KEY'];
    if (!secretKey.startsWith('secret-')) throw new StatsigKeyError("Statsig's key of a server begins with secret-");
    if (!consoleKey) throw new StatsigKeyError('beside its key of a server Statsig wants one of its console: STATSIG_CONSOLE_KEY');
    return { address: this.options.address ?? cloudAddress, secretKey, consoleKey };
  }

  private parts(): Parts {
    if (!this.opened) throw new NotInitializedError('initialize() comes first');
    return this.opened;
  }
}

function isParameter(name: string): name is ParameterName {
  return parameterNames.some((known) => known === name);
}

/** @throws NoSuchExperimentError where there is no such parameter. */
function definitionOf(name: ParameterName): (typeof parameterTable)[ParameterName] {
  if (!isParameter(name)) throw new NoSuchExperimentError(`there is no parameter ${JSON.stringify(name)}: ${parameterNames.join(', ')}`);
  return parameterTable[name];
}

/** Whether a program made it with createExperiment. */
function isOwn({ plan }: ExperimentStatus): boolean {
  return plan.id.startsWith('exp_');
}

/** Of an experiment of this kind: `exp_<time>_<random>` is `<parameter>_optimization_<time>` at Statsig. */
function statsigNameOf({ parameter, id }: Pick<ExperimentPlan, 'parameter' | 'id'>): string {
  return `${parameter}_optimization_${id.split('_')[1] ?? ''}`;
}
