import type { AgentEvent } from '../domain/agent-event.js';
import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import type { CheckpointManifest, CheckpointTrigger } from '../domain/checkpoint.js';
import { noCheckpointTimes, withCheckpoint, type CheckpointTimes } from '../domain/checkpoint-times.js';
import { withLiveOf } from '../domain/parameter-table.js';
import type { Parameters } from '../domain/parameters.js';
import type { SessionSpec } from '../domain/session.js';
import { judge, lookEvery } from '../domain/watchdog.js';
import { ActivityClock } from './activity-clock.js';
import type { Agent } from './agents/agent.js';
import { AttemptOutput } from './attempt-output.js';
import { reportOf, type Ending } from './attempt-outcome.js';
import type { CheckpointManager } from './checkpoints/checkpoint-manager.js';
import type { HostContext } from './host-context.js';
import { Lanes } from './lanes.js';
import { LiveRecordFile } from './live-record.js';
import { describeFinding } from '../domain/budget.js';
import { SpendWatch } from './budget/spend-watch.js';
import { LimitProbe } from './limit-probe.js';
import type { Redactor } from './output/redaction.js';
import type { PromptDelivery } from './prompt-delivery.js';
import { Readiness } from './readiness.js';
import { fence, treeOf, watchEnd, type Held, type HeldAttempt } from './process/holder.js';
import { terminateTree } from './process/process-tree.js';
import type { TreeSample } from './process/resources.js';
import type { AttemptFolder, AttemptRecord, LiveRecord, SessionFolder } from './session-folder.js';
import { SignalCollector } from './signal-collector.js';

/** A program that need not send messages is judged this long after it began to run, ms. */
const firstAnswerMs = 500;
const liveRecordIntervalMs = 1_000;

/** When what an agent left running is ended, unless a next attempt has done so before, ms. */
const leftoversMs = 500;

/** A last checkpoint may delay an end by this at most, ms. */
const lastCheckpointMs = 10_000;

/** Of all sessions: while a whole fleet starts, its checkpoints leave the machine to the starts. */
const firstCheckpoints = new Lanes(4);

/** What an attempt is run with. */
export interface AttemptSetup {
  key: AttemptKey;
  spec: SessionSpec;
  /** What it was begun with, or given last. */
  parameters: Parameters;
  agent: Agent;
  conversationId: string | null;
  startedAtMs: number;
  session: SessionFolder;
  folder: AttemptFolder;
  held: HeldAttempt;
  checkpoints: CheckpointManager;
  environment: Readonly<Record<string, string>>;
  redact: Redactor;
  /** As it was begun. */
  record: AttemptRecord;
  /** Of the queued prompt that it was begun with; null where there was none. */
  delivery: ((conversationId: () => string | null) => PromptDelivery) | null;
  /** It is only to shorten its conversation. */
  compacting: boolean;
  /** The account that is to be told of its first answer; null where none is. */
  probeOf: string | null;
}

/** Why SHIM itself ends an attempt. */
type Intent = Pick<Ending, 'exitClass' | 'reason'>;

/**
 * Watches one attempt from its spawn or adoption to its report: output, signals, checkpoints, hangs, the end. It holds no
 * process: the holder does, and goes on without it.
 */
export class AttemptRunner {
  /** Resolves with the report, once the attempt has ended and its report is on disk. */
  readonly ended: Promise<AttemptReport>;
  /** Resolves once a resumed attempt can be judged: its first message came, it ran for a while, or it ended. */
  readonly firstAnswer: Promise<void>;
  readonly collector: SignalCollector;
  runningAtMs: number | null;
  /** Of its resume, ratio 0-1; null where it is not known (yet). */
  fidelity: number | null;
  private settle: (report: AttemptReport) => void = () => undefined;
  private answered: () => void = () => undefined;
  private readonly output: AttemptOutput;
  private intent: Intent | null = null;
  /** It has ended by itself; the rest of its output may still be read. */
  private hasExited = false;
  private finishing = false;
  private stopWatching: () => void = () => undefined;
  private readonly readiness: Readiness;
  /** Of the queued prompt that it was begun with; null where there was none. */
  readonly delivery: PromptDelivery | null;
  private readonly spend: SpendWatch;
  private readonly clock: ActivityClock;
  private readonly probe: LimitProbe | null;
  private checkpointTimes: CheckpointTimes;
  private given: Parameters;
  private readonly liveFile: LiveRecordFile;

