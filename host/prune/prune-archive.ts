import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskUse } from '../checkpoints/disk-use.js';
import { archiveRoot } from '../session-folder.js';

/** Removes the folders of closed sessions whose names were taken by new ones, once that is longer ago than `olderThanMs`. */
export async function pruneArchive(home: string, olderThanMs: number, isDryRun: boolean): Promise<{ folders: string[]; bytes: number }> {
  const folders: string[] = [];
  let bytes = 0;
  for (const name of namesIn(archiveRoot(home))) {
    const path = join(archiveRoot(home), name);
    // What a pruning was interrupted at goes at once. A rename changes the time of the folder's own record.
    const isRemains = name.startsWith('.removed-');
    if (!isRemains && Date.now() - statSync(path).ctimeMs <= olderThanMs) continue;
    bytes += await diskUse(path);
    folders.push(name);
    if (!isDryRun) await rm(path, { recursive: true, force: true });
  }
  return { folders, bytes };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
