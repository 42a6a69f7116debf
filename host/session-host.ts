import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
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
import type { ProofOfDeath } from '../domain/receipt.js';
import type { AttemptFolder } from './attempt-folder.js';
import { beginAttempt, previousOf } from './attempt-start.js';
import type { AttemptRunner } from './attempt-runner.js';
import { Background } from './background.js';
import type { HostContext } from './host-context.js';
import { KeyedMutex } from './keyed-mutex.js';
import { Preparation } from './preparation.js';
import { fence, inspect } from './process/holder.js';
import { findSecondWriter } from './second-writer/before-start.js';
import { WriterSearch } from './second-writer/writer-search.js';
import { isHolderAlive } from './process/parked-holder.js';
import { pacedProcessTable, type ProcessTable } from './process/shared-table.js';
import { keepReceipt } from './resume-receipt.js';
import { holdFolder } from './rest-lock.js';
import { archiveRoot, environmentFile, SessionFolder } from './session-folder.js';
import type { AttemptRecord } from './session-records.js';
import { SessionRuntime } from './session-runtime.js';

/** How long an attempt's first event is waited for: a silent program runs after a second of life, and most agents have begun their stream. */
const firstEventMs = 2_000;

/** So many are waited for at once: the rest of what the worker can do at a time is for starts and stops that have something to do. */
const firstEventsAwaited = 100;

/**
 * The sessions of one host: begins, adopts and ends their attempts. Everything that is done to a session is done under its
 * lock, and every attempt begins with the proof that the ones before are dead.
 */
export class SessionHost {
  private readonly mutex = new KeyedMutex();
  private readonly runtimes = new Map<string, SessionRuntime>();
  private readonly runners = new Map<string, AttemptRunner>();
  private readonly preparations = new Map<string, Preparation>();
  /** Pids of the holders of attempts that this worker has begun. */
  private readonly holders = new WeakMap<AttemptRunner, number>();
  /** How many first events are being waited for. */
  private awaited = 0;
  /** Shared by all sessions, and by the watch of those that run. */
  readonly writers: WriterSearch;

  constructor(private readonly host: HostContext) {
    this.writers = new WriterSearch(host.home);
  }

  /** The attempts that are alive, as far as this worker knows, and those whose last output is being read. */
  get liveRunners(): readonly AttemptRunner[] {
    return [...this.runners.values()];
  }

