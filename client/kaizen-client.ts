import type { UpdateDefinition } from '@temporalio/common';
import { entityText } from '../domain/entity-text.js';
import type { ExperimentStatus } from '../domain/experiments/experiment.js';
import { defaultKaizenSettings, type KaizenSettings } from '../domain/experiments/kaizen-settings.js';
import { planByHand, type WishToTry } from '../domain/experiments/plan-by-hand.js';
import { planDetails, planSummary } from '../domain/experiments/plan-text.js';
import type { KaizenMode } from '../domain/kaizen-mode.js';
import { mapBounded } from '../domain/concurrency.js';
import { parameterNames, type ParameterName, type ParameterValue } from '../domain/parameter-table.js';
import type { IssuedAlpha, KaizenStatus, ParameterStatus } from '../workflows/kaizen-messages.js';
import { connect, type TemporalLink } from './connection.js';
import { NoKaizenError, NoSuchExperimentError, NoSuchSessionError } from './errors.js';
import { loadTemporal, type LoadedTemporal } from './temporal-modules.js';
import { translated } from './temporal-errors.js';

const queryDeadlineMs = 5_000;
const commandDeadlineMs = 20_000;
const queriesAtOnce = 16;

/** Who asks, and why; for the histories. */
export interface Asker {
  by: string;
  reason: string;
}

/**
 * Talks to the kaizen loop, its experiments and the parameters. Every method throws ShimDownError if Temporal goes away, NoWorkerError
 * if no worker answers, CommandRefusedError where what is asked for makes no sense.
 */
export class KaizenClient {
  private constructor(
    private readonly link: TemporalLink,
    private readonly temporal: LoadedTemporal,
  ) {}

  /** @throws ShimDownError if Temporal is not running or does not answer. */
  static async connect(home: string, environment: NodeJS.ProcessEnv = process.env): Promise<KaizenClient> {
    const link = await connect(home, environment);
    return new KaizenClient(link, await loadTemporal());
  }

