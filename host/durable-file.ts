import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/**
 * Replaces a file in one step (temporary file, fsync, rename, fsync of the folder), mode 0600: after a power cut it holds
 * the old content or the new.
 */
export async function writeDurably(path: string, data: string | Buffer): Promise<void> {
  await writeFileAtomic(path, data, { mode: 0o600, fsync: true });
  await syncFolder(dirname(path));
}

/**
 * Writes or appends to a file and syncs it, mode 0600. Not in one step: for content that nothing refers to yet.
 *
 * @param flag `w` or `a`.
 */
export async function writeSynced(path: string, data: string | Buffer, flag: 'w' | 'a'): Promise<void> {
  const file = await open(path, flag, 0o600);
  try {
    await file.writeFile(data);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes what was created in or renamed into a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A file's text, or null where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
