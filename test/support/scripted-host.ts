import { once, EventEmitter } from 'node:events';
import type { SessionHost } from '../../activities/host-activities.js';
import type { NoticeTaker } from '../../activities/notice-activities.js';
import type { AttemptKey, AttemptReport } from '../../domain/attempt.js';
import type { CheckpointRef } from '../../domain/checkpoint.js';
import type { SecondWriter } from '../../domain/second-writer.js';
import type { ExitClass } from '../../domain/exit-class.js';
import { HostError, hostErrorCodes, type ApplyParametersInput, type ApplyParametersResult, type CreateCheckpointInput, type RecordStateInput, type StartAgentInput, type StartAgentResult, type StopAgentInput, type StopAgentResult } from '../../domain/host-requests.js';
import type { Notice } from '../../domain/notice.js';
import { attemptEndedSignal, attemptRunningSignal, secondWriterSeenSignal, sessionWorkflowId, statusQuery } from '../../workflows/messages.js';
import { poll } from './poll.js';
import { aReport } from './session-fixtures.js';
import type { WorkflowEnvironment } from './workflow-environment.js';

/** What an attempt does: `lives` runs until it is stopped; a class runs and ends; a report changes how; a function answers itself. */
export type Act = 'lives' | ExitClass | (Partial<AttemptReport> & Pick<AttemptReport, 'exitClass'>) | ((input: StartAgentInput) => Promise<StartAgentResult>);

/** A call that the workflow made. */
export type HostCall =
  | { call: 'startAgent'; input: StartAgentInput; atMs: number }
  | { call: 'stopAgent'; input: StopAgentInput; atMs: number }
  | { call: 'createCheckpoint'; input: CreateCheckpointInput; atMs: number }
  | { call: 'applyParameters'; input: ApplyParametersInput; atMs: number }
  | { call: 'recordState'; input: RecordStateInput; atMs: number }
  | { call: 'takeNotice'; input: Notice; atMs: number };

/**
 * Stands in for a machine: its attempts play the acts of a script, one after the other; when it is over they live. What it
 * tells the workflow goes through Temporal as a real host's would.
 */
export class ScriptedHost implements SessionHost, NoticeTaker {
  readonly calls: HostCall[] = [];
  /** Answers the next stopAgent after the given promise; for commands that come in meanwhile. */
  holdStop: Promise<void> | null = null;
  /** As holdStop, for the first event of each attempt. */
  holdFirstEvent: Promise<void> | null = null;
  /** As holdStop, for recordState. */
  holdRecord: Promise<void> | null = null;
  /** Set where it cannot stop an agent. */
  stopRefusal: string | null = null;
  /** How the next attempt that is stopped has ended. */
  stoppedAs: ExitClass = 'stopped';
  /** Whether an agent that is stopped has got its prompt. */
  stoppedHavingGotIt = false;
  checkpoint: (input: CreateCheckpointInput) => Promise<CheckpointRef> = () => Promise.resolve({ id: 'ck-0001', atMs: 1 });
  private readonly script: Act[];
  private readonly playing: Promise<void>[] = [];
  private readonly called = new EventEmitter();
  private alive: StartAgentInput | null = null;

  constructor(
    private readonly environment: WorkflowEnvironment,
    script: readonly Act[],
    /** Whether attempts run so soon that it is told with the answers to their starts, and not by signals. */
    private readonly runsAtOnce = false,
  ) {
    this.script = [...script];
    this.called.setMaxListeners(0);
  }

  of<C extends HostCall['call']>(call: C): Extract<HostCall, { call: C }>[] {
    return this.calls.filter((each): each is Extract<HostCall, { call: C }> => each.call === call);
  }

  /** Resolves once the workflow has made this call so many times, with the last of them. */
  async nth<C extends HostCall['call']>(call: C, count: number): Promise<Extract<HostCall, { call: C }>> {
    for (;;) {
      const found = this.of(call)[count - 1];
      if (found) return found;
      await once(this.called, call);
    }
  }

  async startAgent(input: StartAgentInput): Promise<StartAgentResult> {
    await this.note({ call: 'startAgent', input, atMs: 0 });
    const act = this.script.shift() ?? 'lives';
    if (typeof act === 'function') return act(input);
    this.alive = input;
    this.playing.push(this.play(input, act));
    return this.started(input);
  }

  async firstEvent(_key: AttemptKey, _noLonger: AbortSignal): Promise<number | null> {
    await this.holdFirstEvent;
    return this.runsAtOnce ? this.environment.now() : null;
  }

