import type { AttemptReport } from '../domain/attempt.js';
import { reportOf, type AttemptFacts, type Ending } from './attempt-outcome.js';
import type { AttemptOutput } from './attempt-output.js';
import type { AttemptSetup } from './attempt-setup.js';
import type { Background } from './background.js';
import { fence, treeOf, type Held } from './process/holder.js';
import { terminateTree } from './process/process-tree.js';
import type { SignalCollector } from './signal-collector.js';

/** A last checkpoint may delay an end by this at most, ms. */
const lastCheckpointMs = 10_000;

/** Why SHIM itself ends an attempt. */
export type Intent = Pick<Ending, 'exitClass' | 'reason'>;

/** How SHIM ends it. */
export interface EndOptions {
  checkpointFirst: boolean;
  /** From TERM to KILL, ms; 0 for KILL at once. */
  graceMs: number;
}

type End = Extract<Held, { kind: 'exited' | 'lost' }>;

/** What an end needs of its attempt. */
export interface EndedAttempt {
  setup: AttemptSetup;
  hostId: string;
  collector: SignalCollector;
  output: AttemptOutput;
  background: Background;
  lastCheckpoint: () => Promise<unknown>;
  /** What its report tells besides the signals, asked for once: nothing of the attempt is written any more. */
  facts: (ending: Ending) => AttemptFacts;
  /** Its report was given: what is left to do has time. */
  windUp: (report: AttemptReport) => void;
}

/** The end of an attempt, by itself or by SHIM, to its report: whatever comes first counts, and the report is made once. */
export class AttemptEnding {
  /** Resolves with the report, once the attempt has ended and its report is on disk. */
  readonly ended: Promise<AttemptReport>;
  private settle: (report: AttemptReport) => void = () => undefined;
  private intent: Intent | null = null;
  private killing: Promise<void> | null = null;
  /** It has ended by itself; the rest of its output may still be read. */
  private hasExited = false;
  private finishing = false;

  constructor(private readonly of: EndedAttempt) {
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** It has ended, or its end is being dealt with. */
  get hasEnded(): boolean {
    return this.finishing || this.hasExited;
  }

  /** It has ended, or SHIM is ending it: nothing new is begun. */
  get isUnderWay(): boolean {
    return this.hasEnded || this.intent !== null;
  }

  /** Its report is made, or will be another worker's to make. */
  get isOver(): boolean {
    return this.finishing;
  }

  /** The worker lets go: whatever comes of the attempt is no more for this one to tell. */
  letGo(): void {
    this.finishing = true;
  }

  /** SHIM was to end it and could not: some process of it would not die. */
  get isOwed(): boolean {
    return this.intent !== null && this.killing === null && !this.finishing;
  }

  /**
   * Ends the attempt: a last checkpoint where asked for, TERM and the grace, then KILL for every process. Who asks while that
   * is under way waits for it with the first; where it failed, whoever asks next tries again, and the first one's reason stands.
   *
   * @throws HostError NotProvedDead.
   */
  async end(intent: Intent, options: EndOptions): Promise<AttemptReport> {
    if (this.hasEnded) return this.ended;
    this.intent ??= intent;
    this.killing ??= this.kill(this.intent, options).finally(() => (this.killing = null));
    await this.killing;
    return this.ended;
  }

  /** Tries once more to end what could not be ended. @throws HostError NotProvedDead. */
  async tryAgain(): Promise<void> {
    if (this.intent) await this.end(this.intent, { checkpointFirst: false, graceMs: 0 });
  }

  private async kill(intent: Intent, options: EndOptions): Promise<void> {
    const { setup, output, lastCheckpoint } = this.of;
    if (options.checkpointFirst) await Promise.race([lastCheckpoint(), sleep(lastCheckpointMs)]);
    const tree = treeOf(setup.held);
    if (options.graceMs > 0) await terminateTree(tree, options.graceMs);
    await fence(setup.held);
    await output.drainInTurns();
    this.finish({ ...this.outcomeOf(intent), exitCode: null, signal: null, endedAtMs: Date.now() });
  }

  /** Ends the watch of an attempt that is gone without an exit file, for a reason that only the caller knows. */
  async conclude(intent: Intent, endedAtMs: number): Promise<void> {
    if (this.hasExited) {
      await this.ended;
      return;
    }
    this.hasExited = true;
    this.of.output.open();
    await this.of.output.drainInTurns();
    this.finish({ ...intent, exitCode: null, signal: null, endedAtMs, limitResetsAtMs: null });
  }

  /** Its process has ended, or its holder is gone. */
  seen(end: End): void {
    if (this.intent) return;
    this.hasExited = true;
    const { setup, output, background } = this.of;
    if (end.kind === 'lost') {
      // Its agent may have outlived its holder, and be at work: what it does is known only once it is dead.
      const isDead = fence(setup.held).then(() => output.drainInTurns());
      background.run('end what its holder left', isDead.finally(() => this.finishAs(end)));
      return;
    }
    // A restart waits for the little that is usual; all other sessions would wait for much.
    if (output.isNearlyRead) {
      output.drain();
      this.finishAs(end);
    } else {
      background.run('read the last output', output.drainInTurns().finally(() => this.finishAs(end)));
    }
  }

  private finishAs(end: End): void {
    if (end.kind === 'lost') {
      this.finish({ exitClass: 'lost', reason: 'its holder is gone without a word', exitCode: null, signal: null, endedAtMs: Date.now(), limitResetsAtMs: null });
      return;
    }
    const { exitCode, signal, endedAtMs } = end.exit;
    this.finish({ ...this.classify(exitCode, signal), exitCode, signal, endedAtMs });
  }

  /** "Completed" is the watchdog's word for a result without an exit: the result may still have been a failure. */
  private outcomeOf(intent: Intent): Pick<Ending, 'exitClass' | 'reason' | 'limitResetsAtMs'> {
    if (intent.exitClass === 'completed' && this.of.setup.compacting) return this.classify(0, null);
    const failure = intent.exitClass === 'completed' ? this.of.collector.signals.result?.failure : null;
    if (failure) return { exitClass: failure.exitClass, reason: failure.message, limitResetsAtMs: failure.resetsAtMs ?? null };
    return { ...intent, limitResetsAtMs: null };
  }

  private classify(exitCode: number | null, signal: string | null) {
    const { setup, collector, output } = this.of;
    return setup.agent.classifyEnd({ exitCode, signal, signals: collector.signals, stderrTail: output.stderrTail, compacting: setup.compacting });
  }

  private finish(ending: Ending): void {
    if (this.finishing) return;
    this.finishing = true;
    const { setup, hostId, collector, background, facts, windUp } = this.of;
    const redacted = { ...ending, reason: setup.redact(ending.reason) };
    const report = reportOf(setup.key, hostId, collector, redacted, facts(ending));
    // A full disk must not keep it from Temporal; a worker that comes before it is written puts it together again from the output.
    background.insist('write the report', () => setup.folder.writeReport(report));
    this.settle(report);
    // The report is on its way before anything else is done: the decision on what comes next waits for it.
    setImmediate(() => background.guard('wind up', () => windUp(report)));
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
