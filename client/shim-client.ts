import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { AccountState } from '../domain/account.js';
import type { ChannelTried, TryNoticesInput } from '../domain/notice-channels.js';
import { sessionNameSchema, type SessionSpec, type SessionState } from '../domain/session.js';
import type { CarriedSession, CommandInput, CommandResult, HostStatus, PromptsView, QueuedAnswer, RemovePromptInput, SendInput, SessionResult, SessionStatus } from '../workflows/messages.js';
import { specDetails, specSummary } from '../domain/spec-text.js';
import { mapBounded } from '../domain/concurrency.js';
import { connect, type TemporalLink } from './connection.js';
import { CommandRefusedError, DuplicateSessionError, NoSuchSessionError, NoWorkerError, ShimDownError, WaitTimeoutError } from './errors.js';
import { listedAtOnce, listOpenSessions, openSessions, type ListedSession } from './open-sessions.js';
import { loadTemporal, type LoadedTemporal } from './temporal-modules.js';
import { translated } from './temporal-errors.js';

const pollMs = 120;
/** A query that no worker answers within this is taken as unanswerable, ms. */
const queryDeadlineMs = 5_000;
const commandDeadlineMs = 15_000;
/** A channel has up to two minutes for one try, ms. */
const tryNoticesDeadlineMs = 200_000;
const queriesAtOnce = 16;

const openGroups = "WorkflowType IN ('superviseFleet', 'account') AND ExecutionStatus = 'Running'";

/** The phase of an account whose sessions wait for a timer. */
const limited: AccountState['phase'] = 'limited';

/** A fleet or an account as Temporal lists it. */
export interface ListedGroup {
  kind: 'fleet' | 'account';
  name: string;
  /** Of a fleet its state, of an account its phase. */
  state: string;
  /** When the limit of an account is over, ISO 8601; null where it has none, and for fleets. */
  until: string | null;
}

/** What a session can be told. */
export const sessionCommands = ['pause', 'resume', 'restart', 'stop', 'reset', 'checkpointNow'] as const;
export type SessionCommand = (typeof sessionCommands)[number];

/** Starts sessions and talks to them. Every method throws ShimDownError if Temporal goes away, NoWorkerError if no worker answers. */
export class ShimClient {
  private constructor(
    private readonly link: TemporalLink,
    private readonly temporal: LoadedTemporal,
  ) {}

  /** @throws ShimDownError if Temporal is not running or does not answer. */
  static async connect(home: string, environment: NodeJS.ProcessEnv = process.env): Promise<ShimClient> {
    const link = await connect(home, environment);
    return new ShimClient(link, await loadTemporal());
  }

  async close(): Promise<void> {
    await this.link.connection.close();
  }

  /** Temporal's address. */
  get address(): string {
    return this.link.address;
  }

  /** The session's page in the Web UI, or null where no Web UI is known. */
  uiUrl(name: string): string | null {
    const { uiUrl, namespace } = this.link;
    return uiUrl && `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(this.temporal.messages.sessionWorkflowId(name))}`;
  }

  /**
   * Starts the workflow that supervises a new session on a host. What the session hands on to its agent must lie in the
   * host's environment file already.
   *
   * @param carried what it goes on from; a new session without it.
   * @throws DuplicateSessionError if an open session bears the name.
   */
  async startSession(spec: SessionSpec, hostId: string, carried?: CarriedSession): Promise<void> {
    const { client, fleet, messages } = this.temporal;
    const { searchAttributes, controlQueue, sessionRevision, sessionWorkflowId } = messages;
    try {
      await this.asked(commandDeadlineMs, spec.name, () =>
        this.link.client.workflow.start('superviseSession', {
          workflowId: sessionWorkflowId(spec.name),
          taskQueue: controlQueue,
          args: [{ spec, hostId, revision: sessionRevision, ...(carried ? { carried } : {}) }],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          // The host tells by it whether a running session is the one whose folder it has.
          memo: { sessionId: spec.sessionId },
          typedSearchAttributes: [
            { key: searchAttributes.state, value: carried?.state ?? 'starting' },
            { key: searchAttributes.agent, value: spec.agent },
            { key: searchAttributes.host, value: hostId },
            { key: searchAttributes.attempt, value: carried?.epoch ?? 1 },
            { key: searchAttributes.restarts, value: carried?.restarts ?? 0 },
            ...(spec.account === undefined ? [] : [{ key: searchAttributes.account, value: spec.account }]),
            ...(spec.fleet === undefined ? [] : [{ key: fleet.fleetSearchAttributes.fleet, value: spec.fleet }]),
          ],
          staticSummary: specSummary(spec),
          staticDetails: specDetails(spec, hostId),
        }),
      );
    } catch (error) {
      if (error instanceof client.WorkflowExecutionAlreadyStartedError) throw new DuplicateSessionError(spec.name);
      throw error;
    }
  }

  /** @throws NoSuchSessionError if Temporal does not know the session (any more). */
  status(name: string): Promise<SessionStatus> {
    return this.asked(queryDeadlineMs, name, () => this.handle(name).query(this.temporal.messages.statusQuery));
  }