  constructor(
    private readonly host: HostContext,
    readonly setup: AttemptSetup,
    earlier: LiveRecord | null,
  ) {
    const { startedAtMs, parameters, folder, session, spec, agent, redact, key } = setup;
    this.liveFile = new LiveRecordFile(folder, liveRecordIntervalMs);
    this.collector = new SignalCollector(startedAtMs, parameters.dangerZone, earlier ?? undefined);
    this.given = parameters;
    this.runningAtMs = earlier?.runningAtMs ?? null;
    this.clock = new ActivityClock(earlier?.longestSilenceMs);
    if (this.runningAtMs !== null) this.clock.running();
    this.checkpointTimes = earlier?.checkpointTimes ?? noCheckpointTimes;
    this.fidelity = earlier && (folder.receipt()?.fidelity?.overall ?? null);
    if (this.collector.signals.conversationId === null) this.collector.signals = { ...this.collector.signals, conversationId: setup.conversationId };
    this.delivery = setup.delivery?.(() => this.collector.signals.conversationId) ?? null;
    this.spend = new SpendWatch(host, { spec, record: setup.record, signals: () => this.collector.signals, isWarned: earlier?.budgetWarned === true });
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.firstAnswer = new Promise((resolve) => {
      this.answered = resolve;
    });
    const offsets = earlier?.offsets ?? { stdout: 0, stderr: 0 };
    const source = { folder: folder.path, logPath: session.logPath, epoch: key.epoch, logBytes: spec.limits.logBytes, parser: agent.parser(), redact, offsets };
    const { probeOf } = setup;
    this.probe = probeOf === null ? null : new LimitProbe(() => this.inBackground('tell the account of an answer', this.host.reports.answered(key, probeOf, this.host.detached)));
    this.readiness = new Readiness(folder.path, () => this.markRunning(Date.now()));
    this.output = new AttemptOutput(
      source,
      (events) => this.onEvents(events),
      () => this.guard('keep the live record', () => this.writeLive()),
      (error) => this.host.events.emit('trouble', { name: key.name, what: 'write the log', error }),
    );
  }

  /** It has ended, or its end is being dealt with. */
  get hasEnded(): boolean {
    return this.finishing || this.hasExited;
  }

  /** It has ended, or SHIM is ending it: nothing new is begun. */
  private get isEnding(): boolean {
    return this.hasEnded || this.intent !== null;
  }

  get key(): AttemptKey {
    return this.setup.key;
  }

  /** The holder's child, as the last look saw it. */
  get agentPid(): number | null {
    return this.clock.sample?.rootPid ?? null;
  }

  /** What it runs with, read where it is applied. */
  get parameters(): Parameters {
    return { ...this.given, dangerZone: this.collector.dangerZone, checkpointIntervalMinutes: this.setup.checkpoints.intervalMinutes };
  }

  /** Changes what takes effect on a running attempt; the rest waits for the next one. What is so already stays so. */
  applyParameters(wanted: Parameters): void {
    const { setup, collector } = this;
    const given = withLiveOf(this.given, wanted);
    setup.folder.keepParameters(given);
    this.given = given;
    setup.checkpoints.setInterval(given.checkpointIntervalMinutes);
    collector.dangerZone = given.dangerZone;
    collector.assess(Date.now());
    this.checkpointIfDue();
    this.recycleIfFull();
  }

  /** Begins to watch an attempt whose holder lives, or that has ended since it was last looked at. */
  watch(): void {
    this.output.open();
    const { held, agent, checkpoints, parameters } = this.setup;
    // The session's checkpoints are made by one manager, whichever attempt they are of.
    checkpoints.setInterval(parameters.checkpointIntervalMinutes);
    checkpoints.on('checkpoint_created', this.onCheckpoint);
    if (this.runningAtMs !== null) this.probe?.adopted(this.collector.signals, agent.runsSilently);
    else if (agent.runsSilently) this.readiness.await();
    const stopWatchingEnd = watchEnd(held, (end) => this.onEnd(end));
    this.stopWatching = () => {
      stopWatchingEnd();
      checkpoints.off('checkpoint_created', this.onCheckpoint);
    };
    this.writeLive();
  }

  /** The worker lets go: the attempt lives on, and the next worker adopts it. */
  detach(): void {
    this.finishing = true;
    this.stopWatching();
    this.readiness.stop();
    this.probe?.stop();
    this.output.close();
    this.writeLive();
    this.answered();
  }