  /** @throws HostError StaleEpoch, SessionStopped, SecondWriter, Misconfigured, NotProvedDead. */
  startAgent(input: StartAgentInput): Promise<StartAgentResult> {
    return this.mutex.run(input.name, async () => {
      const folder = await this.takeFolder(input);
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
    if (runner?.key.attemptId !== attemptId || this.awaited >= firstEventsAwaited) return null;
    this.awaited += 1;
    try {
      return await runner.tellInAnswer(firstEventMs, noLonger);
    } finally {
      this.awaited -= 1;
    }
  }

  /** Makes sure that nothing of the session is alive or can come alive. @throws HostError NotProvedDead. */
  stopAgent(input: StopAgentInput): Promise<StopAgentResult> {
    return this.mutex.run(input.name, async () => {
      const folder = new SessionFolder(this.host.home, input.name);
      if (input.mode === 'stop') await folder.writeTombstone(input.sessionId, input.reason);
      this.takePreparation(input.name)?.discard();
      const runner = this.runners.get(input.name);
      let report = (await runner?.end({ exitClass: 'stopped', reason: input.reason }, { checkpointFirst: true, graceMs: runner.setup.spec.limits.stopGraceMs })) ?? null;
      await this.fenceAll(folder, { exitClass: 'stopped', reason: input.reason });
      report ??= folder.attempts().at(-1)?.report() ?? null;
      return { report: report?.attemptId === input.attemptId ? report : null };
    });
  }

  /** @throws HostError NotRunning. */
  async createCheckpoint(input: CreateCheckpointInput): Promise<CheckpointRef> {
    const runner = this.running(input);
    const manifest = await runner.checkpoint(input.trigger);
    if (!manifest) throw new HostError(hostErrorCodes.checkpointFailed, `no checkpoint of ${input.name} could be made; see the log of the host worker`);
    return { id: manifest.id, atMs: Date.parse(manifest.createdAt) };
  }

  /** Changes what a running attempt runs with, for a worker that adopts it too. @throws HostError NotRunning. */
  async applyParameters(input: ApplyParametersInput): Promise<ApplyParametersResult> {
    const runner = this.running(input);
    runner.applyParameters(input.parameters);
    return { parameters: runner.parameters };
  }

  private running({ name, epoch, attemptId }: AttemptKey): AttemptRunner {
    const runner = this.runners.get(name);
    if (runner?.key.attemptId !== attemptId || runner.hasEnded) throw new HostError(hostErrorCodes.notRunning, `attempt ${epoch} of ${name} is not running`);
    return runner;
  }

  async recordState({ name, sessionId, epoch, state, reason, decision }: RecordStateInput): Promise<void> {
    const folder = new SessionFolder(this.host.home, name);
    if (folder.spec()?.sessionId !== sessionId) return;
    folder.writeState({ state, reason, atMs: Date.now(), epoch });
    if (decision !== null && epoch > 0) folder.attempt(epoch).writeDecision(decision);
    if (state === 'completed' || state === 'stopped') {
      this.runtimes.delete(name);
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
      const runtime = this.runtimeOf(folder, spec);
      // Of a worker that was killed in the midst of it.
      await runtime.checkpoints.repository.dropInterrupted();
      await runtime.checkpoints.load();
      const runner = runtime.runner(attempt, record);
      const background = new Background(this.host, folder.name);
      if (record.bootId !== this.host.bootId) {
        background.run('keep an end', this.hold(runner));
        background.run('conclude', runner.conclude({ exitClass: 'host_rebooted', reason: 'the machine was restarted' }, lastTouched(attempt)));
        return runner;
      }
      const state = inspect(runtime.held(attempt, record));
      // Its startAgent is asked for again, and decides.
      if (state.kind === 'unclaimed') return null;
      const lives = state.kind === 'running';
      if (lives) this.keep(runner);
      else background.run('keep an end', this.hold(runner));
      runner.watch();
      if (lives) this.host.events.emit('attempt_adopted', { name: folder.name, epoch: record.epoch });
      return runner;
    });
  }

  /** Lets go of every attempt: they live on without this worker. */
  detach(): void {
    for (const runner of this.runners.values()) runner.detach();
    this.runners.clear();
    for (const preparation of this.preparations.values()) preparation.discard();
    this.preparations.clear();
  }

  private async begin(folder: SessionFolder, input: StartAgentInput): Promise<StartAgentResult> {
    if (this.runtimes.get(folder.name)?.spec.changedAt !== input.spec.changedAt) this.takeChange(folder, input.spec);
    const runtime = this.runtimeOf(folder, input.spec);
    const preparation = this.takePreparation(input.name);
    try {
      return await this.beginPrepared(folder, input, runtime, preparation);
    } finally {
      preparation?.discard();
    }
  }

  /** The session goes on as another specification says, and with the environment that was written for it. */
  private takeChange(folder: SessionFolder, spec: SessionRuntime['spec']): void {
    this.takePreparation(folder.name)?.discard();
    const known = this.runtimes.get(folder.name);
    this.runtimes.set(folder.name, new SessionRuntime(this.host, spec, folder, known?.spec.sessionId === spec.sessionId ? known.checkpoints : undefined));
    if (folder.spec()?.changedAt !== spec.changedAt) folder.create(spec);
  }

  private async beginPrepared(folder: SessionFolder, input: StartAgentInput, runtime: SessionRuntime, preparation: Preparation | null): Promise<StartAgentResult> {
    const proof = await this.fenceAll(folder, { exitClass: 'lost', reason: 'fenced by a later attempt' }, input.epoch, preparation);
    refuseUnreported(folder, input.epoch);
    const previous = previousOf(folder);
    if (previous && input.decision !== null) previous.folder.writeDecision(input.decision);
    const attempt = folder.attempt(input.epoch);
    const writer = preparation?.secondWriter === undefined ? findSecondWriter(this.writers, runtime, attempt, previous, await pacedProcessTable(), input.beside ?? []) : preparation.secondWriter;
    if (writer && !isAllowed(input.beside ?? [], writer)) throw new HostError(hostErrorCodes.secondWriter, describeWriter(writer), { writer });
    const { record, pid, plan } = await beginAttempt(this.host, runtime, input, attempt, previous, preparation);
    // Its holder died before it claimed the attempt, and another has been sent after it: that has one watcher.
    const before = this.runners.get(input.name);
    if (before?.key.attemptId === input.attemptId) before.detach();
    const runner = runtime.runner(attempt, record);
    this.holders.set(runner, pid);
    this.keep(runner);
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
      this.deliver(attempt, report);
      return { pid: 0, startedAtMs: record.startedAtMs, adopted: false };
    }
    if (!spec) return null;
    const runtime = this.runtimeOf(folder, spec);
    const state = inspect(runtime.held(attempt, record));
    if (state.kind === 'unclaimed') {
      const pid = this.holderOnItsWay(folder.name, record);
      return pid === null ? null : { pid, startedAtMs: record.startedAtMs, adopted: true };
    }
    if (!this.runners.has(folder.name)) {
      const runner = runtime.runner(attempt, record);
      this.keep(runner);
      runner.watch();
    }
    return { pid: state.kind === 'running' ? state.holder.pid : 0, startedAtMs: record.startedAtMs, adopted: true };
  }

