import { randomUUID } from 'node:crypto';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { SessionRecordActivities } from '../../activities/session-record-activities.js';
import { createHostActivities } from '../../activities/host-activities.js';
import { createNoticeActivities } from '../../activities/notice-activities.js';
import type { StartAgentInput } from '../../domain/host-requests.js';
import type { SessionSpec } from '../../domain/session.js';
import { controlQueue, searchAttributes, sessionRevision, sessionWorkflowId, statusQuery, type CarriedSession, type SessionStatus } from '../../workflows/messages.js';
import type { superviseSession } from '../../workflows/supervise-session.js';
import { openCalls } from './open-calls.js';
import { poll } from './poll.js';
import { ScriptedHost, type Act } from './scripted-host.js';
import { aSpec, type SpecChange } from './session-fixtures.js';
import type { RunningWorker, WorkflowEnvironment } from './workflow-environment.js';

/** What a test may choose of a session. */
export interface SessionChoices extends SpecChange {
  /** What its attempts do, one after the other; then they live. */
  script?: Act[];
  /** No worker of its host runs at first. */
  hostAway?: boolean;
  /** Its attempts run so soon that their starts are answered with it. */
  runsAtOnce?: boolean;
  carried?: CarriedSession;
  /** Begun by a version that knows this revision; without it, by this one. */
  revision?: number;
}

const recordCalls: ReadonlySet<string> = new Set<keyof SessionRecordActivities | 'task'>(['assignParameters', 'recordSession', 'task']);

/** A session under supervision, with a host of its own. */
export class SupervisedSession {
  private worker: RunningWorker | null = null;

  private constructor(
    private readonly environment: WorkflowEnvironment,
    readonly spec: SessionSpec,
    readonly hostId: string,
    readonly host: ScriptedHost,
    readonly handle: WorkflowHandleWithFirstExecutionRunId<typeof superviseSession>,
  ) {}

  static async start(environment: WorkflowEnvironment, choices: SessionChoices = {}, beforeStart: (sessionId: string) => void = () => undefined): Promise<SupervisedSession> {
    const spec = aSpec(choices);
    beforeStart(spec.sessionId);
    const hostId = `host-${randomUUID().slice(0, 8)}`;
    const host = new ScriptedHost(environment, choices.script ?? [], choices.runsAtOnce);
    const handle = await environment.client.workflow.start<typeof superviseSession>('superviseSession', {
      workflowId: sessionWorkflowId(spec.name),
      taskQueue: controlQueue,
      args: [{ spec, hostId, revision: choices.revision ?? sessionRevision, ...(choices.carried ? { carried: choices.carried } : {}) }],
      typedSearchAttributes: [
        { key: searchAttributes.state, value: 'starting' },
        { key: searchAttributes.attempt, value: 1 },
        ...(spec.account === undefined ? [] : [{ key: searchAttributes.account, value: spec.account }]),
      ],
    });
    const session = new SupervisedSession(environment, spec, hostId, host, handle);
    if (!choices.hostAway) await session.hostComes();
    return session;
  }

  async hostComes(): Promise<void> {
    this.worker = await this.environment.startHost(this.hostId, { ...createHostActivities(this.host), ...createNoticeActivities(this.host) });
  }

  async hostGoes(): Promise<void> {
    await this.worker?.stop();
    this.worker = null;
  }

  status(): Promise<SessionStatus> {
    return this.current().query(statusQuery);
  }

  /** Resolves with the first status that is as wanted; time on the server stands still meanwhile. */
  until(wanted: (status: SessionStatus) => boolean, patienceMs?: number): Promise<SessionStatus> {
    return poll(() => this.status(), wanted, patienceMs);
  }

  reaches(state: SessionStatus['state']): Promise<SessionStatus> {
    return this.until((status) => status.state === state);
  }

  /** Resolves once the attempt lives as far as the workflow knows. */
  runs(epoch = 1): Promise<SessionStatus> {
    return this.until(({ state, attempt }) => state === 'running' && attempt?.epoch === epoch);
  }

  /** Resolves once no call and no task of the workflow is open. */
  async rests(): Promise<void> {
    await poll(
      () => openCalls(this.current()),
      (open) => open.length === 0,
    );
  }

  /** Lets time pass once the workflow rests: what is open holds time up on the time-skipping server. */
  async skip(durationMs: number): Promise<void> {
    await this.rests();
    await this.environment.skip(durationMs);
  }

  /** Whichever run is the newest. */
  current() {
    return this.environment.client.workflow.getHandle<typeof superviseSession>(this.handle.workflowId);
  }

  /** The first start that its host is asked for, whether or not a worker of the host takes it. */
  async startAskedFor(): Promise<StartAgentInput> {
    const input = await poll(
      async () => {
        const { events } = await this.handle.fetchHistory();
        const calls = (events ?? []).map(({ activityTaskScheduledEventAttributes: call }) => call);
        return calls.find((call) => call?.activityType?.name === 'startAgent')?.input?.payloads?.[0] ?? null;
      },
      (payload) => payload !== null,
    );
    if (input === null) throw new Error('its host is asked for nothing');
    return defaultPayloadConverter.fromPayload<StartAgentInput>(input);
  }

  /** The attribute as it is searched for. */
  async searchAttribute(key: keyof typeof searchAttributes): Promise<unknown> {
    const { typedSearchAttributes } = await this.current().describe();
    return typedSearchAttributes.get(searchAttributes[key]);
  }

  /** Stops the session if it is still open, and its host. */
  async dispose(): Promise<void> {
    await this.host.played();
    // One that is left open keeps the time-skipping server from ever skipping again.
    await poll(
      async () => ((await this.current().describe()).status.name === 'RUNNING' ? openCalls(this.current()) : []),
      (open) => !open.some((call) => recordCalls.has(call)),
    );
    await this.current()
      .terminate('the test is over')
      .catch(() => undefined);
    await this.hostGoes();
  }
}
