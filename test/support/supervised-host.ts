import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { LeaseActivities } from '../../activities/lease-activities.js';
import { controlQueue, hostStatusQuery, hostWorkflowId, leaseHeldSignal, type HostStatus } from '../../workflows/messages.js';
import type { superviseHost } from '../../workflows/supervise-host.js';
import { poll } from './poll.js';
import type { RunningWorker, WorkflowEnvironment } from './workflow-environment.js';

/** A host under supervision whose lease is held until a test takes it away or its worker stops. */
export class SupervisedHost {
  readonly hostId = `host-${randomUUID().slice(0, 8)}`;
  /** How often the host was asked to hold a lease. */
  leasesAsked = 0;
  /** Set where it hangs: it takes leases and never says a word. */
  hangs = false;
  /** Set where it cannot hold any. */
  refusal: string | null = null;
  private worker: RunningWorker | null = null;
  private takeAway: (error: Error) => void = () => undefined;

  private constructor(private readonly environment: WorkflowEnvironment) {}

  static async start(environment: WorkflowEnvironment, choices: { away?: boolean } = {}): Promise<SupervisedHost> {
    const host = new SupervisedHost(environment);
    await environment.client.workflow.start<typeof superviseHost>('superviseHost', { workflowId: host.workflowId, taskQueue: controlQueue, args: [{ hostId: host.hostId }] });
    if (!choices.away) await host.comes();
    return host;
  }

  get workflowId(): string {
    return hostWorkflowId(this.hostId);
  }

  async comes(): Promise<void> {
    const activities: LeaseActivities = {
      holdLease: async () => {
        const { heartbeat, cancelled } = Context.current();
        this.leasesAsked += 1;
        if (this.refusal !== null) throw ApplicationFailure.nonRetryable(this.refusal);
        if (!this.hangs) await this.handle().signal(leaseHeldSignal, { bootId: 'boot', pid: 7, metricsPort: null });
        const taken = new Promise<never>((_resolve, reject) => {
          this.takeAway = reject;
        });
        const timer = setInterval(() => this.hangs || heartbeat(), 1_000);
        return Promise.race([cancelled, taken]).finally(() => clearInterval(timer));
      },
    };
    this.worker = await this.environment.startHost(this.hostId, activities);
  }

  async goes(): Promise<void> {
    await this.worker?.stop();
    this.worker = null;
  }

  /** The lease that is held ends as if its holder had gone silent. */
  loseLease(why: string): void {
    this.takeAway(ApplicationFailure.nonRetryable(why));
  }

  status(): Promise<HostStatus> {
    return this.handle().query(hostStatusQuery);
  }

  until(wanted: (status: HostStatus) => boolean, patienceMs?: number): Promise<HostStatus> {
    return poll(() => this.status(), wanted, patienceMs);
  }

  async dispose(): Promise<void> {
    await this.handle().terminate('the test is over');
    await this.goes();
  }

  private handle() {
    return this.environment.client.workflow.getHandle<typeof superviseHost>(this.workflowId);
  }
}
