import { statSync } from 'node:fs';
import { logFiles, logStart, readLines, type LogPosition } from './log-files.js';
import { parseLines, type LogLine } from './log-line.js';
import { watchPath } from './watch-path.js';

/** Looked at this often besides the kernel's events, ms. */
const pollMs = 500;

/** The log of a session, oldest line first, and where its end was. @param epoch only this attempt's lines. */
export function readLog(folder: string, epoch?: number): { lines: LogLine[]; end: LogPosition } {
  const lines: LogLine[] = [];
  const end = readOn(folder, logStart, epoch, (line) => lines.push(line));
  return { lines, end };
}

/**
 * Follows the log across rotations.
 *
 * @param after where `readLog` found the end, so that no line is missed between the two.
 * @returns a function that ends it.
 */
export function followLog(folder: string, after: LogPosition, onLine: (line: LogLine) => void, epoch?: number): () => void {
  let position = after;
  const look = () => {
    position = readOn(folder, position, epoch, onLine);
  };
  const watcher = watchPath(folder, look);
  const poll = setInterval(look, pollMs);
  look();
  return () => {
    watcher?.close();
    clearInterval(poll);
  };
}

function readOn(folder: string, after: LogPosition, epoch: number | undefined, onLine: (line: LogLine) => void): LogPosition {
  let position = after;
  for (const path of unread(logFiles(folder), after.inode)) {
    const part = readLines(path, after);
    if (!part) continue;
    ({ position } = part);
    for (const line of parseLines(part.text)) if (epoch === undefined || line.epoch === epoch) onLine(line);
  }
  return position;
}

/** Files with what was not read yet, oldest first: the one read last, and all newer ones. */
function unread(files: readonly string[], inode: number): string[] {
  const age = files.findIndex((path) => statSync(path, { throwIfNoEntry: false })?.ino === inode);
  // Nowhere: rotated away, so that everything there is is new; or the log had not begun.
  return files.slice(0, age < 0 ? files.length : age + 1).toReversed();
}
