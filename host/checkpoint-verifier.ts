import { readableCheckpoints, verifyHere } from './checkpoints/verify-here.js';
import type { Verification } from './checkpoints/verify-checkpoint.js';
import type { HostContext } from './host-context.js';
import { listSessionFolders, type SessionFolder } from './session-folder.js';

/** A verification that takes longer is given up, ms. */
const patienceMs = 300_000;

/** Git gives way to all else that runs on the machine. */
const niceness = 19;

/** Proves one checkpoint of this host at random now and then, by restoring it, beside all else and in nobody's way. */
export class CheckpointVerifier {
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param intervalMs between two verifications; none at all where it is 0.
   * @param random uniform in [0, 1).
   */
  constructor(
    private readonly host: HostContext,
    private readonly intervalMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** The first comes at a random time within the interval: hosts that start together do not verify together. */
  start(): void {
    if (this.intervalMs > 0) this.next(this.intervalMs * this.random());
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  /** Proves one checkpoint and says so in an event. @returns null where there is none, or it went meanwhile. */
  async verifyOne(): Promise<Verification | null> {
    const chosen = await this.choose();
    if (!chosen) return null;
    const { folder, cwd, id } = chosen;
    const about = { name: folder.name, id };
    try {
      const signal = AbortSignal.any([this.host.detached, AbortSignal.timeout(patienceMs)]);
      const verification = await verifyHere(folder, cwd, id, { niceness, signal });
      if (verification) this.host.events.emit('checkpoint_verified', { ...about, result: verification.problem === null ? 'whole' : 'bad', problem: verification.problem });
      return verification;
    } catch (error) {
      if (this.host.detached.aborted) return null;
      this.host.events.emit('checkpoint_verified', { ...about, result: 'unfinished', problem: error instanceof Error ? error.message : String(error) });
      return null;
    }
  }

  private next(afterMs: number): void {
    this.timer = setTimeout(() => {
      this.verifyOne()
        .catch((error: unknown) => this.host.events.emit('trouble', { name: null, what: 'verify a checkpoint', error }))
        .finally(() => this.host.detached.aborted || this.next(this.intervalMs));
    }, afterMs).unref();
  }

  /** Any session with a checkpoint that reads, and any of its checkpoints. */
  private async choose(): Promise<{ folder: SessionFolder; cwd: string; id: string } | null> {
    const folders = listSessionFolders(this.host.home);
    while (folders.length > 0) {
      const [folder] = folders.splice(Math.floor(this.random() * folders.length), 1);
      const spec = folder?.spec();
      if (!folder || !spec) continue;
      const ids = await readableCheckpoints(folder, spec.cwd);
      const id = ids[Math.floor(this.random() * ids.length)];
      if (id !== undefined) return { folder, cwd: spec.cwd, id };
    }
    return null;
  }
}
