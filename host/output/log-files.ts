import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Files kept of a session's log, the current one too. */
const filesKept = 5;

/** Paths of a session's log, the current one first. Rotation moves each to the next and drops the last. */
export function logFiles(folder: string): string[] {
  return Array.from({ length: filesKept }, (_, age) => join(folder, age === 0 ? 'session.log' : `session.log.${age}`));
}

/** How far a log was read. A rotation changes a file's name, not its inode. */
export interface LogPosition {
  inode: number;
  /** Bytes, up to the end of a line. */
  offset: number;
}

/** Where a log that is not there yet will be read from. */
export const logStart: LogPosition = { inode: 0, offset: 0 };

/**
 * The whole lines of a file.
 *
 * @param after where reading stopped; in another file it says nothing, and that is read from its start.
 * @returns null where there is no such file.
 */
export function readLines(path: string, after: LogPosition): { text: string; position: LogPosition } | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { ino: inode, size } = fstatSync(descriptor);
    const start = inode === after.inode && size >= after.offset ? after.offset : 0;
    const buffer = Buffer.alloc(size - start);
    const read = buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, start));
    const whole = read.subarray(0, read.lastIndexOf(10) + 1);
    return { text: whole.toString('utf8'), position: { inode, offset: start + whole.length } };
  } finally {
    closeSync(descriptor);
  }
}
