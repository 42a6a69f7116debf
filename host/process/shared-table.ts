import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { readProcessTable, type ProcessInfo } from './process-table.js';

export type ProcessTable = ReadonlyMap<number, ProcessInfo>;

/** Of this process's time, reading for those who can wait takes one part in so many. */
const parts = 10;

let coming: Promise<ProcessTable> | null = null;
let paced: Promise<ProcessTable> | null = null;
let last: { table: ProcessTable; beganMs: number; tookMs: number } | null = null;

/**
 * The process table as it is after this call: read once for all who ask in the same turn of the event loop. The end of a hundred
 * attempts at once is one reading, which takes as long as there are processes, and not a hundred.
 */
export function nextProcessTable(): Promise<ProcessTable> {
  coming ??= nextTurn().then(() => {
    coming = null;
    return read();
  });
  return coming;
}

/** The same for those who can wait: many readings one after the other are few, each for all who have asked meanwhile. */
export function pacedProcessTable(): Promise<ProcessTable> {
  const restMs = last ? last.beganMs + last.tookMs * parts - performance.now() : 0;
  paced ??= (restMs > 0 ? delay(restMs) : nextTurn()).then(() => {
    paced = null;
    return read();
  });
  return paced;
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
