import { KeyBlock } from './key-block.js';
import { isPlain, plainText } from './plain-text.js';
import type { Redactor } from './redaction.js';

/** A longer line is cut in the log, characters. */
const longestLogLine = 65_536;

/** Read past the cut, so that a secret which the cut would halve is still known, characters. */
const pastTheCut = 4_096;

/** Makes the lines of one stream fit for the log: no secrets, no control characters, bounded length. */
export class LineCleaner {
  private readonly keys = new KeyBlock();

  constructor(private readonly redact: Redactor) {}

  /** @param lines in the order in which they came; as many come back. */
  clean(lines: readonly string[]): string[] {
    const short = lines.map((line) => (line.length > longestLogLine + pastTheCut ? line.slice(0, longestLogLine + pastTheCut) : line));
    // Most batches need nothing done: one look at all of it is some ten times quicker than one at each line.
    const plain = isPlain(short.join('')) ? short : short.map(plainText);
    const whole = plain.join('\n');
    const withoutKeys = this.keys.concerns(whole) ? plain.map((line) => this.keys.filter(line)) : plain;
    const clean = this.redact(whole) === whole ? withoutKeys : withoutKeys.map(this.redact);
    return clean.map((line) => (line.length > longestLogLine ? `${line.slice(0, longestLogLine)}…` : line));
  }
}
