import { rmSync } from 'node:fs';
import type { AttemptKey } from '../domain/attempt.js';
import type { CheckpointRef } from '../domain/checkpoint.js';
import {
  HostError,
  hostErrorCodes,
  type ApplyParametersInput,
  type ApplyParametersResult,
  type CreateCheckpointInput,
  type RecordStateInput,
  type StartAgentInput,
  type StartAgentResult,
  type StopAgentInput,
  type StopAgentResult,
} from '../domain/host-requests.js';
import { describeWriter, isAllowed } from '../domain/second-writer.js';
import type { SessionSpec } from '../domain/session.js';
import { AttemptFence, refuseUnreported } from './attempt-fence.js';
import type { AttemptFolder } from './attempt-folder.js';
import { beginAttempt, previousOf } from './attempt-start.js';
import type { AttemptRunner } from './attempt-runner.js';
import { AttemptRunners } from './attempt-runners.js';
import { Background } from './background.js';
import { FirstEvents } from './first-events.js';
import type { HostContext } from './host-context.js';
import { KeyedMutex } from './keyed-mutex.js';
import type { Preparation } from './preparation.js';
import { Preparations } from './preparations.js';
import { inspect } from './process/holder.js';
import { pacedProcessTable } from './process/shared-table.js';
import { keepReceipt } from './resume-receipt.js';
import { findSecondWriter } from './second-writer/before-start.js';
import { WriterSearch } from './second-writer/writer-search.js';
import { sendReport } from './send-report.js';
import { environmentFile, SessionFolder } from './session-folder.js';
import type { AttemptRecord } from './session-records.js';
import type { SessionRuntime } from './session-runtime.js';
import { SessionRuntimes } from './session-runtimes.js';
import { takeFolder } from './take-folder.js';

/**
 * The sessions of one host: begins, adopts and ends their attempts. Everything that is done to a session is done under its
 * lock, and every attempt begins with the proof that the ones before are dead.
 */
export class SessionHost {
  private readonly mutex = new KeyedMutex();
  private readonly runtimes: SessionRuntimes;
  private readonly preparations: Preparations;
  private readonly runners: AttemptRunners;
  private readonly fence: AttemptFence;
  private readonly firstEvents = new FirstEvents();
  /** Shared by all sessions, and by the watch of those that run. */
  readonly writers: WriterSearch;

  constructor(private readonly host: HostContext) {
    this.writers = new WriterSearch(host.home);
    this.runtimes = new SessionRuntimes(host);
    this.preparations = new Preparations(host, this.runtimes, this.writers);
    this.runners = new AttemptRunners(host, this.preparations);
    this.fence = new AttemptFence(host, this.runtimes, this.runners);
  }

  /** The attempts that are alive, as far as this worker knows, and those whose last output is being read. */
  get liveRunners(): readonly AttemptRunner[] {
    return this.runners.all();
  }

  /** @throws HostError StaleEpoch, SessionStopped, SecondWriter, Misconfigured, NotProvedDead. */
  startAgent(input: StartAgentInput): Promise<StartAgentResult> {
    return this.mutex.run(input.name, async () => {
      const folder = await takeFolder(this.host.home, input, (earlier) => this.endEarlier(earlier));
      const tombstone = folder.tombstone();
      if (tombstone?.sessionId === input.sessionId) throw new HostError(hostErrorCodes.sessionStopped, `${input.name} was stopped (${tombstone.reason}) and does not return`);
      const highest = folder.epochs().at(-1) ?? 0;
      const latest = highest > 0 ? folder.attempt(highest) : null;
      const record = latest?.record() ?? null;
      if (highest > input.epoch || (highest === input.epoch && record !== null && record.attemptId !== input.attemptId)) {
        throw new HostError(hostErrorCodes.staleEpoch, `${input.name} has seen attempt ${highest}; attempt ${input.epoch} is fenced`, { highest });
      }
      if (latest && record && highest === input.epoch) {
        const known = await this.rejoin(folder, latest, record);
        if (known) return known;
      }
      return this.begin(folder, input);
    });
  }

