import { describeFinding, type Spend } from '../domain/budget.js';
import type { AgentEvent } from '../domain/agent-event.js';
import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import type { CheckpointManifest, CheckpointTrigger } from '../domain/checkpoint.js';
import { noCheckpointTimes } from '../domain/checkpoint-times.js';
import { withLiveOf } from '../domain/parameter-table.js';
import type { Parameters } from '../domain/parameters.js';
import { lookEvery } from '../domain/watchdog.js';
import { ActivityClock } from './activity-clock.js';
import { AttemptCheckpoints } from './attempt-checkpoints.js';
import { AttemptEnding, type EndOptions, type Intent } from './attempt-ending.js';
import { liveRecordOf } from './attempt-live.js';
import type { AttemptFacts, Ending } from './attempt-outcome.js';
import { AttemptOutput } from './attempt-output.js';
import { transcriptPathOf, type AttemptSetup } from './attempt-setup.js';
import { fullContext, verdictOf } from './attempt-verdict.js';
import { Background } from './background.js';
import { SpendWatch } from './budget/spend-watch.js';
import type { HostContext } from './host-context.js';
import { LimitProbe } from './limit-probe.js';
import { LiveRecordFile } from './live-record.js';
import { fence, isProvedDead, watchEnd } from './process/holder.js';
import type { TreeSample } from './process/resources.js';
import type { PromptDelivery } from './prompt-delivery.js';
import { Readiness } from './readiness.js';
import { RunningTold } from './running-told.js';
import type { LiveRecord } from './session-records.js';
import { SignalCollector } from './signal-collector.js';

/** A program that need not send messages is judged this long after it began to run, ms. */
const firstAnswerMs = 500;
const liveRecordIntervalMs = 1_000;

/** When what an agent left running is ended, unless a next attempt has done so before, ms. */
const leftoversMs = 500;

/**
 * Watches one attempt from its spawn or adoption to its report: output, signals, checkpoints, hangs, the end. It holds no
 * process: the holder does, and goes on without it.
 */
export class AttemptRunner {
  /** Resolves once a resumed attempt can be judged: its first message came, it ran for a while, or it ended. */
  readonly firstAnswer: Promise<void>;
  readonly collector: SignalCollector;
  runningAtMs: number | null;
  /** Of its resume, ratio 0-1; null where it is not known (yet). */
  fidelity: number | null;
  private answered: () => void = () => undefined;
  private readonly output: AttemptOutput;
  private readonly ending: AttemptEnding;
  private readonly background: Background;
  private stopWatching: () => void = () => undefined;
  private readonly readiness: Readiness;
  /** Of the queued prompt that it was begun with; null where there was none. */
  readonly delivery: PromptDelivery | null;
  private readonly spend: SpendWatch;
  private readonly clock: ActivityClock;
  private readonly probe: LimitProbe | null;
  private readonly told: RunningTold;
  private readonly checkpoints: AttemptCheckpoints;
  private given: Parameters;
  private readonly liveFile: LiveRecordFile;

  constructor(
    private readonly host: HostContext,
    readonly setup: AttemptSetup,
    earlier: LiveRecord | null,
  ) {
    const { startedAtMs, parameters, folder, session, spec, agent, redact, key } = setup;
    this.background = new Background(host, key.name);
    this.liveFile = new LiveRecordFile(folder, liveRecordIntervalMs);
    this.collector = new SignalCollector(startedAtMs, parameters.dangerZone, earlier ?? undefined);
    this.given = parameters;
    this.runningAtMs = earlier?.runningAtMs ?? null;
    this.clock = new ActivityClock(earlier?.longestSilenceMs);
    if (this.runningAtMs !== null) this.clock.running();
    this.told = new RunningTold(earlier?.runningTold === true, async (atMs) => void (await host.reports.running(key, atMs, host.detached)));
    this.checkpoints = new AttemptCheckpoints({ host, setup, collector: this.collector, background: this.background }, earlier?.checkpointTimes ?? noCheckpointTimes);
    this.fidelity = earlier && (folder.receipt()?.fidelity?.overall ?? null);
    if (this.collector.signals.conversationId === null) this.collector.signals = { ...this.collector.signals, conversationId: setup.conversationId };
    this.delivery = setup.delivery?.(() => this.collector.signals.conversationId) ?? null;
    this.spend = new SpendWatch(host, { spec, record: setup.record, signals: () => this.collector.signals, isWarned: earlier?.budgetWarned === true });
    this.firstAnswer = new Promise((resolve) => {
      this.answered = resolve;
    });
    const offsets = earlier?.offsets ?? { stdout: 0, stderr: 0 };
    const source = { folder: folder.path, logPath: session.logPath, epoch: key.epoch, logBytes: spec.limits.logBytes, parser: agent.parser(), redact, offsets };
    const { probeOf } = setup;
    this.probe = probeOf === null ? null : new LimitProbe(() => this.background.run('tell the account of an answer', this.host.reports.answered(key, probeOf, this.host.detached)));
    this.readiness = new Readiness(folder.path, () => this.markRunning(Date.now()));
    this.output = new AttemptOutput(
      source,
      (events) => this.onEvents(events),
      () => this.background.guard('keep the live record', () => this.writeLive()),
      (error) => this.host.events.emit('trouble', { name: key.name, what: 'write the log', error }),
    );
    this.ending = new AttemptEnding({
      setup,
      hostId: host.hostId,
      collector: this.collector,
      output: this.output,
      background: this.background,
      lastCheckpoint: () => this.checkpoint('session_end'),
      facts: (ending) => this.factsOfEnd(ending),
      windUp: (report) => this.windUp(report),
    });
  }

