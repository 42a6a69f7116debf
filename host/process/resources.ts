import type { ResourceSample } from '../../domain/watchdog.js';
import { findKnownTree, type TreeIdentity } from './find-tree.js';
import { readIoBytes, type ProcessInfo } from './process-table.js';

/** What a process tree uses, and whether it stands still by a signal. */
export interface TreeSample extends ResourceSample {
  /** Every process is in state T, and there is at least one besides the holder. */
  allStopped: boolean;
  /** The holder's child; null where it is gone and others of the tree live on. */
  rootPid: number | null;
}

/** Samples a tree from one look at the process table; null where nothing of it is there. */
export function sampleTree(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo>): TreeSample | null {
  const processes = findKnownTree(tree, table).filter(({ pid }) => pid !== tree.holder?.pid);
  if (processes.length === 0) return null;
  const sum = (value: (info: ProcessInfo) => number) => processes.reduce((total, info) => total + value(info), 0);
  return {
    cpuMs: sum(({ cpuMs }) => cpuMs),
    rssBytes: sum(({ rssBytes }) => rssBytes),
    ioBytes: sum(({ pid }) => readIoBytes(pid)),
    allStopped: processes.every(({ state }) => state === 'T' || state === 't'),
    rootPid: processes.find(({ ppid }) => ppid === tree.holder?.pid)?.pid ?? null,
  };
}
