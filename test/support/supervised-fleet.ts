import { randomUUID } from 'node:crypto';
import { createHostActivities, type SessionHost } from '../../activities/host-activities.js';
import { createNoticeActivities } from '../../activities/notice-activities.js';
import { fleetSettingsSchema, type FleetMember, type FleetStrategy } from '../../domain/fleet.js';
import type { Notice } from '../../domain/notice.js';
import { applyFleetUpdate, fleetStatusQuery, fleetWorkflowId, type CarriedFleet, type FleetAnswer, type FleetStatus, type TakenMember } from '../../workflows/fleet-messages.js';
import { controlQueue, sessionWorkflowId } from '../../workflows/messages.js';
import type { superviseFleet } from '../../workflows/supervise-fleet.js';
import { openCalls } from './open-calls.js';
import { poll } from './poll.js';
import { ScriptedHost, type Act } from './scripted-host.js';
import { aSpec } from './session-fixtures.js';
import type { RunningWorker, WorkflowEnvironment } from './workflow-environment.js';

/** A member that a test wants, by a short name. */
export interface Wanted {
  name: string;
  dependsOn?: string[];
  script?: Act[];
  policy?: object;
}

export interface FleetChoices {
  strategy?: FleetStrategy;
  atOnce?: number;
  maxFailures?: number;
  windowMs?: number;
}

/** A fleet under supervision on a host of its own, whose agents follow scripts. */
export class SupervisedFleet {
  readonly name = `fleet-${randomUUID().slice(0, 8)}`;
  /** What the host was asked for, in order: `start a`, `stop b`, `pause c`, by the members' short names. */
  readonly asked: string[] = [];
  /** What people were told. */
  readonly notices: Notice[] = [];
  private readonly hosts = new Map<string, ScriptedHost>();
  private readonly hostId = `host-${this.name}`;
  private readonly scripts = new Map<string, Act[]>();
  private worker: RunningWorker | null = null;
  private generation = 0;

  private constructor(private readonly environment: WorkflowEnvironment) {}

  static async start(environment: WorkflowEnvironment, wanted: readonly Wanted[], choices: FleetChoices = {}): Promise<SupervisedFleet> {
    const fleet = new SupervisedFleet(environment);
    fleet.worker = await environment.startHost(fleet.hostId, { ...createHostActivities(fleet.host()), ...createNoticeActivities({ take: (notice) => Promise.resolve(void fleet.notices.push(notice)), tryChannels: () => Promise.resolve([]) }) });
    await environment.client.workflow.start<typeof superviseFleet>('superviseFleet', { workflowId: fleet.workflowId, taskQueue: controlQueue, args: [{ name: fleet.name, hostId: fleet.hostId }] });
    await fleet.apply(fleet.members(wanted), choices);
    return fleet;
  }

  /** Ends its run and begins another with what that one would have handed over: its members live on meanwhile. */
  async goesOnAnew(): Promise<void> {
    const { generation, settings, members, failures, appliedBy, appliedAtMs } = await this.status();
    await this.environment.end(this.workflowId);
    const carried: CarriedFleet = {
      generation, settings, failures, appliedBy, appliedAtMs, goal: 'running', escalation: null, escalations: 0, leaving: [], stoppedBy: '', lookedAtMs: 0,
      members: members.map(({ isAwaited: _isAwaited, ...member }) => ({ ...member, asked: null, restartOwed: false, resetOwed: false, pauseReason: null, judgedEpoch: 0 })),
    };
    await this.environment.client.workflow.start<typeof superviseFleet>('superviseFleet', { workflowId: this.workflowId, taskQueue: controlQueue, args: [{ name: this.name, hostId: this.hostId, carried }] });
  }

  /** Its workflow is lost, and another begun that knows nothing: its members live on meanwhile. */
  async isLost(): Promise<void> {
    await this.environment.end(this.workflowId);
    this.generation = 0;
    await this.environment.client.workflow.start<typeof superviseFleet>('superviseFleet', { workflowId: this.workflowId, taskQueue: controlQueue, args: [{ name: this.name, hostId: this.hostId }] });
  }

  get workflowId(): string {
    return fleetWorkflowId(this.name);
  }

  handle() {
    return this.environment.client.workflow.getHandle<typeof superviseFleet>(this.workflowId);
  }

  /** Members with new sessions. */
  members(wanted: readonly Wanted[]): FleetMember[] {
    return wanted.map(({ name, dependsOn = [], script = [], policy = {} }) => {
      this.scripts.set(this.full(name), script);
      return { spec: aSpec({ name: this.full(name), fleet: this.name, policy }), environmentAsked: [], dependsOn: dependsOn.map((each) => this.full(each)) };
    });
  }