  /** Resolves with the report, once the attempt has ended and its report is on disk. */
  get ended(): Promise<AttemptReport> {
    return this.ending.ended;
  }

  /** It has ended, or its end is being dealt with. */
  get hasEnded(): boolean {
    return this.ending.hasEnded;
  }

  get key(): AttemptKey {
    return this.setup.key;
  }

  /** The holder's child, as the last look saw it. */
  get agentPid(): number | null {
    return this.clock.sample?.rootPid ?? null;
  }

  /** What its session has spent by now, in all its attempts. */
  get spent(): Spend {
    return this.spend.total;
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
    const { held, agent } = this.setup;
    this.checkpoints.watch();
    if (this.runningAtMs !== null) {
      // The worker that saw it run may have been killed before the session was told.
      this.tellRunning(this.runningAtMs);
      this.probe?.adopted(this.collector.signals, agent.runsSilently);
    } else if (agent.runsSilently) this.readiness.await();
    const stopWatchingEnd = watchEnd(held, (end) => this.ending.seen(end));
    this.stopWatching = () => {
      stopWatchingEnd();
      this.checkpoints.stop();
    };
    this.writeLive();
  }

  /** The worker lets go: the attempt lives on, and the next worker adopts it. */
  detach(): void {
    this.ending.letGo();
    this.stopWatching();
    this.readiness.stop();
    this.probe?.stop();
    this.told.over();
    this.output.close();
    this.writeLive();
    this.answered();
  }

  /** Until it runs, to be told with the answer to its start: Unix ms; null where it does not within the patience, ms, or before the signal, or has ended. */
  async tellInAnswer(patienceMs: number, noLonger: AbortSignal): Promise<number | null> {
    if (this.runningAtMs !== null || this.ending.isOver) return this.runningAtMs;
    return this.told.inAnswer(patienceMs, noLonger);
  }

  /**
   * After how many ticks of the monitor it is worth the next look, a power of two. One that rests is looked at less often, but
   * ten times in its hang timeout; one that has not begun to run, or has given its result, at every tick.
   */
  get lookEvery(): number {
    if (this.runningAtMs === null || this.clock.hasResult) return 1;
    return lookEvery(this.clock.quietLooks, this.given.hangTimeoutMs, this.setup.spec.limits.memoryBytes !== undefined || this.spend.isLimitedInHours);
  }

  /** Looks at the attempt with a fresh sample of its tree. */
  tick(sample: TreeSample | null): void {
    if (this.ending.isOwed) this.background.run('end it after all', this.ending.tryAgain());
    if (this.ending.isUnderWay) return;
    const nowMs = performance.now();
    if (sample) this.clock.looked(sample, nowMs);
    const { collector, clock } = this;
    collector.assess(Date.now());
    const judged = { running: this.runningAtMs !== null, collector, clock, limits: this.setup.spec.limits, hangTimeoutMs: this.given.hangTimeoutMs };
    const verdict = verdictOf(judged, sample, nowMs);
    if (verdict) {
      this.endInBackground(verdict, verdict.exitClass === 'hung');
      return;
    }
    this.checkpointIfDue();
    this.background.guard('keep to the budget', () => this.keepToBudget());
    this.background.guard('keep the account of the day', () => this.spend.keep(false));
    if (this.liveFile.isDue(nowMs)) this.liveFile.update(this.liveRecord(), nowMs);
  }

  /** The watchdog's own clock stood still (suspend, SIGCONT): its waits start anew. */
  clockGap(): void {
    this.clock.restart();
  }

  /** Makes a checkpoint of the attempt as it is. @returns null if it could not be made. */
  checkpoint(trigger: CheckpointTrigger): Promise<CheckpointManifest | null> {
    return this.checkpoints.create(trigger);
  }

  /** Ends the attempt: a last checkpoint where asked for, TERM and the grace, then KILL for every process. */
  end(intent: Intent, options: EndOptions): Promise<AttemptReport> {
    return this.ending.end(intent, options);
  }

  /** Ends the watch of an attempt that is gone without an exit file, for a reason that only the caller knows. */
  conclude(intent: Intent, endedAtMs: number): Promise<void> {
    return this.ending.conclude(intent, endedAtMs);
  }

  private endInBackground(intent: Intent, checkpointFirst: boolean): void {
    this.background.run(`end (${intent.exitClass})`, this.end(intent, { checkpointFirst, graceMs: 0 }));
  }

