import { EventEmitter } from 'node:events';
import type { AttemptReport } from '../domain/attempt.js';
import { countsAsFailure } from '../domain/exit-class.js';
import type { AttemptFolder } from './attempt-folder.js';
import { Background } from './background.js';
import type { HostContext } from './host-context.js';
import type { InitStrategy } from './init-strategy.js';
import { availableMemory, expectedMemory, MemoryGate } from './memory-gate.js';
import { OrphanWatch } from './orphan-watch.js';
import { OverviewFile } from './overview.js';
import { prepareToHold } from './process/parked-holder.js';
import { ProcessMonitor } from './process-monitor.js';
import { pruneAttempts } from './prune/prune-attempts.js';
import { SecondWriterWatch } from './second-writer/second-writer-watch.js';
import { sendReport } from './send-report.js';
import { listSessionFolders, SessionFolder } from './session-folder.js';
import { SessionHost } from './session-host.js';

/** Sessions that come back at the same time under `parallel`. */
const defaultParallelLimit = 8;

/** A session that neither runs nor ends again within this does not hold up the next one, ms. */
const comeBackMs = 30_000;

/** Old attempts of a session are removed after so many new ones. */
const pruneAttemptsEvery = 5;

/** A cgroup that is empty for longer is of an attempt that never began, ms. */
const emptyCgroupMs = 60_000;

export interface SupervisorDaemonEvents {
  crash_detected: [report: AttemptReport];
  restart_initiated: [{ name: string; epoch: number }];
  /** From the end of the attempt before to the first event of this one, ms. */
  restart_completed: [durationMs: number, about: { name: string; epoch: number }];
  /** A restarted attempt ended without ever running. */
  restart_failed: [report: AttemptReport];
}

/**
 * The host worker's heart: brings the sessions back after its own or the machine's restart, watches them, and says what
 * happens.
 */
export class SupervisorDaemon extends EventEmitter<SupervisorDaemonEvents> {
  readonly sessions: SessionHost;
  readonly monitor: ProcessMonitor;
  readonly writers: SecondWriterWatch;
  private readonly overview: OverviewFile;
  private readonly gate: MemoryGate;
  private readonly orphans: OrphanWatch;
  private initStrategy: InitStrategy = 'parallel';
  private parallelLimit = defaultParallelLimit;
  /** When the last attempt of a session ended, Unix ms: its successor's recovery is counted from there. */
  private readonly endedAtMs = new Map<string, number>();

  private readonly background: Background;

  constructor(
    private readonly host: HostContext,
    onLook: (durationMs: number) => void = () => undefined,
    /** Bytes that the machine can still give; null where it does not tell. */
    available: () => number | null = availableMemory,
  ) {
    super();
    this.background = new Background(host, null);
    this.sessions = new SessionHost(host);
    this.monitor = new ProcessMonitor(host, () => this.sessions.liveRunners, onLook);
    this.writers = new SecondWriterWatch(host, () => this.sessions.liveRunners, this.sessions.writers);
    this.overview = new OverviewFile(host.home, host.hostId, () => this.sessions.liveRunners, (error) => host.events.emit('trouble', { name: null, what: 'keep the overview', error }));
    this.gate = new MemoryGate(available, () => this.sessions.liveRunners.filter((runner) => !runner.hasEnded).length);
    this.orphans = new OrphanWatch(host.reports, () => this.sessions.liveRunners, this.background);
    this.relayEvents();
  }

  /** How sessions come back: all at once up to a limit, or one after another. */
  setInitStrategy(strategy: InitStrategy, limit = defaultParallelLimit): void {
    this.initStrategy = strategy;
    this.parallelLimit = limit;
  }

  /**
   * Adopts what lives and sends the ends that are owed.
   *
   * @param asked what is yet to be told of the init strategy: waited for where more than one session comes back. @returns when all living attempts are adopted; the ends go on.
   */
  async start(asked: Promise<InitStrategy> | null = null): Promise<{ adopted: number; owed: number }> {
    prepareToHold();
    this.host.cgroups?.removeEmpty(emptyCgroupMs);
    const folders = listSessionFolders(this.host.home);
    for (const folder of folders) folder.removeAbandoned();
    let adopted = 0;
    const ending = new Map<string, Promise<AttemptReport>>();
    for (const folder of folders.filter(isOpen)) {
      try {
        const runner = await this.sessions.adopt(folder);
        if (runner?.hasEnded) ending.set(folder.name, runner.ended);
        else if (runner) adopted += 1;
      } catch (error) {
        this.host.events.emit('trouble', { name: folder.name, what: 'adopt', error });
      }
    }
    const owed = folders.filter((folder) => ending.has(folder.name) || owesAnEnd(folder));
    this.monitor.start();
    this.writers.start();
    this.overview.start();
    this.orphans.start();
    this.background.run('bring sessions back', this.bringBack(owed, ending, asked));
    return { adopted, owed: owed.length };
  }

