import type { AttemptRunner } from './attempt-runner.js';
import type { Background } from './background.js';
import type { Reports } from './reports.js';

/** How often the host compares its sessions with Temporal's, ms. */
const compareMs = 60_000;

/** A session this young may not be listed by Temporal yet, ms. */
const orphanAgeMs = 60_000;

/** As many comparisons in a row may do with the count: one that was ended as another began leaves it as it was. */
const countsInARow = 9;

/**
 * Ends attempts that no open workflow supervises any more: theirs was terminated, or lost with Temporal's database. A list of a thousand
 * sessions costs Temporal a third of a second of processor time, a count a few milliseconds: it is listed what there is where their
 * number has changed, and now and then.
 */
export class OrphanWatch {
  private timer: NodeJS.Timeout | null = null;
  /** Sessions that were counted before the last list; null where some of this host's were not looked for in it. */
  private listedAt: number | null = null;
  private countsSince = 0;

  constructor(
    private readonly reports: Reports,
    private readonly attempts: () => readonly AttemptRunner[],
    private readonly background: Background,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.background.run('compare with Temporal', this.compare()), compareMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Returns when what is orphaned has ended. @param nowMs Unix ms. */
  async compare(nowMs: number = Date.now()): Promise<void> {
    const attempts = this.attempts();
    const old = attempts.filter((runner) => nowMs - runner.setup.startedAtMs > orphanAgeMs);
    if (old.length === 0) return;
    const count = await this.reports.countSupervised();
    if (count === null || this.isAsListed(count)) return;
    const supervised = await this.reports.supervised();
    if (!supervised) return;
    // One that was too young to be missed is looked for again.
    this.listedAt = old.length === attempts.length ? count : null;
    this.countsSince = 0;
    for (const runner of old) {
      if (supervised.get(runner.key.name) === runner.key.sessionId) continue;
      await runner.end({ exitClass: 'stopped', reason: 'no workflow supervises it any more' }, { checkpointFirst: true, graceMs: runner.setup.spec.limits.stopGraceMs });
    }
  }

  private isAsListed(count: number): boolean {
    if (count !== this.listedAt || this.countsSince >= countsInARow) return false;
    this.countsSince += 1;
    return true;
  }
}
