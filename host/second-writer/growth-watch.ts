import { statSync } from 'node:fs';
import { isAllowed, unexplainedGrowth, type AllowedWriter, type GrowthLook } from '../../domain/second-writer.js';
import { findKnownTree } from '../process/find-tree.js';
import { treeOf, type HeldAttempt } from '../process/holder.js';
import { readWrittenBytes } from '../process/process-details.js';
import type { ProcessInfo } from '../process/process-table.js';

/** What an attempt's processes have written so far, each by its pid and start. */
type Written = ReadonlyMap<string, number>;

/**
 * Tells whether a conversation's file grew by more than the processes of its attempt can have written. They are counted only
 * where it grew; a look at a file that did not is one system call.
 */
export class GrowthWatch {
  private before: { path: string; transcriptBytes: number; written: Written } | null = null;

  /** @param beside whose writing is explained, too. @returns bytes that somebody else wrote since the last look; 0 where that cannot be told. */
  look(path: string | null, held: HeldAttempt, table: ReadonlyMap<number, ProcessInfo>, beside: readonly AllowedWriter[] = []): number {
    const size = path === null ? null : sizeOf(path);
    if (path === null || size === null) return this.forget();
    const { before } = this;
    if (before?.path === path && before.transcriptBytes === size) return 0;
    const written = writtenBy(held, table, beside);
    // In this order: what is written between the two counts as explained, here and in the next look.
    this.before = written && { path, transcriptBytes: sizeOf(path) ?? size, written };
    if (!written || before?.path !== path) return 0;
    const later = [...before.written.keys()].every((process) => written.has(process)) ? total(written) : null;
    if (later === null) return 0;
    const looks: [GrowthLook, GrowthLook] = [
      { transcriptBytes: before.transcriptBytes, writtenBytes: total(before.written) },
      { transcriptBytes: size, writtenBytes: later },
    ];
    return unexplainedGrowth(...looks);
  }

  private forget(): 0 {
    this.before = null;
    return 0;
  }
}

/** Null where a process may not be read: then nothing can be said. */
function writtenBy(held: HeldAttempt, table: ReadonlyMap<number, ProcessInfo>, beside: readonly AllowedWriter[]): Written | null {
  const written = new Map<string, number>();
  const allowed = beside.flatMap(({ pid }) => table.get(pid) ?? []).filter((info) => isAllowed(beside, info));
  for (const { pid, startTicks } of [...findKnownTree(treeOf(held), table), ...allowed]) {
    const bytes = readWrittenBytes(pid);
    if (bytes === null) return null;
    written.set(`${pid}:${startTicks}`, bytes);
  }
  return written.size === 0 ? null : written;
}

function total(written: Written): number {
  return [...written.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}
