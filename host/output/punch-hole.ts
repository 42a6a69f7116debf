import { execFile } from 'node:child_process';

/** Consumed output is given back to the disk in steps of this, bytes. */
const stepBytes = 16 * 1_048_576;

/** What was consumed is kept this long: a restarted worker reads on from where its last record says, ms. */
const keptMs = 5_000;

/** Frees the consumed blocks of a file that is held open by its writer, and so cannot be renamed away. */
export class HolePuncher {
  private freedTo: number;
  private mark: { offset: number; atMs: number };

  /** @param offset bytes that were consumed already. */
  constructor(
    private readonly path: string,
    offset: number,
  ) {
    this.freedTo = offset;
    this.mark = { offset, atMs: performance.now() };
  }

  /** @param offset bytes consumed so far. */
  consumed(offset: number): void {
    const nowMs = performance.now();
    if (nowMs - this.mark.atMs < keptMs) return;
    const safe = this.mark.offset;
    this.mark = { offset, atMs: nowMs };
    if (safe - this.freedTo < stepBytes) return;
    this.freedTo = safe;
    // Best effort: without the command, or on a file system that cannot, the space is freed with the attempt.
    execFile('fallocate', ['--punch-hole', '--offset', '0', '--length', String(safe), this.path], () => undefined);
  }
}