  /**
   * After how many ticks of the monitor it is worth the next look, a power of two. One that rests is looked at less often, but
   * ten times in its hang timeout; one that has not begun to run, or has given its result, at every tick.
   */
  get lookEvery(): number {
    if (this.runningAtMs === null || this.clock.hasResult) return 1;
    return lookEvery(this.clock.quietLooks, this.given.hangTimeoutMs);
  }

  /** Looks at the attempt with a fresh sample of its tree. */
  tick(sample: TreeSample | null): void {
    if (this.isEnding) return;
    const nowMs = performance.now();
    if (sample) this.clock.looked(sample, nowMs);
    const { signals } = this.collector;
    this.collector.assess(Date.now());
    const { spec } = this.setup;
    const verdict = judge(
      {
        nowMs,
        ...this.clock.times,
        running: this.runningAtMs !== null,
        toolCallPending: signals.pending.length > 0,
        treeIsStopped: sample?.allStopped ?? false,
        rssBytes: sample?.rssBytes ?? 0,
      },
      spec.limits,
      this.given.hangTimeoutMs,
    );
    if (verdict) {
      this.endInBackground(verdict, verdict.exitClass === 'hung');
      return;
    }
    this.checkpointIfDue();
    this.guard('keep to the budget', () => this.keepToBudget());
    this.guard('keep the account of the day', () => this.spend.keep(false));
    if (this.liveFile.isDue(nowMs)) this.liveFile.update(this.liveRecord(), nowMs);
  }

  /** The watchdog's own clock stood still (suspend, SIGCONT): its waits start anew. */
  clockGap(): void {
    this.clock.restart();
  }

  /** Makes a checkpoint of the attempt as it is. @returns null if it could not be made. */
  async checkpoint(trigger: CheckpointTrigger): Promise<CheckpointManifest | null> {
    const manifest = await this.setup.checkpoints.create(trigger, this.checkpointContext());
    if (manifest) this.collector.checkpointMade();
    if (manifest && (trigger === 'danger_zone' || trigger === 'user_requested')) {
      const made = { id: manifest.id, atMs: Date.parse(manifest.createdAt), trigger };
      this.inBackground('report a checkpoint', this.host.reports.checkpointMade(this.key, made, this.host.detached));
    }
    return manifest;
  }

  /** Ends the attempt: a last checkpoint where asked for, TERM and the grace, then KILL for every process. */
  async end(intent: Intent, options: { checkpointFirst: boolean; graceMs: number }): Promise<AttemptReport> {
    if (this.hasEnded) return this.ended;
    if (!this.intent) {
      this.intent = intent;
      if (options.checkpointFirst) await Promise.race([this.checkpoint('session_end'), sleep(lastCheckpointMs)]);
      const tree = treeOf(this.setup.held);
      if (options.graceMs > 0) await terminateTree(tree, options.graceMs);
      await fence(this.setup.held);
      await this.output.drainInTurns();
      this.finish({ ...this.outcomeOf(intent), exitCode: null, signal: null, endedAtMs: Date.now() });
    }
    return this.ended;
  }

  /** Ends the watch of an attempt that is gone without an exit file, for a reason that only the caller knows. */
  async conclude(intent: Intent, endedAtMs: number): Promise<void> {
    if (this.hasExited) {
      await this.ended;
      return;
    }
    this.hasExited = true;
    this.output.open();
    await this.output.drainInTurns();
    this.finish({ ...intent, exitCode: null, signal: null, endedAtMs, limitResetsAtMs: null });
  }

  private endInBackground(intent: Intent, checkpointFirst: boolean): void {
    this.inBackground(`end (${intent.exitClass})`, this.end(intent, { checkpointFirst, graceMs: 0 }));
  }

  private onEvents(events: AgentEvent[]): void {
    const nowMs = Date.now();
    this.clock.eventSeen();
    for (const event of events) {
      this.collector.observe(event, nowMs);
      this.probe?.observe(event);
      if (event.kind === 'result') this.clock.resultSeen();
      if (event.kind !== 'output') this.markRunning(nowMs);
      if (event.kind === 'message' || (event.kind !== 'output' && this.setup.agent.kind === 'command')) this.guard('look for the prompt', () => this.delivery?.heard());
      if (event.kind === 'message') this.answered();
      // A risky operation is worth a checkpoint before its effects, not at the next tick.
      if (event.kind === 'tool_started') this.checkpointIfDue();
      this.recycleIfFull();
      if (event.kind === 'message') this.guard('keep to the budget', () => this.keepToBudget());
    }
  }

