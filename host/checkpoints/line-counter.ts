import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseObject } from '../agents/json-line.js';
import { LongLineParser } from './long-line-parser.js';

/** A longer line is parsed in a thread, bytes. */
const longestParsedHere = 262_144;

/** Work done between two turns of the event loop, ms. */
const turnMs = 4;

/** Malformed lines that are named by their number. */
const malformedNamed = 20;

export type IsMessage = (entry: Record<string, unknown>) => boolean;

/** What complete lines hold. */
export interface LineCounts {
  /** Lines so far, empty ones too. */
  lines: number;
  messages: number;
  /** Lines that are no JSON object: an agent drops them silently. */
  malformedLines: number;
  /** Numbers, from 1, of the first twenty of them. */
  malformedAt: number[];
}

export const noLines: LineCounts = { lines: 0, messages: 0, malformedLines: 0, malformedAt: [] };

/** Counts the lines of a stream of bytes, however long one is, without holding up the event loop. Close it after use. */
export class LineCounter {
  counts: LineCounts;
  private pieces: Buffer[] = [];
  private length = 0;
  private readonly long = new LongLineParser();
  private turnStartedMs = performance.now();

  /** @param before counts of the lines that came before. */
  constructor(
    private readonly isMessage: IsMessage,
    before: LineCounts,
  ) {
    this.counts = { ...before, malformedAt: [...before.malformedAt] };
  }

  /** Takes the next bytes; what follows the last line end waits for the next call. */
  async take(bytes: Buffer): Promise<void> {
    let start = 0;
    for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
      this.keep(bytes.subarray(start, end));
      await this.endLine();
      start = end + 1;
      await this.pause();
    }
    // Copied: the caller may use its buffer again.
    if (start < bytes.length) this.keep(Buffer.from(bytes.subarray(start)));
    await this.pause();
  }

  close(): void {
    this.long.close();
  }

  private keep(piece: Buffer): void {
    this.length += piece.length;
    this.pieces.push(piece);
    if (this.length <= longestParsedHere) return;
    for (const kept of this.pieces) this.long.add(kept);
    this.pieces = [];
  }

  private async endLine(): Promise<void> {
    const { length, pieces, counts } = this;
    this.length = 0;
    this.pieces = [];
    counts.lines += 1;
    if (length === 0) return;
    const entry = length > longestParsedHere ? await this.long.end() : parseObject(Buffer.concat(pieces).toString('utf8'));
    if (entry === null) {
      counts.malformedLines += 1;
      if (counts.malformedAt.length < malformedNamed) counts.malformedAt.push(counts.lines);
    } else if (this.isMessage(entry)) counts.messages += 1;
  }

  private async pause(): Promise<void> {
    if (performance.now() - this.turnStartedMs < turnMs) return;
    await nextTurn();
    this.turnStartedMs = performance.now();
  }
}