  /** A holder that this worker has sent, and that has not come to claim the attempt yet; null where none will. */
  private holderOnItsWay(name: string, { attemptId }: AttemptRecord): number | null {
    const runner = this.runners.get(name);
    const pid = runner?.key.attemptId === attemptId ? this.holders.get(runner) : undefined;
    return pid !== undefined && isHolderAlive(pid) ? pid : null;
  }

  /** Watches an attempt to its end and sends its report. */
  private keep(runner: AttemptRunner): void {
    new Background(this.host, runner.key.name).run('report an end', this.toItsEnd(runner));
  }

  private async toItsEnd(runner: AttemptRunner): Promise<void> {
    const report = await this.hold(runner);
    this.deliver(runner.setup.folder, report);
    if (mayRestart(report) && !this.host.detached.aborted) this.prepareNext(runner);
  }

  /** Until its report is there, an attempt has one watcher: two would read its output twice. */
  private async hold(runner: AttemptRunner): Promise<AttemptReport> {
    const { name } = runner.key;
    this.runners.set(name, runner);
    const report = await runner.ended;
    if (this.runners.get(name) === runner) this.runners.delete(name);
    return report;
  }

  /** Uses the time of Temporal's decision. */
  private prepareNext({ key, setup }: AttemptRunner): void {
    const runtime = this.runtimes.get(key.name);
    if (runtime?.spec.sessionId !== key.sessionId) return;
    const troubled = (error: unknown) => this.host.events.emit('trouble', { name: key.name, what: 'prepare the next attempt', error });
    this.takePreparation(key.name)?.discard();
    const lookForWriter = (table: ProcessTable) => findSecondWriter(this.writers, runtime, setup.folder, previousOf(setup.session), table, setup.record.beside ?? []);
    this.preparations.set(key.name, new Preparation(key.attemptId, setup.held, runtime.checkpoints, runtime.parkingPlace(), lookForWriter, troubled));
  }

  private takePreparation(name: string): Preparation | null {
    const preparation = this.preparations.get(name) ?? null;
    this.preparations.delete(name);
    return preparation;
  }

  /** Sends a report until Temporal has it, or nobody is there to have it. */
  deliver(attempt: AttemptFolder, report: AttemptReport): void {
    new Background(this.host, report.name).run(
      'send a report',
      this.host.reports.ended(report, this.host.detached).then(() => attempt.markReported()),
    );
  }

  /** The session's folder; one of an earlier session of that name is fenced, then put aside. */
  private async takeFolder(input: StartAgentInput): Promise<SessionFolder> {
    const folder = new SessionFolder(this.host.home, input.name);
    const owner = folder.spec()?.sessionId ?? folder.tombstone()?.sessionId;
    if (owner === input.sessionId && folder.spec()) return folder;
    if (lstatSync(folder.path, { throwIfNoEntry: false })?.isSymbolicLink()) throw new HostError(hostErrorCodes.misconfigured, `${folder.path} is a link, and no session is begun behind one; remove it, then: shim reset ${input.name}`);
    const isOfAnother = owner !== undefined && owner !== input.sessionId;
    if (isOfAnother) {
      await this.runners.get(input.name)?.end({ exitClass: 'stopped', reason: 'a new session took its name' }, { checkpointFirst: false, graceMs: 0 });
      await this.fenceAll(folder, { exitClass: 'stopped', reason: 'a new session took its name' });
      this.runtimes.delete(input.name);
    }
    // Not in the midst of a pruning of what was there before.
    const held = existsSync(folder.path) ? holdFolder(folder) : null;
    try {
      if (isOfAnother) {
        mkdirSync(archiveRoot(this.host.home), { recursive: true, mode: 0o700 });
        renameSync(folder.path, join(archiveRoot(this.host.home), `${input.name}-${owner}`));
      }
      folder.create(input.spec);
    } finally {
      held?.release();
    }
    return folder;
  }