  private readonly onCheckpoint = (durationMs: number, { attemptId }: CheckpointManifest): void => {
    if (attemptId === this.key.attemptId) this.checkpointTimes = withCheckpoint(this.checkpointTimes, durationMs);
  };

  private checkpointIfDue(): void {
    if (this.runningAtMs === null || this.isEnding) return;
    const { signals, risk } = this.collector;
    const trigger = this.setup.checkpoints.due(signals, risk, Date.now());
    if (trigger) this.inBackground('checkpoint', this.checkpoint(trigger));
  }

  /** Nothing is spent beyond a budget: a turn that is not over is checkpointed and ended, with its grace. */
  private keepToBudget(): void {
    if (this.isEnding || this.clock.hasResult) return;
    const { isWarned } = this.spend;
    const finding = this.spend.look();
    if (this.spend.isWarned && !isWarned) this.output.note([`most of a budget is spent; see: shim status ${this.key.name}`]);
    if (!finding) return;
    const reason = describeFinding(finding, this.key.name);
    this.output.note([`ended: ${reason}`]);
    this.host.events.emit('budget_exceeded', { name: this.key.name, finding });
    this.inBackground('end (budget)', this.end({ exitClass: 'stopped', reason }, { checkpointFirst: true, graceMs: this.setup.spec.limits.stopGraceMs }));
  }

  /** A context in its danger zone is not left to fill up: between two operations the attempt is checkpointed and ended. */
  private recycleIfFull(): void {
    const { signals, risk, dangerZone } = this.collector;
    const isFull = risk.contextUse !== null && risk.contextUse >= dangerZone;
    if (!isFull || signals.pending.length > 0 || this.clock.hasResult || this.isEnding) return;
    const reason = `context ${Math.round((risk.contextUse ?? 0) * 100)} % full, danger zone at ${Math.round(dangerZone * 100)} %`;
    this.endInBackground({ exitClass: 'recycled', reason }, true);
  }

  private onEnd(end: Extract<Held, { kind: 'exited' | 'lost' }>): void {
    if (this.intent) return;
    this.hasExited = true;
    if (end.kind === 'lost') {
      // Its agent may have outlived its holder, and be at work: what it does is known only once it is dead.
      const isDead = fence(this.setup.held).then(() => this.output.drainInTurns());
      this.inBackground('end what its holder left', isDead.finally(() => this.finishAs(end)));
      return;
    }
    // A restart waits for the little that is usual; all other sessions would wait for much.
    if (this.output.isNearlyRead) {
      this.output.drain();
      this.finishAs(end);
    } else {
      this.inBackground('read the last output', this.output.drainInTurns().finally(() => this.finishAs(end)));
    }
  }

  private finishAs(end: Extract<Held, { kind: 'exited' | 'lost' }>): void {
    if (end.kind === 'lost') {
      this.finish({ exitClass: 'lost', reason: 'its holder is gone without a word', exitCode: null, signal: null, endedAtMs: Date.now(), limitResetsAtMs: null });
      return;
    }
    const { exitCode, signal, endedAtMs } = end.exit;
    const verdict = this.setup.agent.classifyEnd({ exitCode, signal, signals: this.collector.signals, stderrTail: this.output.stderrTail, compacting: this.setup.compacting });
    this.finish({ ...verdict, exitCode, signal, endedAtMs });
  }

  /** "Completed" is the watchdog's word for a result without an exit: the result may still have been a failure. */
  private outcomeOf(intent: Intent): Pick<Ending, 'exitClass' | 'reason' | 'limitResetsAtMs'> {
    const { signals } = this.collector;
    if (intent.exitClass === 'completed' && this.setup.compacting) return this.setup.agent.classifyEnd({ exitCode: 0, signal: null, signals, stderrTail: this.output.stderrTail, compacting: true });
    const failure = intent.exitClass === 'completed' ? signals.result?.failure : null;
    if (failure) return { exitClass: failure.exitClass, reason: failure.message, limitResetsAtMs: failure.resetsAtMs ?? null };
    return { ...intent, limitResetsAtMs: null };
  }

