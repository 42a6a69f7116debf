import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { readProcessTable, type ProcessInfo } from './process-table.js';

export type ProcessTable = ReadonlyMap<number, ProcessInfo>;

/** Of this process's time, reading for those who can wait takes one part in so many; for those who are pressed, too. */
const parts = 10;
const pressingParts = 4;

let coming: Promise<ProcessTable> | null = null;
let paced: Promise<ProcessTable> | null = null;
let last: { table: ProcessTable; beganMs: number; tookMs: number } | null = null;

/**
 * The process table as it is after this call: read once for all who ask before it is read. The end of a hundred
 * attempts at once is one reading, which takes as long as there are processes, and not a hundred.
 */
export function nextProcessTable(): Promise<ProcessTable> {
  coming ??= rest(pressingParts).then(() => {
    coming = null;
    return read();
  });
  return coming;
}

/** The same for those who can wait: many readings one after the other are few, each for all who have asked meanwhile. */
export function pacedProcessTable(): Promise<ProcessTable> {
  paced ??= rest(parts).then(() => {
    paced = null;
    return read();
  });
  return paced;
}

/** Until reading once more takes no larger part of the time. */
function rest(inParts: number): Promise<void> {
  const restMs = last ? last.beganMs + last.tookMs * inParts - performance.now() : 0;
  return restMs > 0 ? delay(restMs) : nextTurn();
}

/** A table that is no older than this, ms: for whoever need not have a newer one. */
export function recentProcessTable(maxAgeMs: number): ProcessTable {
  return last && performance.now() - last.beganMs <= maxAgeMs ? last.table : read();
}

function read(): ProcessTable {
  const beganMs = performance.now();
  const table = readProcessTable();
  last = { table, beganMs, tookMs: performance.now() - beganMs };
  return table;
}
