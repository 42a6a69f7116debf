import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, watch, type FSWatcher } from 'node:fs';
import { LineSplitter, longestLine } from './line-splitter.js';

const chunkBytes = 65_536;

/** Consumed output is given back to the disk in steps of this, bytes. */
const punchBytes = 16 * 1_048_576;

/** Looked at this often besides the kernel's events, ms. */
const pollMs = 500;

/** A slice of work between two turns of the event loop, ms. */
const sliceMs = 8;

/**
 * Follows a file that only grows. A holder keeps it open, so it cannot be renamed away: what has been consumed is freed
 * with `fallocate --punch-hole` instead, where there is such a command.
 */
export class FileTail {
  private readonly splitter = new LineSplitter();
  private readonly descriptor: number;
  private readonly watcher: FSWatcher;
  private readonly poll: NodeJS.Timeout;
  private readonly chunk = Buffer.allocUnsafe(chunkBytes);
  private punchedTo: number;
  /** End of the last complete line that was delivered. */
  private consumed: number;
  private closed = false;
  private scheduled = false;

  /**
   * @param offset bytes consumed before; must be the start of a line.
   * @param onLines called with complete lines and the offset of the byte after them, where a later tail begins.
   */
  constructor(
    private readonly path: string,
    private offset: number,
    private readonly onLines: (lines: string[], offset: number) => void,
  ) {
    this.descriptor = openSync(path, 'r');
    this.punchedTo = offset;
    this.consumed = offset;
    this.watcher = watch(path, () => this.schedule());
    this.watcher.on('error', () => undefined);
    this.poll = setInterval(() => this.schedule(), pollMs);
    this.poll.unref();
    this.schedule();
  }

  /** Reads to the present end, synchronously, and delivers a last line without a newline: for a file whose writer is dead. */
  drain(): void {
    if (this.closed) return;
    while (this.readChunk());
    const last = this.splitter.end();
    if (last.length > 0) this.onLines(last, this.offset);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.watcher.close();
    clearInterval(this.poll);
    closeSync(this.descriptor);
  }

  private schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => this.readSlice());
  }

  private readSlice(): void {
    this.scheduled = false;
    if (this.closed) return;
    const until = performance.now() + sliceMs;
    while (this.readChunk()) {
      if (performance.now() < until) continue;
      this.schedule();
      break;
    }
    this.punch();
  }

  private readChunk(): boolean {
    const count = readSync(this.descriptor, this.chunk, 0, chunkBytes, this.offset);
    if (count === 0) return false;
    const read = this.chunk.subarray(0, count);
    const lastNewline = read.lastIndexOf(10);
    if (lastNewline >= 0) this.consumed = this.offset + lastNewline + 1;
    this.offset += count;
    // A line that never ends is cut by the splitter: what was cut need not be read again.
    if (this.offset - this.consumed > longestLine) this.consumed = this.offset;
    this.onLines(this.splitter.push(read), this.consumed);
    return count === chunkBytes;
  }

  private punch(): void {
    if (this.consumed - this.punchedTo < punchBytes) return;
    this.punchedTo = this.consumed;
    // Best effort: without the command, or on a file system that cannot, the space is freed with the attempt.
    execFile('fallocate', ['--punch-hole', '--offset', '0', '--length', String(this.consumed), this.path], () => undefined);
  }
}