  private finish(ending: Ending): void {
    if (this.finishing) return;
    this.finishing = true;
    this.stopWatching();
    this.probe?.stop();
    const newest = this.setup.checkpoints.newest;
    const checkpoint = newest && { id: newest.id, atMs: Date.parse(newest.createdAt) };
    const redacted = { ...ending, reason: this.setup.redact(ending.reason) };
    const { runningAtMs, checkpointTimes, fidelity } = this;
    const spend = this.spend.end(ending.endedAtMs);
    const facts = { spend, overBudget: this.spend.exceeded, prompt: this.promptSeen(ending.exitClass), runningAtMs, checkpoint, checkpointTimes, fidelity, longestSilenceMs: this.clock.longestSilenceMs };
    const report = reportOf(this.key, this.host.hostId, this.collector, redacted, facts);
    // A full disk must not keep it from Temporal: who finds no report on disk puts it together again from the output.
    this.guard('write the report', () => this.setup.folder.writeReport(report));
    this.settle(report);
    // The report is on its way before anything else is done: the decision on what comes next waits for it.
    setImmediate(() => this.guard('wind up', () => this.windUp(report)));
  }

  /** The last look: nothing is written any more. */
  private promptSeen(exitClass: Ending['exitClass']): NonNullable<AttemptReport['prompt']> | null {
    const { delivery } = this;
    if (!delivery) return null;
    if (exitClass === 'completed') delivery.completed();
    this.guard('look for the prompt', () => delivery.look());
    return { id: delivery.id, delivered: delivery.isDelivered };
  }

  private windUp(report: AttemptReport): void {
    this.output.note([`attempt ${this.key.epoch} ended: ${report.exitClass} (${report.reason})`]);
    this.readiness.stop();
    this.output.close();
    this.writeLive();
    this.answered();
    this.host.events.emit('attempt_ended', report);
    // What the agent left running dies with it; the next attempt, if there is one, has proved it by then.
    setTimeout(() => {
      this.guard('end leftovers', () => this.inBackground('end leftovers', fence(this.setup.held)));
      this.guard('keep the account of the day', () => this.spend.keep(true));
    }, leftoversMs).unref();
  }

  private markRunning(atMs: number): void {
    if (this.runningAtMs !== null || this.finishing) return;
    this.runningAtMs = atMs;
    this.clock.running();
    this.readiness.stop();
    this.writeLive();
    this.inBackground('report running', this.host.reports.running(this.key, atMs, this.host.detached));
    this.host.events.emit('attempt_running', { name: this.key.name, epoch: this.key.epoch, sinceSpawnMs: atMs - this.setup.startedAtMs });
    if (this.setup.agent.runsSilently) {
      setTimeout(() => this.answered(), firstAnswerMs).unref();
      this.probe?.runsSilently();
    }
    this.inBackground('first checkpoint', firstCheckpoints.run(async () => (this.isEnding ? null : this.checkpoint('session_start'))));
  }

  private writeLive(): void {
    this.guard('write down what is known', () => this.liveFile.write(this.liveRecord(), performance.now()));
  }

  private liveRecord(): LiveRecord {
    const { signals, risk, zones, maxContextUse } = this.collector;
    const { sample, longestSilenceMs } = this.clock;
    return {
      runningAtMs: this.runningAtMs,
      signals,
      risk,
      zones,
      resources: sample && { cpuMs: sample.cpuMs, rssBytes: sample.rssBytes },
      transcriptPath: this.transcriptPath(),
      offsets: this.output.offsets,
      checkpointTimes: this.checkpointTimes,
      maxContextUse,
      longestSilenceMs,
      ...(this.spend.isWarned ? { budgetWarned: true } : {}),
      ...(this.delivery ? { promptDelivered: this.delivery.isDelivered } : {}),
    };
  }

  /** Where the agent writes its conversation; null where it keeps none, or there is none yet. */
  transcriptPath(): string | null {
    const { conversationId } = this.collector.signals;
    return conversationId === null ? null : this.setup.agent.transcriptPath(this.setup, conversationId);
  }

  private checkpointContext() {
    const { spec, agent, key } = this.setup;
    const { signals } = this.collector;
    return {
      sessionId: key.sessionId,
      sessionName: key.name,
      epoch: key.epoch,
      attemptId: key.attemptId,
      signals,
      transcriptPath: this.transcriptPath(),
      isMessage: agent.isMessage,
      launch: { agent: spec.agent, argv: spec.argv, cwd: spec.cwd, environmentNames: spec.environmentNames, conversationId: signals.conversationId, agentVersion: signals.agentVersion },
    };
  }

  /** Nothing that goes wrong with one session's files may end the worker of all the others. */
  private guard(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.host.detached.aborted) this.host.events.emit('trouble', { name: this.key.name, what, error });
    }
  }

  private inBackground(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.host.detached.aborted) this.host.events.emit('trouble', { name: this.key.name, what, error });
    });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