  /**
   * Proves the latest attempt dead, and those before it that nothing proved dead yet: an attempt begins only after this,
   * so whatever lies before one with a report is settled. One that never began is taken away.
   *
   * @param below only attempts with a lower epoch.
   */
  private async fenceAll(folder: SessionFolder, conclusion: { exitClass: 'lost' | 'stopped'; reason: string }, below = Number.POSITIVE_INFINITY, preparation: Preparation | null = null): Promise<ProofOfDeath | null> {
    let proof: ProofOfDeath | null = null;
    for (const epoch of folder.epochs().toReversed()) {
      if (epoch >= below) continue;
      const attempt = folder.attempt(epoch);
      if (attempt.removeUnbegun()) continue;
      proof = (await this.proveDead(attempt, preparation)) ?? proof;
      if (attempt.report()) break;
      await this.concludeFenced(folder, attempt, conclusion);
    }
    return proof;
  }

  private async proveDead(attempt: AttemptFolder, preparation: Preparation | null): Promise<ProofOfDeath | null> {
    const record = attempt.record();
    if (!record || record.bootId !== this.host.bootId) return null;
    const known = preparation?.attemptId === record.attemptId ? await preparation.takeProof() : null;
    return known ?? fence({ treeId: record.treeId, path: attempt.path, sinceTicks: record.sinceTicks, cgroups: this.host.cgroups });
  }

  /** An attempt that was fenced without a report gets one, so that what it had in flight is told. */
  private async concludeFenced(folder: SessionFolder, attempt: AttemptFolder, conclusion: { exitClass: 'lost' | 'stopped'; reason: string }): Promise<void> {
    const spec = folder.spec();
    const record = attempt.record();
    if (!spec || !record) return;
    const known = this.runners.get(folder.name);
    try {
      const runner = known?.key.epoch === attempt.epoch ? known : this.runtimeOf(folder, spec).runner(attempt, record);
      await runner.conclude(conclusion, Date.now());
    } catch (error) {
      // Without its environment it cannot be read, only ended; that must not keep it from being stopped.
      if (!(error instanceof HostError)) throw error;
      this.host.events.emit('trouble', { name: folder.name, what: 'report a fenced attempt', error });
    }
  }

  private runtimeOf(folder: SessionFolder, spec: SessionRuntime['spec']): SessionRuntime {
    const known = this.runtimes.get(folder.name);
    if (known?.spec.sessionId === spec.sessionId) return known;
    const runtime = new SessionRuntime(this.host, spec, folder);
    this.runtimes.set(folder.name, runtime);
    return runtime;
  }
}

/** Whether there is any use in preparing for another attempt; the decision is Temporal's. */
function mayRestart({ exitClass }: AttemptReport): boolean {
  return exitClass !== 'completed' && exitClass !== 'stopped' && exitClass !== 'limit_reached';
}

/**
 * The next agent is told of what the ones before had in flight, which their reports tell: where one cannot be written, on a disk
 * that is full, nothing begins until it can.
 *
 * @throws Error, to be tried again.
 */
function refuseUnreported(folder: SessionFolder, below: number): void {
  const latest = folder.attempts().findLast((attempt) => attempt.epoch < below && attempt.record() !== null);
  if (latest && latest.report() === null) throw new Error(`the end of attempt ${latest.epoch} of ${folder.name} is not written down yet`);
}

/** When an attempt was last heard of before the machine went down, Unix ms. */
function lastTouched(attempt: AttemptFolder): number {
  const live = statSync(join(attempt.path, 'live.json'), { throwIfNoEntry: false });
  return Math.round(live?.mtimeMs ?? attempt.record()?.startedAtMs ?? 0);
}