  /** Opens a client, lends it, and closes it. */
  static async with<T>(home: string, environment: NodeJS.ProcessEnv, work: (client: KaizenClient) => Promise<T>): Promise<T> {
    const client = await KaizenClient.connect(home, environment);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  async close(): Promise<void> {
    await this.link.connection.close();
  }

  /** The page of a workflow in the Web UI, or null where no Web UI is known. */
  uiUrl(workflowId: string): string | null {
    const { uiUrl, namespace } = this.link;
    return uiUrl && `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  }

  // Parameters

  /** What sessions are given of it, and who has it. One that nobody has touched has its default. */
  async parameter(name: ParameterName): Promise<ParameterStatus> {
    const { parameterStatusQuery, parameterWorkflowId, unsetParameter } = this.temporal.kaizen;
    try {
      return await this.asked(queryDeadlineMs, name, () => this.handle(parameterWorkflowId(name)).query(parameterStatusQuery));
    } catch (error) {
      if (error instanceof NoSuchSessionError) return unsetParameter(name);
      throw error;
    }
  }

  parameters(): Promise<ParameterStatus[]> {
    return Promise.all(parameterNames.map((name) => this.parameter(name)));
  }

  /** Gives every session this value; an experiment that has the parameter loses it. */
  setParameter(name: ParameterName, change: Asker & { value: ParameterValue }): Promise<ParameterStatus> {
    return this.ofParameter(name, this.temporal.kaizen.setParameterUpdate, change);
  }

  /** No experiment takes it until it is unfrozen. */
  freeze(name: ParameterName, asker: Asker): Promise<ParameterStatus> {
    return this.ofParameter(name, this.temporal.kaizen.freezeUpdate, asker);
  }

  unfreeze(name: ParameterName, { by }: Pick<Asker, 'by'>): Promise<ParameterStatus> {
    return this.ofParameter(name, this.temporal.kaizen.unfreezeUpdate, { by });
  }

  setMode(name: ParameterName, change: { mode: KaizenMode; by: string }): Promise<ParameterStatus> {
    return this.ofParameter(name, this.temporal.kaizen.setModeUpdate, change);
  }

  // Experiments

  /** All that Temporal still knows of, the newest first. */
  async experiments(): Promise<ExperimentStatus[]> {
    const ids = await this.asked(queryDeadlineMs, 'experiments', async () => {
      const found: string[] = [];
      for await (const { workflowId } of this.link.client.workflow.list({ query: "WorkflowType = 'runExperiment'" })) if (!found.includes(workflowId)) found.push(workflowId);
      return found;
    });
    const statuses = await mapBounded(ids, queriesAtOnce, (id) => this.experiment(id));
    return statuses.sort((a, b) => b.startedAtMs - a.startedAtMs);
  }

  /** @throws NoSuchExperimentError */
  async experiment(id: string): Promise<ExperimentStatus> {
    const { experimentStatusQuery } = this.temporal.kaizen;
    return this.ofExperiment(id, queryDeadlineMs, () => this.handle(id).query(experimentStatusQuery));
  }

  /**
   * Starts an experiment that a person asks for, by the settings of the scope's loop; it takes the next place of the scope's ledger.
   *
   * @returns its id. @throws ParameterValueError where the parameter cannot have the value, has it, or is not experimented on.
   */
  async tryValue(scope: string, wish: WishToTry): Promise<string> {
    const { kaizen, messages } = this.temporal;
    const status = await this.parameter(wish.parameter);
    const settings = await this.kaizenStatus(scope).then(
      (loop) => loop.settings,
      (error: unknown) => {
        if (error instanceof NoKaizenError) return defaultKaizenSettings;
        throw error;
      },
    );
    const id = kaizen.experimentWorkflowId(wish.parameter, status.experiments + 1);
    // Checked before a level is used up for it.
    planByHand(wish, settings, { control: status.value, id, index: 1, alpha: 0.01 });
    const { index, alpha } = await this.issueAlpha(scope, id);
    const plan = planByHand(wish, settings, { control: status.value, id, index, alpha });
    await this.asked(commandDeadlineMs, id, () =>
      this.link.client.workflow.start('runExperiment', {
        workflowId: id,
        taskQueue: messages.controlQueue,
        args: [{ scope, plan, opportunity: null }],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        typedSearchAttributes: [{ key: kaizen.kaizenSearchAttributes.parameter, value: wish.parameter }],
        staticSummary: planSummary(plan),
        staticDetails: planDetails(plan),
      }),
    );
    return id;
  }

  /** @throws NoSuchExperimentError */
  approve(id: string, { by }: Pick<Asker, 'by'>): Promise<ExperimentStatus> {
    return this.tell(id, this.temporal.kaizen.approveUpdate, { by });
  }

  pause(id: string, asker: Asker): Promise<ExperimentStatus> {
    return this.tell(id, this.temporal.kaizen.pauseExperimentUpdate, asker);
  }

  resume(id: string, { by }: Pick<Asker, 'by'>): Promise<ExperimentStatus> {
    return this.tell(id, this.temporal.kaizen.resumeExperimentUpdate, { by });
  }

  /** @param extension.deadlineMs how much later it has to be decided, ms. */
  extend(id: string, extension: { by: string; deadlineMs: number }): Promise<ExperimentStatus> {
    return this.tell(id, this.temporal.kaizen.extendUpdate, extension);
  }

  /** Ends it; sessions have control's value again. */
  abort(id: string, asker: Asker): Promise<ExperimentStatus> {
    return this.tell(id, this.temporal.kaizen.abortUpdate, asker);
  }

  // The loop

  /** Starts the loop of a scope, or changes the settings of the one that runs. */
  async startKaizen(scope: string, settings: Partial<KaizenSettings>, by: string): Promise<KaizenStatus> {
    const { client, kaizen, messages } = this.temporal;
    const workflowId = kaizen.kaizenWorkflowId(scope);
    const startWorkflowOperation = new client.WithStartWorkflowOperation('kaizenLoop', {
      workflowId,
      args: [{ scope, settings: { ...defaultKaizenSettings, ...settings } }],
      taskQueue: messages.controlQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `kaizen loop of ${scope}`,
      staticDetails: 'Looks for what can be improved, starts experiments, and says what it found.',
    });
    return this.asked(commandDeadlineMs, workflowId, () => this.link.client.workflow.executeUpdateWithStart(kaizen.changeSettingsUpdate, { startWorkflowOperation, args: [{ settings, by }] }));
  }

  /** @throws NoKaizenError */
  stopKaizen(scope: string, by: string): Promise<KaizenStatus> {
    const { stopKaizenUpdate, kaizenWorkflowId } = this.temporal.kaizen;
    return this.ofKaizen(() => this.asked(commandDeadlineMs, scope, () => this.handle(kaizenWorkflowId(scope)).executeUpdate(stopKaizenUpdate, { args: [{ by }] })));
  }

  /** @throws NoKaizenError */
  kaizenStatus(scope: string): Promise<KaizenStatus> {
    const { kaizenStatusQuery, kaizenWorkflowId } = this.temporal.kaizen;
    return this.ofKaizen(() => this.asked(queryDeadlineMs, scope, () => this.handle(kaizenWorkflowId(scope)).query(kaizenStatusQuery)));
  }

  /** Makes the loop look now. @throws NoKaizenError */
  nudge(scope: string, reason: string): Promise<void> {
    const { nudgeSignal, kaizenWorkflowId } = this.temporal.kaizen;
    return this.ofKaizen(() => this.asked(queryDeadlineMs, scope, () => this.handle(kaizenWorkflowId(scope)).signal(nudgeSignal, { reason })));
  }

  private issueAlpha(scope: string, experimentId: string): Promise<IssuedAlpha> {
    const { client, kaizen, messages } = this.temporal;
    const workflowId = kaizen.ledgerWorkflowId(scope);
    const startWorkflowOperation = new client.WithStartWorkflowOperation('alphaLedger', {
      workflowId,
      args: [{ scope }],
      taskQueue: messages.controlQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      ...entityText.ledger(scope),
    });
    return this.asked(commandDeadlineMs, workflowId, () => this.link.client.workflow.executeUpdateWithStart(kaizen.issueAlphaUpdate, { startWorkflowOperation, args: [{ experimentId }] }));
  }

  /** An entity is begun where there is none yet. */
  private ofParameter<Input>(name: ParameterName, update: UpdateDefinition<ParameterStatus, [Input]>, input: Input): Promise<ParameterStatus> {
    const { client, kaizen, messages } = this.temporal;
    const startWorkflowOperation = new client.WithStartWorkflowOperation('parameter', {
      workflowId: kaizen.parameterWorkflowId(name),
      args: [{ name }],
      taskQueue: messages.controlQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      ...entityText.parameter(name),
      typedSearchAttributes: [{ key: kaizen.kaizenSearchAttributes.parameter, value: name }],
    });
    return this.asked(commandDeadlineMs, name, () => this.link.client.workflow.executeUpdateWithStart(update, { startWorkflowOperation, args: [input] }));
  }

  private tell<Input>(id: string, update: UpdateDefinition<ExperimentStatus, [Input]>, input: Input): Promise<ExperimentStatus> {
    return this.ofExperiment(id, commandDeadlineMs, () => this.handle(id).executeUpdate(update, { args: [input] }));
  }

  private async ofExperiment<T>(id: string, deadlineMs: number, call: () => Promise<T>): Promise<T> {
    try {
      return await this.asked(deadlineMs, id, call);
    } catch (error) {
      throw error instanceof NoSuchSessionError ? new NoSuchExperimentError(id) : error;
    }
  }

  private async ofKaizen<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw error instanceof NoSuchSessionError ? new NoKaizenError() : error;
    }
  }

  private handle(workflowId: string) {
    return this.link.client.workflow.getHandle(workflowId);
  }

  private asked<T>(deadlineMs: number, name: string, call: () => Promise<T>): Promise<T> {
    return translated(this.temporal.client, this.link, name, () => this.link.connection.withDeadline(Date.now() + deadlineMs, call));
  }
}
