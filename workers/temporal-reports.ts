import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import type { CheckpointRef } from '../domain/checkpoint.js';
import type { SecondWriter } from '../domain/second-writer.js';
import type { Delivery, Reports } from '../host/reports.js';
import { accountWorkflowId, answerSeenSignal } from '../workflows/account-messages.js';
import { attemptEndedSignal, attemptRunningSignal, checkpointMadeSignal, hostWaitsSignal, secondWriterSeenSignal, sessionWorkflowId } from '../workflows/messages.js';

const firstRetryMs = 50;
const lastRetryMs = 2_000;

/** Sends a host's facts to its sessions' workflows as signals. */
export class TemporalReports implements Reports {
  constructor(
    private readonly client: Client,
    private readonly hostId: string,
    private readonly logger: Logger,
  ) {}

  running(key: AttemptKey, runningAtMs: number, signal: AbortSignal): Promise<Delivery> {
    const { sessionId, name, epoch, attemptId } = key;
    return this.deliver(sessionWorkflowId(name), signal, (handle) => handle.signal(attemptRunningSignal, { sessionId, name, epoch, attemptId, runningAtMs }));
  }

  ended(report: AttemptReport, signal: AbortSignal): Promise<Delivery> {
    return this.deliver(sessionWorkflowId(report.name), signal, (handle) => handle.signal(attemptEndedSignal, report));
  }

  checkpointMade(key: AttemptKey, checkpoint: CheckpointRef & { trigger: string }, signal: AbortSignal): Promise<Delivery> {
    return this.deliver(sessionWorkflowId(key.name), signal, (handle) => handle.signal(checkpointMadeSignal, checkpoint));
  }

  answered({ name }: AttemptKey, account: string, signal: AbortSignal): Promise<Delivery> {
    return this.deliver(accountWorkflowId(account), signal, (handle) => handle.signal(answerSeenSignal, { session: name }));
  }

  secondWriter(key: AttemptKey, writer: SecondWriter, signal: AbortSignal): Promise<Delivery> {
    const { sessionId, name, epoch, attemptId } = key;
    return this.deliver(sessionWorkflowId(name), signal, (handle) => handle.signal(secondWriterSeenSignal, { sessionId, name, epoch, attemptId, writer }));
  }

  waits(key: AttemptKey, reason: string, signal: AbortSignal): Promise<Delivery> {
    const { sessionId, name, epoch, attemptId } = key;
    return this.deliver(sessionWorkflowId(name), signal, (handle) => handle.signal(hostWaitsSignal, { sessionId, name, epoch, attemptId, reason }));
  }

  async supervised(): Promise<ReadonlyMap<string, string> | null> {
    const open = new Map<string, string>();
    try {
      for await (const { workflowId, memo } of this.client.workflow.list({ query: this.ofThisHost })) {
        const sessionId = memo?.['sessionId'];
        open.set(workflowId.replace(/^session\//, ''), typeof sessionId === 'string' ? sessionId : '');
      }
    } catch (error) {
      this.logger.warn({ error: describe(error) }, 'cannot list the supervised sessions');
      return null;
    }
    return open;
  }

  async countSupervised(): Promise<number | null> {
    try {
      return (await this.client.workflow.count(this.ofThisHost)).count;
    } catch (error) {
      this.logger.warn({ error: describe(error) }, 'cannot count the supervised sessions');
      return null;
    }
  }

  /** Of the sessions that are open on this host. */
  private get ofThisHost(): string {
    return `WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running' AND ShimHost = '${this.hostId}'`;
  }

  /** Retries until Temporal has it or says that nobody is there. @throws the abort reason once `signal` is aborted. */
  private async deliver(workflowId: string, signal: AbortSignal, send: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<void>): Promise<Delivery> {
    const handle = this.client.workflow.getHandle(workflowId);
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(lastRetryMs, waitMs * 2)) {
      signal.throwIfAborted();
      try {
        await send(handle);
        return 'delivered';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'gone';
        this.logger.warn({ workflowId, error: describe(error) }, 'Temporal cannot be told; trying again');
      }
      await delay(waitMs, undefined, { signal });
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
