import { setTimeout as delay } from 'node:timers/promises';
import { isOpen, isUp } from '../domain/fleet.js';
import { sessionStates, type SessionState } from '../domain/session.js';
import type { ApplyFleetInput, FleetAnswer, FleetStatus } from '../workflows/fleet-messages.js';
import type { CommandInput } from '../workflows/messages.js';
import { connect, type TemporalLink } from './connection.js';
import { NoSuchFleetError, NoSuchSessionError, NoWorkerError, ShimDownError, WaitTimeoutError } from './errors.js';
import { loadTemporal, type LoadedTemporal } from './temporal-modules.js';
import { translated } from './temporal-errors.js';

const queryDeadlineMs = 5_000;
const commandDeadlineMs = 20_000;
const pollMs = 250;

/** Talks to fleets. Every method throws ShimDownError if Temporal goes away, NoWorkerError if no worker answers, CommandRefusedError where what is asked for makes no sense. */
export class FleetClient {
  private constructor(
    private readonly link: TemporalLink,
    private readonly temporal: LoadedTemporal,
  ) {}

  /** Opens a client, lends it, and closes it. @throws ShimDownError if Temporal is not running or does not answer. */
  static async with<T>(home: string, environment: NodeJS.ProcessEnv, work: (client: FleetClient) => Promise<T>): Promise<T> {
    const link = await connect(home, environment);
    try {
      return await work(new FleetClient(link, await loadTemporal()));
    } finally {
      await link.connection.close();
    }
  }

  /** The fleet's page in the Web UI, or null where no Web UI is known. */
  uiUrl(name: string): string | null {
    const { uiUrl, namespace } = this.link;
    return uiUrl && `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(this.temporal.fleet.fleetWorkflowId(name))}`;
  }

  /** A fleet that has stopped answers too, for as long as Temporal keeps it. @throws NoSuchFleetError */
  status(name: string): Promise<FleetStatus> {
    return this.ofFleet(name, queryDeadlineMs, () => this.handle(name).query(this.temporal.fleet.fleetStatusQuery));
  }

  /** The fleet that a new set would change; null where none is open. */
  async open(name: string): Promise<FleetStatus | null> {
    try {
      const { status } = await this.ofFleet(name, queryDeadlineMs, () => this.handle(name).describe());
      return status.name === 'RUNNING' ? await this.status(name) : null;
    } catch (error) {
      if (error instanceof NoSuchFleetError) return null;
      throw error;
    }
  }

