import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import { HostError, hostErrorCodes } from '../domain/host-requests.js';
import type { AttemptRunner } from './attempt-runner.js';
import { Background } from './background.js';
import type { HostContext } from './host-context.js';
import type { Preparations } from './preparations.js';
import { isHolderAlive } from './process/parked-holder.js';
import { sendReport } from './send-report.js';

/** The watchers of a host's attempts, one for each session at most: each is kept until its report is there. */
export class AttemptRunners {
  private readonly runners = new Map<string, AttemptRunner>();
  /** Pids of the holders of attempts that this worker has begun. */
  private readonly holders = new WeakMap<AttemptRunner, number>();

  constructor(
    private readonly host: HostContext,
    private readonly preparations: Preparations,
  ) {}

  /** Those of attempts that are alive, as far as this worker knows, and of those whose last output is being read. */
  all(): AttemptRunner[] {
    return [...this.runners.values()];
  }

  get(name: string): AttemptRunner | undefined {
    return this.runners.get(name);
  }

  /** @throws HostError NotRunning. */
  running({ name, epoch, attemptId }: AttemptKey): AttemptRunner {
    const runner = this.runners.get(name);
    if (runner?.key.attemptId !== attemptId || runner.hasEnded) throw new HostError(hostErrorCodes.notRunning, `attempt ${epoch} of ${name} is not running`);
    return runner;
  }

  /** A holder that this worker has sent, and that has not come to claim the attempt yet; null where none will. */
  holderOnItsWay({ name, attemptId }: Pick<AttemptKey, 'name' | 'attemptId'>): number | null {
    const runner = this.runners.get(name);
    const pid = runner?.key.attemptId === attemptId ? this.holders.get(runner) : undefined;
    return pid !== undefined && isHolderAlive(pid) ? pid : null;
  }

  /** Keeps the watcher of an attempt that this worker has begun. @param pid of its holder. */
  keepBegun(runner: AttemptRunner, pid: number): void {
    this.holders.set(runner, pid);
    this.keep(runner);
  }

  /** Watches an attempt to its end, sends its report, and prepares for the next one. */
  keep(runner: AttemptRunner): void {
    new Background(this.host, runner.key.name).run('report an end', this.toItsEnd(runner));
  }

  private async toItsEnd(runner: AttemptRunner): Promise<void> {
    const report = await this.hold(runner);
    sendReport(this.host, runner.setup.folder, report);
    this.preparations.prepareAfter(report, runner);
  }

  /** Watches an attempt to its end, which somebody else sends. */
  keepUnsent(runner: AttemptRunner): void {
    new Background(this.host, runner.key.name).run('keep an end', this.hold(runner));
  }

  /** Until its report is there, an attempt has one watcher: two would read its output twice. */
  private async hold(runner: AttemptRunner): Promise<AttemptReport> {
    const { name } = runner.key;
    this.runners.set(name, runner);
    const report = await runner.ended;
    if (this.runners.get(name) === runner) this.runners.delete(name);
    return report;
  }

  /** Lets go of an attempt, where it has a watcher: another one is to take it up. */
  letGoOf({ name, attemptId }: Pick<AttemptKey, 'name' | 'attemptId'>): void {
    const runner = this.runners.get(name);
    if (runner?.key.attemptId === attemptId) runner.detach();
  }

  /** Lets go of every attempt: they live on without this worker. */
  letGoOfAll(): void {
    for (const runner of this.runners.values()) runner.detach();
    this.runners.clear();
  }
}
