import { tickMs } from '../domain/watchdog.js';
import { recentProcessTable } from './process/shared-table.js';
import { treeOf } from './process/holder.js';
import { sampleTree } from './process/resources.js';
import type { AttemptRunner } from './attempt-runner.js';
import type { HostContext } from './host-context.js';

/** A table that was just read for others is as good as a new one, ms. */
const tableAgeMs = 50;

/** A tick that comes this late was not late: the clock stood still, or this process did, ms. */
const gapMs = 5_000;

/** Looks at every live attempt once a second, less often at one that rests: one pass over the process table serves all that are due. */
export class ProcessMonitor {
  private timer: NodeJS.Timeout | null = null;
  private lastTickMs = performance.now();
  private ticks = 0;

  /** @param onLook told how long each look took, ms. */
  constructor(
    private readonly host: HostContext,
    private readonly attempts: () => readonly AttemptRunner[],
    private readonly onLook: (durationMs: number) => void,
  ) {}

  start(): void {
    this.lastTickMs = performance.now();
    this.timer = setInterval(() => this.look(), tickMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private look(): void {
    const startedMs = performance.now();
    const stoodStill = startedMs - this.lastTickMs > tickMs + gapMs;
    this.lastTickMs = startedMs;
    this.ticks += 1;
    const runners = this.attempts().filter(({ lookEvery }) => stoodStill || this.ticks % lookEvery === 0);
    if (runners.length === 0) return;
    const table = recentProcessTable(tableAgeMs);
    for (const runner of runners) {
      try {
        if (stoodStill) runner.clockGap();
        runner.tick(sampleTree(treeOf(runner.setup.held, table), table));
      } catch (error) {
        this.host.events.emit('trouble', { name: runner.key.name, what: 'look at the attempt', error });
      }
    }
    this.onLook(performance.now() - startedMs);
  }
}