  /** All open fleets, by name. */
  async list(): Promise<FleetStatus[]> {
    const names = await this.namesOf("WorkflowType = 'superviseFleet' AND ExecutionStatus = 'Running'", /^fleet\//);
    return Promise.all(names.map((name) => this.status(name)));
  }

  /** The open sessions that bear the fleet's name, known to its workflow or not. */
  async sessionsOf(fleet: string): Promise<{ name: string; sessionId: string; state: SessionState }[]> {
    const { searchAttributes } = this.temporal.messages;
    // The name of a fleet has no quotes.
    const query = `WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running' AND ShimFleet = '${fleet}'`;
    return this.asked('', queryDeadlineMs, async () => {
      const found: { name: string; sessionId: string; state: SessionState }[] = [];
      for await (const { workflowId, memo, typedSearchAttributes } of this.link.client.workflow.list({ query })) {
        const state = sessionStates.find((each) => each === typedSearchAttributes.get(searchAttributes.state)) ?? 'starting';
        found.push({ name: workflowId.replace(/^session\//, ''), sessionId: typeof memo?.['sessionId'] === 'string' ? memo['sessionId'] : '', state });
      }
      return found;
    });
  }

  /** Names of all open sessions, whoever began them. */
  openSessions(): Promise<string[]> {
    return this.namesOf("WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running'", /^session\//);
  }

  /** Gives a fleet its desired set; the fleet is begun where there is none. */
  apply(name: string, hostId: string, input: ApplyFleetInput): Promise<FleetAnswer> {
    const { client, fleet, messages } = this.temporal;
    const startWorkflowOperation = new client.WithStartWorkflowOperation('superviseFleet', {
      workflowId: fleet.fleetWorkflowId(name),
      args: [{ name, hostId }],
      taskQueue: messages.controlQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      typedSearchAttributes: [
        { key: messages.searchAttributes.state, value: 'starting' },
        { key: messages.searchAttributes.host, value: hostId },
        { key: fleet.fleetSearchAttributes.fleet, value: name },
      ],
      staticSummary: `fleet ${name}`,
      staticDetails: 'Keeps a set of sessions: begins them in order, restarts them together as its strategy says, ends them in reverse.',
    });
    return this.ofFleet(name, commandDeadlineMs, () => this.link.client.workflow.executeUpdateWithStart(fleet.applyFleetUpdate, { startWorkflowOperation, args: [input] }));
  }

  /** @throws NoSuchFleetError */
  stop(name: string, command: CommandInput): Promise<FleetAnswer> {
    return this.ofFleet(name, commandDeadlineMs, () => this.handle(name).executeUpdate(this.temporal.fleet.stopFleetUpdate, { args: [command] }));
  }

  /** @throws NoSuchFleetError */
  reset(name: string, command: CommandInput): Promise<FleetAnswer> {
    return this.ofFleet(name, commandDeadlineMs, () => this.handle(name).executeUpdate(this.temporal.fleet.resetFleetUpdate, { args: [command] }));
  }

  /**
   * Waits until a fleet does nothing more by itself: all that can be up is, or it has stopped. A Temporal that is away is sat out.
   *
   * @param onChange told of each status. @throws WaitTimeoutError after `timeoutMs`.
   */
  async waitUntilSettled(name: string, timeoutMs: number, onChange: (status: FleetStatus) => void): Promise<FleetStatus> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status(name).catch((error: unknown) => {
        if ((error instanceof NoWorkerError || error instanceof ShimDownError) && performance.now() <= deadline) return null;
        throw error;
      });
      if (status) onChange(status);
      if (status && isSettled(status)) return status;
      if (status && performance.now() > deadline) throw new WaitTimeoutError(`waited ${Math.round(timeoutMs / 1_000)} s for fleet ${name}; it is ${status.state} (${status.reason}); look again: shim fleet ${name}`);
      await delay(pollMs);
    }
  }

  private async namesOf(query: string, prefix: RegExp): Promise<string[]> {
    const names = await this.asked('', queryDeadlineMs, async () => {
      const found: string[] = [];
      for await (const { workflowId } of this.link.client.workflow.list({ query })) found.push(workflowId.replace(prefix, ''));
      return found;
    });
    return names.toSorted();
  }

  private async ofFleet<T>(name: string, deadlineMs: number, call: () => Promise<T>): Promise<T> {
    try {
      return await this.asked(name, deadlineMs, call);
    } catch (error) {
      throw error instanceof NoSuchSessionError ? new NoSuchFleetError(name) : error;
    }
  }

  private handle(name: string) {
    return this.link.client.workflow.getHandle(this.temporal.fleet.fleetWorkflowId(name));
  }

  private asked<T>(name: string, deadlineMs: number, call: () => Promise<T>): Promise<T> {
    return translated(this.temporal.client, this.link, name, () => this.link.connection.withDeadline(Date.now() + deadlineMs, call));
  }
}

/** Whether a fleet does nothing more by itself: who still waits, waits for one that is not up. */
export function isSettled({ state, members, leaving }: FleetStatus): boolean {
  if (state === 'stopped') return true;
  if (state === 'stopping' || leaving.length > 0 || members.some((member) => member.isAwaited || member.state === 'starting' || member.state === 'stopping')) return false;
  if (state === 'failed') return members.every((member) => !isOpen(member.state) || member.state === 'paused' || member.state === 'failed');
  const stateOf = new Map(members.map((member) => [member.spec.name, member.state]));
  return members.every((member) => member.state !== 'waiting' || member.dependsOn.some((needed) => !isUp(stateOf.get(needed) ?? 'completed')));
}
