import { HostError } from '../domain/host-requests.js';
import type { ProofOfDeath } from '../domain/receipt.js';
import type { AttemptFolder } from './attempt-folder.js';
import type { AttemptRunners } from './attempt-runners.js';
import type { HostContext } from './host-context.js';
import type { Preparation } from './preparation.js';
import { fence } from './process/holder.js';
import type { SessionFolder } from './session-folder.js';
import type { SessionRuntimes } from './session-runtimes.js';

/** How the report of an attempt reads that was fenced without one. */
export interface FencedEnd {
  exitClass: 'lost' | 'stopped';
  reason: string;
}

/** Proves attempts dead before another begins, or before a session counts as stopped, and writes down the ends that nobody saw. */
export class AttemptFence {
  constructor(
    private readonly host: Pick<HostContext, 'bootId' | 'cgroups' | 'events'>,
    private readonly runtimes: SessionRuntimes,
    private readonly runners: Pick<AttemptRunners, 'get'>,
  ) {}

  /**
   * Proves the latest attempt dead, and those before it that nothing proved dead yet: an attempt begins only after this,
   * so whatever lies before one with a report is settled. One that never began is taken away.
   *
   * @param below only attempts with a lower epoch.
   * @param preparation may have the proof already.
   * @returns the proof for the earliest that was looked at; null where there was none of this boot.
   * @throws HostError NotProvedDead.
   */
  async proveAllDead(folder: SessionFolder, conclusion: FencedEnd, below = Number.POSITIVE_INFINITY, preparation: Preparation | null = null): Promise<ProofOfDeath | null> {
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
  private async concludeFenced(folder: SessionFolder, attempt: AttemptFolder, conclusion: FencedEnd): Promise<void> {
    const spec = folder.spec();
    const record = attempt.record();
    if (!spec || !record) return;
    const known = this.runners.get(folder.name);
    try {
      const runner = known?.key.epoch === attempt.epoch ? known : this.runtimes.of(folder, spec).runner(attempt, record);
      await runner.conclude(conclusion, Date.now());
    } catch (error) {
      // Without its environment it cannot be read, only ended; that must not keep it from being stopped.
      if (!(error instanceof HostError)) throw error;
      this.host.events.emit('trouble', { name: folder.name, what: 'report a fenced attempt', error });
    }
  }
}

/**
 * The next agent is told of what the ones before had in flight, which their reports tell: where one cannot be written, on a disk
 * that is full, nothing begins until it can.
 *
 * @throws Error, to be tried again.
 */
export function refuseUnreported(folder: SessionFolder, below: number): void {
  const latest = folder.attempts().findLast((attempt) => attempt.epoch < below && attempt.record() !== null);
  if (latest && latest.report() === null) throw new Error(`the end of attempt ${latest.epoch} of ${folder.name} is not written down yet`);
}
