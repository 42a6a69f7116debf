import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut, so that output without any newline stays in bounded memory, characters. */
export const longestLine = 1_048_576;

/** Splits a byte stream into lines: UTF-8 may be split anywhere, lines may be endless. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  /** The current line was cut; what follows up to its end is dropped. */
  private skipping = false;

  push(chunk: Buffer): string[] {
    return this.split(this.decoder.write(chunk));
  }

  /** The last line, where it has no newline. */
  end(): string[] {
    const lines = this.split(this.decoder.end());
    if (this.rest !== '') lines.push(this.rest);
    this.rest = '';
    return lines;
  }

  private split(text: string): string[] {
    const parts = text.split('\n');
    const lines: string[] = [];
    for (const [index, part] of parts.entries()) {
      const isComplete = index < parts.length - 1;
      if (!this.skipping) this.rest += part;
      if (this.rest.length > longestLine) {
        lines.push(`${this.rest.slice(0, longestLine)}…`);
        this.rest = '';
        this.skipping = true;
      }
      if (!isComplete) continue;
      if (!this.skipping) lines.push(this.rest.endsWith('\r') ? this.rest.slice(0, -1) : this.rest);
      this.rest = '';
      this.skipping = false;
    }
    return lines;
  }
}
