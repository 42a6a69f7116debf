import { Worker } from 'node:worker_threads';
import type { JsonObject } from '../agents/json-line.js';

/** A longer line is not parsed anywhere and counts as malformed, bytes. */
const longestLine = 64 * 1_048_576;

/**
 * Runs as a thread. It is text because a thread cannot be started from a source that is not compiled yet. It answers with
 * an outline of the object: enough to tell what kind of entry it is, little enough to hand over at once.
 */
const thread = `
const { parentPort } = require('node:worker_threads');
let pieces = [];
const outline = (value, depth) => {
  if (typeof value === 'string') return value.slice(0, 200);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return depth === 0 ? [] : value.slice(0, 20).map((item) => outline(item, depth - 1));
  return depth === 0 ? {} : Object.fromEntries(Object.entries(value).slice(0, 50).map(([key, item]) => [key, outline(item, depth - 1)]));
};
const parse = () => {
  try {
    const value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? outline(value, 4) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};
parentPort.on('message', (piece) => {
  if (piece !== null) return void pieces.push(piece);
  parentPort.postMessage(parse());
  pieces = [];
});
`;

/** Parses lines too long for the event loop, in a thread that is started with the first of them. */
export class LongLineParser {
  private worker: Worker | null = null;
  private length = 0;

  /** Takes the next piece of a line; the piece is copied. */
  add(piece: Buffer): void {
    this.length += piece.length;
    if (this.length > longestLine) {
      // Gives back what the thread has gathered.
      this.drop();
      return;
    }
    this.worker ??= this.start();
    this.worker.postMessage(piece, []);
  }

  /** Ends the line. @returns an outline of its object (strings, lists and depth cut), or null if it is none. */
  async end(): Promise<JsonObject | null> {
    const { worker, length } = this;
    this.length = 0;
    if (worker === null || length > longestLine) return null;
    // A thread that ends here has run out of memory, and so would the agent that reads this line.
    const answer = new Promise<JsonObject | null>((resolve) => {
      worker.once('message', resolve);
      worker.once('exit', () => resolve(null));
    });
    worker.postMessage(null, []);
    return answer;
  }

  close(): void {
    this.drop();
  }

  private start(): Worker {
    const worker = new Worker(thread, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 1_024 } });
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (this.worker === worker) this.worker = null;
    });
    return worker;
  }

  private drop(): void {
    const { worker } = this;
    this.worker = null;
    // Resolves for a thread that has ended already, too.
    void worker?.terminate();
  }
}