  /**
   * Waits a little for the first event of an attempt, which the session is then not told of by a message of its own.
   *
   * @param noLonger lets go at once: the worker shuts down, or nobody wants the answer.
   * @returns Unix ms; null where there is none yet, or the attempt has ended.
   */
  async firstEvent({ name, attemptId }: AttemptKey, noLonger: AbortSignal): Promise<number | null> {
    const runner = this.runners.get(name);
    return runner?.key.attemptId === attemptId ? this.firstEvents.of(runner, noLonger) : null;
  }

  /** Makes sure that nothing of the session is alive or can come alive. @throws HostError NotProvedDead. */
  stopAgent(input: StopAgentInput): Promise<StopAgentResult> {
    return this.mutex.run(input.name, async () => {
      const folder = new SessionFolder(this.host.home, input.name);
      if (input.mode === 'stop') await folder.writeTombstone(input.sessionId, input.reason);
      this.preparations.discard(input.name);
      const runner = this.runners.get(input.name);
      let report = (await runner?.end({ exitClass: 'stopped', reason: input.reason }, { checkpointFirst: true, graceMs: runner.setup.spec.limits.stopGraceMs })) ?? null;
      await this.fence.proveAllDead(folder, { exitClass: 'stopped', reason: input.reason });
      report ??= folder.attempts().at(-1)?.report() ?? null;
      return { report: report?.attemptId === input.attemptId ? report : null };
    });
  }

  /** @throws HostError NotRunning. */
  async createCheckpoint(input: CreateCheckpointInput): Promise<CheckpointRef> {
    const runner = this.runners.running(input);
    const manifest = await runner.checkpoint(input.trigger);
    if (!manifest) throw new HostError(hostErrorCodes.checkpointFailed, `no checkpoint of ${input.name} could be made; see the log of the host worker`);
    return { id: manifest.id, atMs: Date.parse(manifest.createdAt) };
  }

  /** Changes what a running attempt runs with, for a worker that adopts it too. @throws HostError NotRunning. */
  async applyParameters(input: ApplyParametersInput): Promise<ApplyParametersResult> {
    const runner = this.runners.running(input);
    runner.applyParameters(input.parameters);
    return { parameters: runner.parameters };
  }

  async recordState({ name, sessionId, epoch, state, reason, decision }: RecordStateInput): Promise<void> {
    const folder = new SessionFolder(this.host.home, name);
    if (folder.spec()?.sessionId !== sessionId) return;
    folder.writeState({ state, reason, atMs: Date.now(), epoch });
    if (decision !== null && epoch > 0) folder.attempt(epoch).writeDecision(decision);
    if (state === 'completed' || state === 'stopped') {
      this.runtimes.forget(name);
      rmSync(environmentFile(this.host.home, sessionId), { force: true });
    }
  }

  /**
   * Takes up an attempt that was begun by an earlier worker. One that has ended meanwhile gets its report, which is then
   * owed to Temporal.
   *
   * @returns its watcher, whether it lives or has ended; null where there is nothing to take up.
   */
  async adopt(folder: SessionFolder): Promise<AttemptRunner | null> {
    return this.mutex.run(folder.name, async () => {
      const spec = folder.spec();
      const attempt = folder.attempts().at(-1);
      const record = attempt?.record();
      if (!spec || !attempt || !record || attempt.report()) return null;
      const runtime = this.runtimes.of(folder, spec);
      // Of a worker that was killed in the midst of it.
      await runtime.checkpoints.repository.dropInterrupted();
      await runtime.checkpoints.load();
      const runner = runtime.runner(attempt, record);
      if (record.bootId !== this.host.bootId) {
        this.runners.keepUnsent(runner);
        new Background(this.host, folder.name).run('conclude', runner.conclude({ exitClass: 'host_rebooted', reason: 'the machine was restarted' }, attempt.lastHeardOfMs()));
        return runner;
      }
      const state = inspect(runtime.held(attempt, record));
      // Its startAgent is asked for again, and decides.
      if (state.kind === 'unclaimed') return null;
      const lives = state.kind === 'running';
      if (lives) this.runners.keep(runner);
      else this.runners.keepUnsent(runner);
      runner.watch();
      if (lives) this.host.events.emit('attempt_adopted', { name: folder.name, epoch: record.epoch });
      return runner;
    });
  }

