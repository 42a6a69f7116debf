import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder takes on disk, bytes: its blocks, not the lengths of its files. What vanishes meanwhile counts as nothing. */
export async function diskUse(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath ?? entry.path, entry.name)).catch(() => null);
    total += (found?.blocks ?? 0) * 512;
  }
  return total;
}
