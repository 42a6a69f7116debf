import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { openAccount, type AccountState } from '../../domain/account.js';
import { accountStatusQuery, accountWorkflowId, answerSeenSignal } from '../../workflows/account-messages.js';
import { openCalls } from './open-calls.js';
import { poll } from './poll.js';
import type { WorkflowEnvironment } from './workflow-environment.js';

/** Ten sessions start on a busy machine, ms. */
const patienceMs = 20_000;

/** An account of a test's own. */
export class LimitedAccount {
  readonly name = `team/${randomUUID().slice(0, 8)}`;

  constructor(private readonly environment: WorkflowEnvironment) {}

  get workflowId(): string {
    return accountWorkflowId(this.name);
  }
  handle(): WorkflowHandle {
    return this.environment.client.workflow.getHandle(this.workflowId);
  }

  status(): Promise<AccountState> {
    return this.handle().query(accountStatusQuery);
  }

  /** Resolves with the first state that is as wanted; the account is begun with the first question. */
  until(wanted: (state: AccountState) => boolean): Promise<AccountState> {
    return poll(
      () =>
        this.status().catch((error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return openAccount(this.name, 0);
          throw error;
        }),
      wanted,
      patienceMs,
    );
  }

  /** Resolves once so many wait, and all that the account has to tell is told. */
  async waits(count: number): Promise<AccountState> {
    await this.until(({ phase, waiting }) => phase === 'limited' && waiting.length === count);
    await this.settled();
    return this.status();
  }

  /** No call and no task of it is open. */
  async settled(): Promise<void> {
    await poll(
      () => openCalls(this.handle()),
      (open) => open.length === 0,
    );
  }

  /** As its host would tell: a session's attempt had an answer. */
  async answered(session: string): Promise<void> {
    await this.handle().signal(answerSeenSignal, { session });
  }

  /** Seconds of each of its timers. */
  async timersSeconds(): Promise<number[]> {
    const { events } = await this.handle().fetchHistory();
    return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => (timer ? [Number(timer.startToFireTimeout?.seconds ?? 0)] : []));
  }

  /** When each session was let go, Unix ms. */
  async letGoTimes(): Promise<number[]> {
    const { events } = await this.handle().fetchHistory();
    return (events ?? []).flatMap(({ eventTime, signalExternalWorkflowExecutionInitiatedEventAttributes: signal }) => (signal?.signalName === 'letGo' ? [Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6] : []));
  }

  /** An account is never over by itself, and one that is open keeps the server from skipping. */
  dispose(): Promise<void> {
    return this.environment.endIfThere(this.workflowId);
  }
}
