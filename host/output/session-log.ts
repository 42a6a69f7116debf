import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { LineCleaner } from './line-cleaner.js';
import { logFiles } from './log-files.js';
import { formatLine, type LogStream } from './log-line.js';
import type { Redactor } from './redaction.js';

/**
 * Appends an attempt's output to its session's log: redacted, free of control characters, rotated by size. What could not
 * be written (a full disk) is counted, and the log says so once it can.
 */
export class SessionLog {
  private readonly files: string[];
  private readonly cleaners: Record<LogStream, LineCleaner>;
  private size: number;
  private missing = 0;

  /** @param maxBytes size at which the current file is rotated. */
  constructor(
    folder: string,
    private readonly epoch: number,
    redact: Redactor,
    private readonly maxBytes: number,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.files = logFiles(folder);
    this.cleaners = { out: new LineCleaner(redact), err: new LineCleaner(redact), shim: new LineCleaner(redact) };
    this.size = statSync(this.current, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** @throws if the log cannot be written. */
  write(stream: LogStream, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const at = new Date().toISOString();
    // The newline ends what a failed write may have left of a line.
    const gap = this.missing === 0 ? '' : `\n${formatLine({ at, epoch: this.epoch, stream: 'shim', text: `${this.missing} lines are missing here: the log could not be written` })}`;
    const clean = this.cleaners[stream].clean(lines);
    const text = clean.map((line) => formatLine({ at, epoch: this.epoch, stream, text: line })).join('');
    try {
      if (this.size > this.maxBytes) this.rotate();
      appendFileSync(this.current, gap + text, { mode: 0o600 });
      this.size += Buffer.byteLength(gap) + Buffer.byteLength(text);
      this.missing = 0;
    } catch (error) {
      this.missing += lines.length;
      throw error;
    }
  }

  private get current(): string {
    return this.files[0] ?? '';
  }

  private rotate(): void {
    for (let age = this.files.length - 2; age >= 0; age -= 1) {
      const from = this.files[age] ?? '';
      if (statSync(from, { throwIfNoEntry: false })) renameSync(from, this.files[age + 1] ?? '');
    }
    this.size = 0;
  }
}