  async apply(members: FleetMember[], { strategy, atOnce, maxFailures, windowMs }: FleetChoices = {}, basedOn = this.generation, taken: TakenMember[] = []): Promise<FleetAnswer> {
    const intensity = { ...(maxFailures === undefined ? {} : { maxFailures }), ...(windowMs === undefined ? {} : { windowMs }) };
    const settings = fleetSettingsSchema.parse({ ...(strategy && { strategy }), ...(atOnce === undefined ? {} : { atOnce }), intensity });
    const answer = await this.handle().executeUpdate(applyFleetUpdate, { args: [{ basedOn, settings, members, by: 'test', ...(taken.length > 0 ? { taken } : {}) }] });
    this.generation = answer.generation;
    return answer;
  }

  full(name: string): string {
    return `${this.name}-${name}`;
  }

  session(name: string) {
    return this.environment.client.workflow.getHandle(sessionWorkflowId(this.full(name)));
  }

  /** What the machine does for one member. */
  hostOf(name: string): ScriptedHost {
    const full = this.full(name);
    const known = this.hosts.get(full) ?? new ScriptedHost(this.environment, this.scripts.get(full) ?? []);
    this.hosts.set(full, known);
    return known;
  }

  /** The next attempts of a member follow another script. */
  replay(name: string, script: Act[]): void {
    this.hosts.set(this.full(name), new ScriptedHost(this.environment, script));
  }

  /** The living attempt of a member ends so. */
  async ends(name: string, exitClass: 'killed' | 'completed' | 'host_rebooted' | 'recycled' | 'lost', more: { unwatched?: true } = {}): Promise<void> {
    const start = this.hostOf(name).of('startAgent').at(-1);
    if (!start) throw new Error(`${name} was never started`);
    await this.hostOf(name).end(start.input, { exitClass, ...more });
  }

  status(): Promise<FleetStatus> {
    return this.handle().query(fleetStatusQuery);
  }

  /** @throws Error with how it stands, in few words, when patience ends. */
  async until(wanted: (status: FleetStatus) => boolean, patienceMs?: number): Promise<FleetStatus> {
    let last = '';
    return poll(
      async () => {
        const status = await this.status();
        const { state, reason, members, leaving } = status;
        last = `${state} (${reason}); leaving ${leaving.join()}; ${members.map((member) => `${member.spec.name} ${member.state} ${member.epoch} ${member.isAwaited ? 'awaited' : ''}`).join(', ')}; asked ${this.asked.join(', ')}`;
        return status;
      },
      wanted,
      patienceMs,
    ).catch((error: unknown) => {
      throw new Error(`this never came; it is ${last}`, { cause: error });
    });
  }

  /** Until every member is in this state, and none is awaited. */
  all(state: string): Promise<FleetStatus> {
    return this.until(({ members }) => members.every((member) => member.state === state && !member.isAwaited));
  }

  /** Lets time pass once no call and no task is open: on the time-skipping server they hold time up. */
  async skip(durationMs: number): Promise<void> {
    const { members } = await this.status();
    for (const workflowId of [this.workflowId, ...members.map(({ spec }) => sessionWorkflowId(spec.name))]) {
      await poll(
        () => openCalls(this.environment.client.workflow.getHandle(workflowId)),
        (open) => open.length === 0,
      );
    }
    await this.environment.skip(durationMs);
  }

  /** State of each member by its short name. */
  statesOf({ members }: FleetStatus): Record<string, string> {
    return Object.fromEntries(members.map(({ spec, state }) => [spec.name.slice(this.name.length + 1), state]));
  }

  /** Ends every workflow of it, and its host. */
  async dispose(): Promise<void> {
    await this.environment.endIfThere(this.workflowId);
    const sessions = [...this.scripts.keys()].map((name) => sessionWorkflowId(name));
    // What has begun to act speaks to its session, which must be there until it has.
    for (const workflowId of sessions) await poll(() => this.environment.isAtRest(workflowId), Boolean);
    await Promise.all([...this.hosts.values()].map((host) => host.played()));
    for (const workflowId of sessions) await this.environment.endIfThere(workflowId);
    await this.worker?.stop();
  }

  private host(): SessionHost {
    const short = (name: string) => name.slice(this.name.length + 1);
    const of = (name: string) => this.hostOf(short(name));
    return {
      startAgent: (input) => {
        this.asked.push(`start ${short(input.name)}`);
        return of(input.name).startAgent(input);
      },
      firstEvent: (key, noLonger) => of(key.name).firstEvent(key, noLonger),
      stopAgent: (input) => {
        this.asked.push(`${input.mode} ${short(input.name)}`);
        return of(input.name).stopAgent(input);
      },
      createCheckpoint: (input) => of(input.name).createCheckpoint(input),
      applyParameters: (input) => of(input.name).applyParameters(input),
      recordState: (input) => of(input.name).recordState(input),
    };
  }
}