  /** Lets go of every attempt: they live on without this worker. */
  detach(): void {
    this.runners.letGoOfAll();
    this.preparations.discardAll();
  }

  private async begin(folder: SessionFolder, input: StartAgentInput): Promise<StartAgentResult> {
    if (this.runtimes.get(folder.name)?.spec.changedAt !== input.spec.changedAt) this.takeChange(folder, input.spec);
    const runtime = this.runtimes.of(folder, input.spec);
    const preparation = this.preparations.take(input.name);
    try {
      return await this.beginPrepared(folder, input, runtime, preparation);
    } finally {
      preparation?.discard();
    }
  }

  /** What was prepared is for the specification before. */
  private takeChange(folder: SessionFolder, spec: SessionSpec): void {
    this.preparations.discard(folder.name);
    this.runtimes.change(folder, spec);
    if (folder.spec()?.changedAt !== spec.changedAt) folder.create(spec);
  }

  private async beginPrepared(folder: SessionFolder, input: StartAgentInput, runtime: SessionRuntime, preparation: Preparation | null): Promise<StartAgentResult> {
    const proof = await this.fence.proveAllDead(folder, { exitClass: 'lost', reason: 'fenced by a later attempt' }, input.epoch, preparation);
    refuseUnreported(folder, input.epoch);
    const previous = previousOf(folder);
    if (previous && input.decision !== null) previous.folder.writeDecision(input.decision);
    const attempt = folder.attempt(input.epoch);
    const writer = preparation?.secondWriter === undefined ? findSecondWriter(this.writers, runtime, attempt, previous, await pacedProcessTable(), input.beside ?? []) : preparation.secondWriter;
    if (writer && !isAllowed(input.beside ?? [], writer)) throw new HostError(hostErrorCodes.secondWriter, describeWriter(writer), { writer });
    const { record, pid, plan } = await beginAttempt(this.host, runtime, input, attempt, previous, preparation);
    // Its holder died before it claimed the attempt, and another has been sent after it: that has one watcher.
    this.runners.letGoOf(input);
    const runner = runtime.runner(attempt, record);
    this.runners.keepBegun(runner, pid);
    runner.watch();
    this.host.events.emit('attempt_began', { name: input.name, epoch: input.epoch });
    if (previous && plan && proof) new Background(this.host, input.name).run('keep the receipt', keepReceipt(this.host, runner, previous, plan, proof));
    return { pid, startedAtMs: record.startedAtMs, adopted: false };
  }

  /** The same request again: its attempt is there, or was; null where it never came to be. */
  private async rejoin(folder: SessionFolder, attempt: AttemptFolder, record: AttemptRecord): Promise<StartAgentResult | null> {
    const spec = folder.spec();
    const report = attempt.report();
    if (report) {
      sendReport(this.host, attempt, report);
      return { pid: 0, startedAtMs: record.startedAtMs, adopted: false };
    }
    if (!spec) return null;
    const runtime = this.runtimes.of(folder, spec);
    const state = inspect(runtime.held(attempt, record));
    if (state.kind === 'unclaimed') {
      const pid = this.runners.holderOnItsWay({ name: folder.name, attemptId: record.attemptId });
      return pid === null ? null : { pid, startedAtMs: record.startedAtMs, adopted: true };
    }
    if (!this.runners.get(folder.name)) {
      const runner = runtime.runner(attempt, record);
      this.runners.keep(runner);
      runner.watch();
    }
    return { pid: state.kind === 'running' ? state.holder.pid : 0, startedAtMs: record.startedAtMs, adopted: true };
  }

  /** Nothing of an earlier session lives once a new one has its name. */
  private async endEarlier(folder: SessionFolder): Promise<void> {
    const end = { exitClass: 'stopped', reason: 'a new session took its name' } as const;
    await this.runners.get(folder.name)?.end(end, { checkpointFirst: false, graceMs: 0 });
    await this.fence.proveAllDead(folder, end);
    this.runtimes.forget(folder.name);
  }
}
