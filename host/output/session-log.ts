import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Redactor } from './redaction.js';

/** Files kept of a session's log, the current one too. */
const filesKept = 5;

const currentFile = 'session.log';

/** Where a line of the log comes from: the agent's two streams, or SHIM itself. */
export type LogStream = 'out' | 'err' | 'shim';

/** A line of a session's log. */
export interface LogLine {
  /** ISO 8601. */
  at: string;
  epoch: number;
  stream: LogStream;
  text: string;
}

/** Appends an attempt's output to its session's log: redacted, free of control characters, rotated by size. */
export class SessionLog {
  private size: number;

  /** @param maxBytes size at which the current file is rotated. */
  constructor(
    private readonly folder: string,
    private readonly epoch: number,
    private readonly redact: Redactor,
    private readonly maxBytes: number,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.size = statSync(join(folder, currentFile), { throwIfNoEntry: false })?.size ?? 0;
  }

  write(stream: LogStream, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const at = new Date().toISOString();
    const text = lines.map((line) => `${at} ${this.epoch} ${stream} | ${this.clean(line)}\n`).join('');
    appendFileSync(join(this.folder, currentFile), text, { mode: 0o600 });
    this.size += Buffer.byteLength(text);
    if (this.size > this.maxBytes) this.rotate();
  }

  private clean(line: string): string {
    // oxlint-disable-next-line no-control-regex -- they are what is removed
    return stripVTControlCharacters(this.redact(line)).replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '\uFFFD');
  }

  private rotate(): void {
    rmSync(join(this.folder, `${currentFile}.${filesKept - 1}`), { force: true });
    for (let n = filesKept - 2; n >= 0; n -= 1) {
      const from = join(this.folder, n === 0 ? currentFile : `${currentFile}.${n}`);
      if (statSync(from, { throwIfNoEntry: false })) renameSync(from, join(this.folder, `${currentFile}.${n + 1}`));
    }
    closeSync(openSync(join(this.folder, currentFile), 'a', 0o600));
    this.size = 0;
  }
}

/** The log of a session, oldest line first. @param epoch only this attempt's lines. */
export function readLog(folder: string, epoch?: number): LogLine[] {
  const lines: LogLine[] = [];
  for (let n = filesKept - 1; n >= 0; n -= 1) {
    lines.push(...parseLog(readFrom(join(folder, n === 0 ? currentFile : `${currentFile}.${n}`), 0)));
  }
  return epoch === undefined ? lines : lines.filter((line) => line.epoch === epoch);
}

/**
 * Follows the log from its present end, across rotations.
 *
 * @returns a function that ends it.
 */
export function followLog(folder: string, onLine: (line: LogLine) => void, epoch?: number): () => void {
  const path = join(folder, currentFile);
  let { ino, size: offset } = statSync(path, { throwIfNoEntry: false }) ?? { ino: 0, size: 0 };
  const look = () => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (!now) return;
    if (now.ino !== ino) {
      deliver(readFrom(`${path}.1`, offset));
      ({ ino } = now);
      offset = 0;
    }
    const text = readFrom(path, offset);
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    offset += Buffer.byteLength(complete);
    deliver(complete);
  };
  const deliver = (text: string) => {
    for (const line of parseLog(text)) if (epoch === undefined || line.epoch === epoch) onLine(line);
  };
  const watcher = watch(folder, look);
  const poll = setInterval(look, 500);
  return () => {
    watcher.close();
    clearInterval(poll);
  };
}

function parseLog(text: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\S+) (\d+) (out|err|shim) \| (.*)$/s.exec(line);
    if (match) lines.push({ at: match[1] ?? '', epoch: Number(match[2]), stream: match[3] as LogStream, text: match[4] ?? '' });
  }
  return lines;
}

function readFrom(path: string, offset: number): string {
  try {
    return readFileSync(path).subarray(offset).toString('utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
