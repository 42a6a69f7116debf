import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder takes on disk, bytes: its blocks, not the lengths of its files. What vanishes meanwhile counts as nothing. */
export async function diskUse(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    total += await fileUse(join(entry.parentPath ?? entry.path, entry.name));
  }
  return total;
}

/** What a file takes on disk, bytes; one that is not there takes nothing. */
export async function fileUse(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return (found?.blocks ?? 0) * 512;
}
