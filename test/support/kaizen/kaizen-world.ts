import { randomUUID } from 'node:crypto';
import { createDetectActivities } from '../../../activities/detect-activities.js';
import { createEntityActivities } from '../../../activities/entity-activities.js';
import { createKaizenActivities } from '../../../activities/kaizen-activities.js';
import { createParameterActivities } from '../../../activities/parameter-activities.js';
import type { DetectorOptions } from '../../../analytics/detector/opportunity-detector.js';
import type { ExperimentPlan, ExperimentStatus } from '../../../domain/experiments/experiment.js';
import { defaultKaizenSettings, type KaizenSettings } from '../../../domain/experiments/kaizen-settings.js';
import type { Opportunity } from '../../../domain/experiments/opportunity.js';
import type { KaizenMode } from '../../../domain/kaizen-mode.js';
import type { Look } from '../../../domain/opportunity-rules/look.js';
import { parameterNames, type ParameterName } from '../../../domain/parameter-table.js';
import type { kaizenLoop } from '../../../workflows/kaizen-loop.js';
import {
  experimentStatusQuery,
  experimentWorkflowId,
  kaizenStatusQuery,
  kaizenWorkflowId,
  ledgerWorkflowId,
  nudgeSignal,
  parameterWorkflowId,
  setModeUpdate,
  type KaizenStatus,
} from '../../../workflows/kaizen-messages.js';
import { controlQueue } from '../../../workflows/messages.js';
import type { parameter } from '../../../workflows/parameter.js';
import { aPlan, aStatus } from '../an-experiment.js';
import { poll } from '../poll.js';
import { WorkflowEnvironment } from '../workflow-environment.js';
import { PublishedParameters } from './published-parameters.js';

/** What the rules are told, as far as tests look into it. */
export type Asked = Partial<DetectorOptions>;

/** A time-skipping Temporal with the kaizen loop, its entities, scripted rules, and experiments that do as they are told. */
export class KaizenWorld {
  /** What the rules find at each look. */
  finds: (asked: Asked) => Promise<Look> = () => Promise.resolve({ found: [], notFound: [] });
  readonly asked: Asked[] = [];
  private recorded: ExperimentStatus[] = [];
  /** Numbers up to this have been had by experiments of every parameter: no id comes twice on one server. */
  private numbered = 0;
  store = new PublishedParameters();
  private readonly begun = new Set<string>();
  private loop: string | null = null;

  private constructor(readonly environment: WorkflowEnvironment) {}

  static async create(): Promise<KaizenWorld> {
    let world: KaizenWorld | null = null;
    const here = (): KaizenWorld => {
      if (!world) throw new Error('a call came before there was a world');
      return world;
    };
    const environment = await WorkflowEnvironment.create((client) => {
      const entities = createEntityActivities({ client });
      const look = (asked: Asked = {}) => {
        here().asked.push(asked);
        return here().finds(asked);
      };
      return {
        ...entities,
        ...createParameterActivities({ client, store: { parameter: (name) => here().store.parameter(name), publish: (published) => here().store.publish(published) } }),
        ...createKaizenActivities({ client, entities, store: { experiments: () => Promise.resolve(here().recorded) } }),
        ...createDetectActivities({ detector: { look } }),
        pushParameter: () => Promise.resolve(0),
      };
    }, 'scripted_experiments');
    world = new KaizenWorld(environment);
    return world;
  }

  find(...found: Opportunity[]): void {
    this.finds = ({ parameters = {} }) => Promise.resolve({ found: found.filter(({ parameter }) => !parameters[parameter]?.taken), notFound: [] });
  }

  /** The loop of a new scope. */
  async start(settings: Partial<KaizenSettings> = {}): Promise<void> {
    const scope = randomUUID().slice(0, 8);
    this.loop = kaizenWorkflowId(scope);
    this.begun.add(this.loop).add(ledgerWorkflowId(scope));
    for (const name of parameterNames) this.begun.add(parameterWorkflowId(name));
    await this.startAgain({ ...defaultKaizenSettings, ...settings });
  }

  startAgain(settings: KaizenSettings = defaultKaizenSettings) {
    return this.environment.client.workflow.start<typeof kaizenLoop>('kaizenLoop', { workflowId: this.loopId, taskQueue: controlQueue, args: [{ scope: this.scope, settings }], workflowIdConflictPolicy: 'USE_EXISTING' });
  }

  get loopId(): string {
    if (this.loop === null) throw new Error('no loop was started');
    return this.loop;
  }
  get scope(): string {
    return this.loopId.replace(/^kaizen\//, '');
  }

  /** The id of the n-th experiment of this test. */
  id(name: ParameterName, n = 1): string {
    return experimentWorkflowId(name, this.numbered + n);
  }

  handle() {
    return this.environment.client.workflow.getHandle<typeof kaizenLoop>(this.loopId);
  }

  status(): Promise<KaizenStatus> {
    return this.handle().query(kaizenStatusQuery);
  }

  /** Resolves with the status once so many looks were made. */
  looked(looks: number): Promise<KaizenStatus> {
    return poll(() => this.status(), (status) => status.looks >= looks && status.lastLookAtMs !== null && status.reason.startsWith('the last look'));
  }

  /** One more look. */
  async look(): Promise<KaizenStatus> {
    const { looks } = await this.status();
    await this.handle().signal(nudgeSignal, { reason: 'a test wants it' });
    return this.looked(looks + 1);
  }

  async setMode(name: ParameterName, mode: KaizenMode): Promise<void> {
    await this.parameter(name).executeUpdate(setModeUpdate, { args: [{ mode, by: 'test' }] });
  }

  parameter(name: ParameterName) {
    return this.environment.client.workflow.getHandle<typeof parameter>(parameterWorkflowId(name));
  }

  /** The plan of an experiment that the loop began. */
  async plan(id: string): Promise<ExperimentPlan> {
    this.begun.add(id);
    return (await this.environment.client.workflow.getHandle(id).query(experimentStatusQuery)).plan;
  }

  /** A workflow that is ended with the others. */
  async begin(type: string, workflowId: string, input: object): Promise<void> {
    this.begun.add(workflowId);
    await this.environment.client.workflow.start(type, { workflowId, taskQueue: controlQueue, args: [input], workflowIdConflictPolicy: 'USE_EXISTING' });
  }

  /** Resolves once no call and no task of a workflow is open: its history stands still. */
  async quiet(workflowId: string): Promise<void> {
    await poll(
      async () => (await this.environment.client.workflow.getHandle(workflowId).describe()).raw,
      ({ pendingActivities, pendingWorkflowTask }) => !pendingActivities?.length && !pendingWorkflowTask,
    );
  }

  /** Ends the loop, its entities and its experiments, and forgets what was scripted. */
  async reset(): Promise<void> {
    if (this.loop !== null) for (const id of (await this.status()).experiments) this.begun.add(id);
    for (const workflowId of [...this.begun].toSorted((one, other) => Number(other === this.loop) - Number(one === this.loop))) await this.environment.endIfThere(workflowId);
    this.begun.clear();
    this.loop = null;
    this.asked.length = 0;
    this.numbered += 10;
    this.recorded = parameterNames.map((name) => aStatus({ plan: aPlan({ id: this.id(name, 0), parameter: name }) }));
    this.store = new PublishedParameters();
    this.finds = () => Promise.resolve({ found: [], notFound: [] });
  }
}