  private onEvents(events: AgentEvent[]): void {
    const nowMs = Date.now();
    this.clock.eventSeen();
    for (const event of events) {
      this.collector.observe(event, nowMs);
      this.probe?.observe(event);
      if (event.kind === 'result') this.clock.resultSeen();
      if (event.kind !== 'output') this.markRunning(nowMs);
      if (event.kind === 'message' || (event.kind !== 'output' && this.setup.agent.kind === 'command')) this.background.guard('look for the prompt', () => this.delivery?.heard());
      if (event.kind === 'message') this.answered();
      // A risky operation is worth a checkpoint before its effects, not at the next tick.
      if (event.kind === 'tool_started') this.checkpointIfDue();
      this.recycleIfFull();
      if (event.kind === 'message') this.background.guard('keep to the budget', () => this.keepToBudget());
    }
  }

  private checkpointIfDue(): void {
    if (this.runningAtMs === null || this.ending.isUnderWay) return;
    this.checkpoints.createIfDue();
  }

  /** Nothing is spent beyond a budget: a turn that is not over is checkpointed and ended, with its grace. */
  private keepToBudget(): void {
    if (this.ending.isUnderWay || this.clock.hasResult) return;
    const { isWarned } = this.spend;
    const finding = this.spend.look();
    if (this.spend.isWarned && !isWarned) this.output.note([`most of a budget is spent; see: shim status ${this.key.name}`]);
    if (!finding) return;
    const reason = describeFinding(finding, this.key.name);
    this.output.note([`ended: ${reason}`]);
    this.host.events.emit('budget_exceeded', { name: this.key.name, finding });
    this.background.run('end (budget)', this.end({ exitClass: 'stopped', reason }, { checkpointFirst: true, graceMs: this.setup.spec.limits.stopGraceMs }));
  }

  /** A context in its danger zone is not left to fill up: the attempt is checkpointed and ended. */
  private recycleIfFull(): void {
    if (this.clock.hasResult || this.ending.isUnderWay) return;
    const full = fullContext(this.collector);
    if (full) this.endInBackground(full, true);
  }

  /** The last look: nothing is watched any more. */
  private factsOfEnd({ exitClass, endedAtMs }: Ending): AttemptFacts {
    this.stopWatching();
    this.probe?.stop();
    this.told.over();
    const { runningAtMs, fidelity, checkpoints, clock } = this;
    const spend = this.spend.end(endedAtMs);
    return {
      spend,
      overBudget: this.spend.exceeded,
      prompt: this.promptSeen(exitClass),
      runningAtMs,
      checkpoint: checkpoints.newest,
      checkpointTimes: checkpoints.times,
      fidelity,
      longestSilenceMs: clock.longestSilenceMs,
    };
  }

  private promptSeen(exitClass: Ending['exitClass']): AttemptFacts['prompt'] {
    const { delivery } = this;
    if (!delivery) return null;
    if (exitClass === 'completed') delivery.completed();
    this.background.guard('look for the prompt', () => delivery.look());
    return { id: delivery.id, delivered: delivery.isDelivered };
  }

  private windUp(report: AttemptReport): void {
    this.output.note([`attempt ${this.key.epoch} ended: ${report.exitClass} (${report.reason})`]);
    this.readiness.stop();
    this.output.close();
    this.background.guard('write down what is known', () => this.liveFile.update(this.liveRecord(), performance.now()));
    this.answered();
    this.host.events.emit('attempt_ended', report);
    // What the agent left running dies with it; the next attempt, if there is one, has proved it by then.
    setTimeout(() => {
      this.background.guard('end leftovers', () => {
        if (!isProvedDead(this.setup.held)) this.background.run('end leftovers', fence(this.setup.held));
      });
      this.background.guard('keep the account of the day', () => this.spend.keep(true));
    }, leftoversMs).unref();
  }

  private markRunning(atMs: number): void {
    if (this.runningAtMs !== null || this.ending.isOver) return;
    this.runningAtMs = atMs;
    this.clock.running();
    this.readiness.stop();
    this.tellRunning(atMs);
    this.writeLive();
    this.host.events.emit('attempt_running', { name: this.key.name, epoch: this.key.epoch, sinceSpawnMs: atMs - this.setup.startedAtMs });
    if (this.setup.agent.runsSilently) {
      setTimeout(() => this.answered(), firstAnswerMs).unref();
      this.probe?.runsSilently();
    }
    this.checkpoints.createFirst(() => !this.ending.isUnderWay);
  }

  private tellRunning(atMs: number): void {
    this.background.run('report running', this.told.runs(atMs));
  }

  private writeLive(): void {
    this.background.guard('write down what is known', () => this.liveFile.write(this.liveRecord(), performance.now()));
  }

  private liveRecord(): LiveRecord {
    const { setup, runningAtMs, collector, clock, output, checkpoints, spend, told, delivery } = this;
    return liveRecordOf({ setup, runningAtMs, collector, clock, output, checkpoints, spend, told, delivery });
  }

  /** Where the agent writes its conversation; null where it keeps none, or there is none yet. */
  transcriptPath(): string | null {
    return transcriptPathOf(this.setup, this.collector.signals);
  }
}
