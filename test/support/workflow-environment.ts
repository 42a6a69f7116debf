import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { ensureBinary } from '../../scripts/find-binary.mjs';
import { controlQueue, hostQueue } from '../../workflows/messages.js';
import { registeredAttributes } from '../../workflows/registered-attributes.js';
import { poll } from './poll.js';
import { bundledWorkflows, type Bundle } from './workflow-bundle.js';

/** Stands in every recorded history instead of a process and a machine. */
const identity = 'test';

/** Numbers of the types in temporal.api.enums.v1.IndexedValueType. */
const indexedValueTypes = { Keyword: 2, Int: 3 } as const;

/** The runtime is one a process, and is set up once. */
let isQuiet = false;

/** A worker that runs until it is stopped. */
export interface RunningWorker {
  stop(): Promise<void>;
}

/** A time-skipping Temporal with a control worker; hosts come and go. No time passes but the machine's own and what `skip` lets pass. */
export class WorkflowEnvironment {
  private readonly workers = new Set<RunningWorker>();
  private control: RunningWorker | null = null;

  /** Waiting for a result does not let time pass: it would jump over every session that has no timer, to its very end. */
  readonly client: Client;

  private constructor(
    private readonly server: TestWorkflowEnvironment,
    private readonly controlActivities: (client: Client) => object,
    private readonly bundle: Bundle,
  ) {
    this.client = new Client({ connection: server.connection, identity });
  }

  /** @param controlActivities what the control worker can do beside running the workflows; none by default. */
  static async create(controlActivities: (client: Client) => object = () => ({}), bundle: Bundle = 'workflows'): Promise<WorkflowEnvironment> {
    if (!isQuiet) Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
    isQuiet = true;
    const server = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: ensureBinary('test-server') } },
    });
    await server.connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(Object.entries(registeredAttributes).map(([name, type]) => [name, indexedValueTypes[type]])),
    });
    const environment = new WorkflowEnvironment(server, controlActivities, bundle);
    await environment.startControl();
    return environment;
  }

  get address(): string {
    return this.server.address;
  }

  /** Unix ms of the server, which is ahead of the machine's by what was skipped. */
  now(): Promise<number> {
    return this.server.currentTimeMs();
  }

  /** Lets this time pass on the server, ms. */
  async skip(durationMs: number): Promise<void> {
    await this.server.sleep(durationMs);
  }

  /** As end; a workflow that never was is ended, too. */
  async endIfThere(workflowId: string): Promise<void> {
    try {
      await this.end(workflowId);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  /** Whether no call and no task of it is open, or there is no such workflow. */
  async isAtRest(workflowId: string): Promise<boolean> {
    try {
      const { status, raw } = await this.client.workflow.getHandle(workflowId).describe();
      return status.name !== 'RUNNING' || (!raw.pendingActivities?.length && !raw.pendingWorkflowTask);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      throw error;
    }
  }

  /** Terminates a workflow if it is open, once no call and no task of it is: they would keep the server from ever skipping time again. */
  async end(workflowId: string): Promise<void> {
    const handle = this.client.workflow.getHandle(workflowId);
    const { status } = await poll(
      () => handle.describe(),
      ({ status, raw }) => status.name !== 'RUNNING' || (!raw.pendingActivities?.length && !raw.pendingWorkflowTask),
    );
    if (status.name === 'RUNNING') await handle.terminate('the test is over');
  }

  /** While nobody runs the workflows, what a new one is told is gathered: its first task has it all. */
  async withoutControl<T>(meanwhile: () => Promise<T>): Promise<T> {
    await this.control?.stop();
    try {
      return await meanwhile();
    } finally {
      await this.startControl();
    }
  }

  /** The worker of a host: without it the host is away. */
  startHost(hostId: string, activities: object): Promise<RunningWorker> {
    return this.run({ taskQueue: hostQueue(hostId), activities });
  }

  /** Stops every worker, then the server. */
  async close(): Promise<void> {
    await Promise.all([...this.workers].map((worker) => worker.stop()));
    await this.server.teardown();
  }

  private async startControl(): Promise<void> {
    const activities = this.controlActivities(this.client);
    this.control = await this.run({ taskQueue: controlQueue, workflowBundle: { codePath: await bundledWorkflows(this.bundle) }, ...(Object.keys(activities).length > 0 ? { activities } : {}) });
  }

  private async run(options: WorkerOptions): Promise<RunningWorker> {
    const worker = await Worker.create({ connection: this.server.nativeConnection, identity, shutdownGraceTime: '1 ms', ...options });
    const ended = worker.run();
    const running: RunningWorker = {
      stop: async () => {
        if (this.workers.delete(running)) worker.shutdown();
        await ended;
      },
    };
    this.workers.add(running);
    return running;
  }
}
