import { openAccount, type AccountState } from '../domain/account.js';
import { mapBounded } from '../domain/concurrency.js';
import { entityText } from '../domain/entity-text.js';
import type { CommandInput, CommandResult } from '../workflows/messages.js';
import { connect, type TemporalLink } from './connection.js';
import { NoSuchAccountError, NoSuchSessionError } from './errors.js';
import { loadTemporal, type LoadedTemporal } from './temporal-modules.js';
import { translated } from './temporal-errors.js';

const queryDeadlineMs = 5_000;
const commandDeadlineMs = 15_000;
const queriesAtOnce = 16;

/** Talks to the accounts whose limits sessions wait for. Every method throws ShimDownError if Temporal goes away, NoWorkerError if no worker answers. */
export class AccountClient {
  private constructor(
    private readonly link: TemporalLink,
    private readonly temporal: LoadedTemporal,
  ) {}

  /** Opens a client, lends it, and closes it. @throws ShimDownError */
  static async with<T>(home: string, environment: NodeJS.ProcessEnv, work: (client: AccountClient) => Promise<T>): Promise<T> {
    const link = await connect(home, environment);
    try {
      return await work(new AccountClient(link, await loadTemporal()));
    } finally {
      await link.connection.close();
    }
  }

  /** Every account that ever met a limit, by name. */
  async list(): Promise<AccountState[]> {
    const names = await this.asked(queryDeadlineMs, '', async () => {
      const found: string[] = [];
      for await (const { workflowId } of this.link.client.workflow.list({ query: "WorkflowType = 'account' AND ExecutionStatus = 'Running'" })) found.push(workflowId.replace(/^account\//, ''));
      return found;
    });
    return mapBounded(names.sort(), queriesAtOnce, (name) => this.status(name));
  }

  /** One that never met a limit is open. */
  async status(account: string): Promise<AccountState> {
    const { accountStatusQuery, accountWorkflowId } = this.temporal.accounts;
    try {
      return await this.asked(queryDeadlineMs, account, () => this.link.client.workflow.getHandle(accountWorkflowId(account)).query(accountStatusQuery));
    } catch (error) {
      if (error instanceof NoSuchSessionError) return openAccount(account, Date.now());
      throw error;
    }
  }

  /** Moves the end of the wait, or begins one: sessions that start until then wait. @param untilMs Unix ms. */
  waitUntil(account: string, command: CommandInput & { untilMs: number }): Promise<CommandResult> {
    const { client, messages, accounts } = this.temporal;
    const startWorkflowOperation = new client.WithStartWorkflowOperation('account', {
      workflowId: accounts.accountWorkflowId(account),
      args: [{ account }],
      taskQueue: messages.controlQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      ...entityText.account(account),
      typedSearchAttributes: [{ key: messages.searchAttributes.account, value: account }],
    });
    return this.asked(commandDeadlineMs, account, () => this.link.client.workflow.executeUpdateWithStart(accounts.waitUntilUpdate, { startWorkflowOperation, args: [command] }));
  }

  /** Ends the wait; where there is none, nothing changes. @throws NoSuchAccountError for one that never met a limit, as a mistyped one. */
  async cancelWait(account: string, command: CommandInput): Promise<CommandResult> {
    const { accountWorkflowId, cancelWaitUpdate } = this.temporal.accounts;
    try {
      return await this.asked(commandDeadlineMs, account, () => this.link.client.workflow.getHandle(accountWorkflowId(account)).executeUpdate(cancelWaitUpdate, { args: [command] }));
    } catch (error) {
      throw error instanceof NoSuchSessionError ? new NoSuchAccountError(account) : error;
    }
  }

  private asked<T>(deadlineMs: number, name: string, call: () => Promise<T>): Promise<T> {
    return translated(this.temporal.client, this.link, name, () => this.link.connection.withDeadline(Date.now() + deadlineMs, call));
  }
}