  /** Resolves when every act that has begun is over. @throws whatever went wrong in one. */
  async played(): Promise<void> {
    await Promise.all(this.playing);
  }

  /**
   * Waits until the workflow has the answer to its start: the time-skipping server never goes on with a workflow that
   * cancels a call in the very task that brings the call's result, as it would where the end comes at the same time.
   */
  private async play(input: StartAgentInput, act: Exclude<Act, (input: StartAgentInput) => Promise<StartAgentResult>>): Promise<void> {
    const handle = this.session(input.name);
    await poll(
      () => handle.query(statusQuery),
      ({ attempt, epoch }) => attempt?.attemptId === input.attemptId || epoch > input.epoch,
    );
    if (!this.runsAtOnce) await this.sayRunning(input);
    if (act !== 'lives') await this.end(input, typeof act === 'string' ? { exitClass: act } : act);
  }

  /** The answer to a start. */
  async started(input: StartAgentInput): Promise<StartAgentResult> {
    this.alive ??= input;
    return { pid: 1_000 + input.epoch, startedAtMs: await this.environment.now(), adopted: false };
  }

  async sayRunning(input: StartAgentInput): Promise<void> {
    const { sessionId, name, epoch, attemptId } = input;
    const runningAtMs = await this.environment.now();
    await this.session(name).signal(attemptRunningSignal, { sessionId, name, epoch, attemptId, runningAtMs });
  }

  /** The attempt ends by itself, and the workflow is told. An agent has its prompt where it completes its turn; else the change says whether. */
  async end({ sessionId, name, epoch, attemptId, prompt }: AttemptKey & Pick<StartAgentInput, 'prompt'>, change: Partial<AttemptReport> & Pick<AttemptReport, 'exitClass'>): Promise<AttemptReport> {
    this.alive = null;
    const told = prompt ? { prompt: { id: prompt.id, delivered: change.exitClass === 'completed' } } : {};
    const report = aReport({ sessionId, name, epoch, attemptId }, { ...told, ...change }, await this.environment.now());
    await this.tell(report);
    return report;
  }

  /** It sees another process beside the attempt, and the workflow is told. */
  async seeWriter({ sessionId, name, epoch, attemptId }: AttemptKey, writer: SecondWriter): Promise<void> {
    await this.session(name).signal(secondWriterSeenSignal, { sessionId, name, epoch, attemptId, writer });
  }

  async tell(report: AttemptReport): Promise<void> {
    await this.session(report.name).signal(attemptEndedSignal, report);
  }

  async stopAgent(input: StopAgentInput): Promise<StopAgentResult> {
    await this.note({ call: 'stopAgent', input, atMs: 0 });
    if (this.stopRefusal !== null) throw new HostError(hostErrorCodes.misconfigured, this.stopRefusal);
    const { alive, holdStop } = this;
    this.holdStop = null;
    this.alive = null;
    await holdStop;
    if (!alive || alive.attemptId !== input.attemptId) return { report: null };
    const { sessionId, name, epoch, attemptId, prompt } = alive;
    if (prompt) return { report: { ...aReport({ sessionId, name, epoch, attemptId }, { exitClass: this.stoppedAs, reason: input.reason }, await this.environment.now()), prompt: { id: prompt.id, delivered: this.stoppedHavingGotIt } } };
    return { report: aReport({ sessionId, name, epoch, attemptId }, { exitClass: this.stoppedAs, reason: input.reason }, await this.environment.now()) };
  }

  async createCheckpoint(input: CreateCheckpointInput): Promise<CheckpointRef> {
    await this.note({ call: 'createCheckpoint', input, atMs: 0 });
    return this.checkpoint(input);
  }

  async applyParameters(input: ApplyParametersInput): Promise<ApplyParametersResult> {
    await this.note({ call: 'applyParameters', input, atMs: 0 });
    return { parameters: input.parameters };
  }

  async recordState(input: RecordStateInput): Promise<void> {
    await this.note({ call: 'recordState', input, atMs: 0 });
    await this.holdRecord;
  }

  async take(input: Notice): Promise<void> {
    await this.note({ call: 'takeNotice', input, atMs: 0 });
  }

  tryChannels(): Promise<never[]> {
    return Promise.resolve([]);
  }

  private session(name: string) {
    return this.environment.client.workflow.getHandle(sessionWorkflowId(name));
  }

  private async note(call: HostCall): Promise<void> {
    this.calls.push({ ...call, atMs: await this.environment.now() });
    this.called.emit(call.call);
  }
}