  /** All open sessions, by name. */
  async list(): Promise<SessionStatus[]> {
    const names = await this.asked(queryDeadlineMs, '', async () => {
      const found: string[] = [];
      for await (const { workflowId } of this.link.client.workflow.list({ query: openSessions })) {
        found.push(workflowId.replace(/^session\//, ''));
      }
      return found;
    });
    const statuses = await mapBounded(names.sort(), queriesAtOnce, (name) =>
      this.status(name).catch((error: unknown) => {
        if (error instanceof NoSuchSessionError) return null;
        throw error;
      }),
    );
    return statuses.filter((status) => status !== null);
  }

  /** The open sessions as Temporal lists them, in one call however many there are; what it lists may be a moment old. */
  async listOpen(): Promise<ListedSession[]> {
    return this.asked(queryDeadlineMs, '', () => listOpenSessions(this.link, this.temporal));
  }

  /** The open fleets, and the accounts that ever met a limit, by kind and name: in one call, and one for each account that is limited. */
  async listGroups(): Promise<ListedGroup[]> {
    const { searchAttributes } = this.temporal.messages;
    const groups = await this.asked(queryDeadlineMs, '', async () => {
      const found: ListedGroup[] = [];
      for await (const { workflowId, typedSearchAttributes } of this.link.client.workflow.list({ query: openGroups, pageSize: listedAtOnce })) {
        const [, kind, name] = /^(fleet|account)\/(.+)$/.exec(workflowId) ?? [];
        if (kind && name) found.push({ kind: kind as ListedGroup['kind'], name, state: typedSearchAttributes.get(searchAttributes.state) ?? 'unknown', until: null });
      }
      return found.sort((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind === 'fleet' ? -1 : 1));
    });
    return mapBounded(groups, queriesAtOnce, async (group) => (group.kind === 'account' && group.state === limited ? { ...group, until: await this.endOfLimit(group.name) } : group));
  }

  /** Null also where nobody answers: its phase is known all the same. */
  private async endOfLimit(account: string): Promise<string | null> {
    const { accountStatusQuery, accountWorkflowId } = this.temporal.accounts;
    try {
      const { untilMs } = await this.asked(queryDeadlineMs, account, () => this.link.client.workflow.getHandle(accountWorkflowId(account)).query(accountStatusQuery));
      return untilMs === null ? null : new Date(untilMs).toISOString();
    } catch (error) {
      if (error instanceof NoSuchSessionError || error instanceof NoWorkerError) return null;
      throw error;
    }
  }

  /** @param deadlineMs for its answer. @throws NoSuchSessionError if the host was never supervised. */
  hostStatus(hostId: string, deadlineMs = queryDeadlineMs): Promise<HostStatus> {
    const { hostWorkflowId, hostStatusQuery } = this.temporal.messages;
    return this.asked(deadlineMs, hostId, () => this.link.client.workflow.getHandle(hostWorkflowId(hostId)).query(hostStatusQuery));
  }

  /** Has a host send a notice that says it is a test through its channels. @throws CommandRefusedError where the host cannot; NoSuchSessionError if it was never supervised. */
  tryNotices(hostId: string, input: TryNoticesInput): Promise<ChannelTried[]> {
    const { hostWorkflowId, tryNoticesUpdate } = this.temporal.messages;
    return this.asked(tryNoticesDeadlineMs, hostId, () => this.link.client.workflow.getHandle(hostWorkflowId(hostId)).executeUpdate(tryNoticesUpdate, { args: [input] }));
  }

  pause(name: string, command: CommandInput): Promise<CommandResult> {
    return this.command('pause', name, command);
  }
  resume(name: string, command: CommandInput): Promise<CommandResult> {
    return this.command('resume', name, command);
  }
  restart(name: string, command: CommandInput): Promise<CommandResult> {
    return this.command('restart', name, command);
  }
  stop(name: string, command: CommandInput): Promise<CommandResult> {
    return this.command('stop', name, command);
  }
  reset(name: string, command: CommandInput): Promise<CommandResult> {
    return this.command('reset', name, command);
  }
  checkpointNow(name: string, command: CommandInput): Promise<CommandResult> {
    return this.command('checkpointNow', name, command);
  }

  /**
   * Sends a command and returns what the session answers: it took effect, or it will. To stop a closed session is no error.
   *
   * @throws CommandRefusedError if it makes no sense in the session's present state; NoSuchSessionError.
   */
  async command(command: SessionCommand, name: string, input: CommandInput): Promise<CommandResult> {
    const update = this.temporal.messages[`${command}Update`];
    try {
      return await this.asked(commandDeadlineMs, name, () => this.handle(name).executeUpdate(update, { args: [input] }));
    } catch (error) {
      if (!(error instanceof NoSuchSessionError) || !(await this.isClosed(name))) throw error;
      const { state, reason } = await this.status(name);
      if (command === 'stop') return { outcome: 'applied', message: `${name} is ${state} already` };
      throw new CommandRefusedError(`${name} is ${state} (${reason}) and will not return; start a new session instead: shim run`, { cause: error });
    }
  }

  /** Adds a follow-up prompt to a session's queue. @throws CommandRefusedError if it cannot be kept, or the session has closed; NoSuchSessionError. */
  async send(name: string, input: SendInput): Promise<QueuedAnswer> {
    const { sendUpdate } = this.temporal.messages;
    return this.ofOpen(name, () => this.handle(name).executeUpdate(sendUpdate, { args: [input] }));
  }

  /** Takes a prompt out of a session's queue. @throws CommandRefusedError if it does not wait; NoSuchSessionError. */
  async removePrompt(name: string, input: RemovePromptInput): Promise<CommandResult> {
    const { removePromptUpdate } = this.temporal.messages;
    return this.ofOpen(name, () => this.handle(name).executeUpdate(removePromptUpdate, { args: [input] }));
  }

  /** The prompts that wait for a session. @throws NoSuchSessionError. */
  prompts(name: string): Promise<PromptsView> {
    return this.asked(queryDeadlineMs, name, () => this.handle(name).query(this.temporal.messages.promptsQuery));
  }

  private async ofOpen<T>(name: string, call: () => Promise<T>): Promise<T> {
    try {
      return await this.asked(commandDeadlineMs, name, call);
    } catch (error) {
      if (!(error instanceof NoSuchSessionError) || !(await this.isClosed(name))) throw error;
      const { state, reason } = await this.status(name);
      throw new CommandRefusedError(`${name} is ${state} (${reason}) and takes no more; start a new session instead: shim run`, { cause: error });
    }
  }

  /**
   * Waits until a session's state is one of `states`, as seen by polling.
   *
   * @param onChange told of each status that differs in state or reason from the one before.
   * @param isOver says of a status in another state that there is nothing more to wait for.
   * @throws WaitTimeoutError after `timeoutMs`.
   */
  async waitForState(name: string, states: readonly SessionState[], timeoutMs: number, onChange?: (status: SessionStatus) => void, isOver = (_status: SessionStatus) => false): Promise<SessionStatus> {
    let seen = '';
    return this.waitUntil(name, timeoutMs, states.join(' or '), (status) => {
      const now = `${status.state}: ${status.reason}`;
      if (now !== seen) onChange?.(status);
      seen = now;
      return Promise.resolve(states.includes(status.state) || isOver(status));
    });
  }

  /**
   * Waits until the host has answered the requests for a checkpoint that were made before the call.
   *
   * @returns the status then: `checkpoint` is the latest, `checkpointProblem` says why there is no newer one.
   * @throws WaitTimeoutError after `timeoutMs`.
   */
  async waitForCheckpoint(name: string, timeoutMs: number): Promise<SessionStatus> {
    // The request is an activity of the workflow, scheduled before the update was answered.
    await this.waitUntil(name, timeoutMs, 'its checkpoint', async () => {
      const { raw } = await this.asked(queryDeadlineMs, name, () => this.handle(name).describe());
      return !(raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'createCheckpoint');
    });
    return this.status(name);
  }

  /** Waits until a session closes, without asking again and again: many may be waited for at once. @throws NoSuchSessionError. */
  async waitUntilClosed(name: string): Promise<SessionResult> {
    return translated(this.temporal.client, this.link, name, () => this.handle(name).result() as Promise<SessionResult>);
  }

  private async waitUntil(name: string, timeoutMs: number, whatFor: string, holds: (status: SessionStatus) => Promise<boolean>): Promise<SessionStatus> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.statusOrNull(name, deadline);
      if (status && (await holds(status))) return status;
      if (status && performance.now() > deadline) {
        throw new WaitTimeoutError(`waited ${Math.round(timeoutMs / 1000)} s for ${name} to reach ${whatFor}; it is ${status.state} (${status.reason}); look again: shim status ${name}`);
      }
      await delay(pollMs);
    }
  }

  /** Null while Temporal or its workers are away: a wait sits that out, up to its own deadline. */
  private async statusOrNull(name: string, deadline: number): Promise<SessionStatus | null> {
    try {
      return await this.status(name);
    } catch (error) {
      const isAway = error instanceof NoWorkerError || error instanceof ShimDownError;
      if (!isAway || performance.now() > deadline) throw error;
      return null;
    }
  }

  private async isClosed(name: string): Promise<boolean> {
    try {
      const { status } = await this.asked(queryDeadlineMs, name, () => this.handle(name).describe());
      return status.name !== 'RUNNING';
    } catch (error) {
      if (error instanceof NoSuchSessionError) return false;
      throw error;
    }
  }

  private handle(name: string): WorkflowHandle {
    return this.link.client.workflow.getHandle(this.temporal.messages.sessionWorkflowId(sessionNameSchema.parse(name)));
  }

  private asked<T>(deadlineMs: number, name: string, call: () => Promise<T>): Promise<T> {
    return translated(this.temporal.client, this.link, name, () => this.link.connection.withDeadline(Date.now() + deadlineMs, call));
  }
}
