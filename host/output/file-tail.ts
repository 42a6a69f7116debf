import { closeSync, fstatSync, openSync, readSync, type FSWatcher } from 'node:fs';
import { LineSplitter, longestLine } from './line-splitter.js';
import { HolePuncher } from './punch-hole.js';
import { readingTurns } from './reading-turns.js';
import { watchPath } from './watch-path.js';

/** Read at once, bytes: what many short lines lead to has to fit into a turn of the event loop. */
const chunkBytes = 16_384;

/** Looked at this often besides the kernel's events, of which a flood may drop some, ms. */
const pollMs = 30_000;

/** The same where the machine has no more file watches to give, ms. */
const pollWithoutEventsMs = 500;

/** Of all tails: a chunk is read and split in one go. */
const chunk = Buffer.allocUnsafe(chunkBytes);

/** Follows a file that only grows, in bounded memory and in short turns. What has been consumed is given back to the disk. */
export class FileTail {
  private splitter = new LineSplitter();
  private readonly descriptor: number;
  private readonly watcher: FSWatcher | null;
  private readonly poll: NodeJS.Timeout;
  private puncher: HolePuncher;
  /** End of the last complete line that was delivered. */
  private consumed: number;
  private closed = false;
  private readonly step = (): boolean => !this.closed && this.readChunk();

  /**
   * @param offset bytes consumed before; must be the start of a line.
   * @param onLines called with complete lines and the offset of the byte after them, where a later tail begins. A line
   *   longer than a megabyte comes once, cut, and ends in an ellipsis.
   * @throws if there is no such file.
   */
  constructor(
    private readonly path: string,
    private offset: number,
    private readonly onLines: (lines: string[], offset: number) => void,
  ) {
    this.descriptor = openSync(path, 'r');
    this.puncher = new HolePuncher(path, offset);
    this.consumed = offset;
    this.watcher = watchPath(path, () => this.schedule());
    this.poll = setInterval(() => this.lookForMore(), this.watcher ? pollMs : pollWithoutEventsMs);
    this.poll.unref();
    this.schedule();
  }

  /** Bytes that are there and were not read. */
  get unread(): number {
    return this.closed ? 0 : Math.max(0, this.size() - this.offset);
  }

  /**
   * Reads to the present end, synchronously, and delivers a last line without a newline: for a file whose writer is dead.
   * What others that it left behind go on writing is not waited for.
   */
  drain(): void {
    if (this.closed) return;
    const end = this.size();
    while (this.offset < end && this.readChunk());
    this.deliverRest();
  }

  /** As `drain`, but in turns: however much is left, the event loop goes on. Ends early when the tail is closed. */
  async drainInTurns(): Promise<void> {
    if (this.closed) return;
    const end = this.size();
    await new Promise<void>((resolve, reject) => {
      const step = () => {
        try {
          if (this.offset < end && this.step()) return true;
          this.deliverRest();
          resolve();
        } catch (error) {
          reject(error);
        }
        return false;
      };
      readingTurns.add(step);
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    readingTurns.remove(this.step);
    this.watcher?.close();
    clearInterval(this.poll);
    closeSync(this.descriptor);
  }

  /** One call to the kernel, where there is nothing: as for a thousand sessions at rest. */
  private lookForMore(): void {
    if (this.size() !== this.offset) this.schedule();
  }

  private size(): number {
    return fstatSync(this.descriptor).size;
  }

  private schedule(): void {
    if (!this.closed) readingTurns.add(this.step);
  }

  private readChunk(): boolean {
    const count = readSync(this.descriptor, chunk, 0, chunkBytes, this.offset);
    if (count === 0) return this.beginAnewIfTruncated();
    const read = chunk.subarray(0, count);
    const lastNewline = read.lastIndexOf(10);
    if (lastNewline >= 0) this.consumed = this.offset + lastNewline + 1;
    this.offset += count;
    // A line that never ends is cut by the splitter: what was cut need not be read again.
    if (this.offset - this.consumed > longestLine) this.consumed = this.offset;
    this.onLines(this.splitter.push(read), this.consumed);
    this.puncher.consumed(this.consumed);
    return count === chunkBytes;
  }

  /** An agent can empty its own output through /proc/self/fd; what it writes then is read from the start. */
  private beginAnewIfTruncated(): boolean {
    if (this.size() >= this.offset) return false;
    this.deliverRest();
    this.splitter = new LineSplitter();
    this.puncher = new HolePuncher(this.path, 0);
    this.offset = 0;
    this.consumed = 0;
    return true;
  }

  private deliverRest(): void {
    if (this.closed) return;
    const last = this.splitter.end();
    this.consumed = this.offset;
    if (last.length > 0) this.onLines(last, this.offset);
  }
}