  /** Lets go: agents live on, and the next worker adopts them. */
  stop(): void {
    this.monitor.stop();
    this.writers.stop();
    this.overview.stop();
    this.orphans.stop();
    this.sessions.detach();
  }

  /** Sends owed ends in the order of the init strategy, each when the one before runs again or has failed, and there is memory for the next attempt. */
  private async bringBack(owed: readonly SessionFolder[], ending: ReadonlyMap<string, Promise<AttemptReport>>, asked: Promise<InitStrategy> | null): Promise<void> {
    if (asked && owed.length > 1) this.setInitStrategy(await asked);
    const queue = [...owed];
    const lane = async (): Promise<void> => {
      for (let folder = queue.shift(); folder; folder = queue.shift()) {
        await ending.get(folder.name);
        const attempt = folder.attempts().at(-1);
        const report = ending.has(folder.name) && attempt ? this.foundAtStart(attempt) : attempt?.report();
        if (!attempt || !report || this.host.detached.aborted) continue;
        const tell = (reason: string) => this.background.run('say what a session waits for', this.host.reports.waits(report, reason, this.host.detached));
        const room = beginsAnother(report) ? this.gate.pass(folder.name, expectedMemory(folder), this.host.detached, tell) : null;
        if (room) await room;
        const back = this.untilBack(folder.name, attempt.epoch);
        this.endedAtMs.set(folder.name, report.endedAtMs);
        sendReport(this.host, attempt, report);
        await back;
        this.gate.settled(folder.name);
      }
    };
    await Promise.all(Array.from({ length: this.initStrategy === 'sequential' ? 1 : this.parallelLimit }, lane));
  }

  /** The report of an attempt that ended while no worker was there; one that was lost then says so, whoever sends it. */
  private foundAtStart(attempt: AttemptFolder): AttemptReport | null {
    const report = attempt.report();
    if (report?.exitClass !== 'lost') return report;
    const found: AttemptReport = { ...report, unwatched: true };
    this.background.guard('keep a report', () => attempt.writeReport(found));
    return found;
  }

  /** Until a later attempt than this one runs, or has ended. */
  private untilBack(name: string, epoch: number): Promise<void> {
    const { events } = this.host;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        events.off('attempt_running', onNews);
        events.off('attempt_ended', onNews);
        resolve();
      };
      const onNews = (about: { name: string; epoch: number }) => {
        if (about.name === name && about.epoch > epoch) done();
      };
      const timer = setTimeout(done, comeBackMs);
      timer.unref();
      events.on('attempt_running', onNews);
      events.on('attempt_ended', onNews);
    });
  }

  private relayEvents(): void {
    const { events } = this.host;
    events.on('attempt_ended', (report) => {
      this.endedAtMs.set(report.name, report.endedAtMs);
      if (countsAsFailure(report.exitClass)) this.emit('crash_detected', report);
      if (report.epoch > 1 && report.runningAtMs === null && report.exitClass !== 'stopped') this.emit('restart_failed', report);
    });
    events.on('attempt_began', (about) => {
      if (about.epoch > 1) this.emit('restart_initiated', about);
    });
    events.on('attempt_running', (about) => {
      const endedAtMs = this.endedAtMs.get(about.name);
      if (about.epoch > 1 && endedAtMs !== undefined) this.emit('restart_completed', Math.max(0, Date.now() - endedAtMs), about);
      // Not while an attempt is being begun: nobody waits for it.
      if (about.epoch % pruneAttemptsEvery === 0) this.background.run('remove old attempts', pruneAttempts(new SessionFolder(this.host.home, about.name)));
    });
  }
}

/** It ended, and Temporal has not been told. */
function owesAnEnd(folder: SessionFolder): boolean {
  const attempt = folder.attempts().at(-1);
  return attempt !== undefined && attempt.report() !== null && !attempt.isReported();
}

/** Whether there may be another attempt after it: the decision is Temporal's. */
function beginsAnother({ exitClass }: AttemptReport): boolean {
  return exitClass !== 'completed' && exitClass !== 'stopped';
}

function isOpen(folder: SessionFolder): boolean {
  const attempt = folder.attempts().at(-1);
  return attempt !== undefined && attempt.report() === null;
}
