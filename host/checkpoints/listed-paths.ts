import { constants, type Stats } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { isSecretPath } from './secret-names.js';

/** A larger file is left out of the tree, bytes. */
const largestFile = 5 * 1_048_576;

/** Files looked at together: the event loop is free in between. */
const batch = 128;

export interface SortedPaths {
  /** Taken in, changed or taken out: git finds out which. One character a byte. */
  wanted: string[];
  /** In the index from before, and now to be left out. */
  dropped: string[];
  /** Left out, with the reason; the paths are text. */
  skipped: { path: string; reason: string }[];
}

/** Sorts what `git ls-files -t -z --modified --others --deleted` lists. */
export async function sortListed(workTree: string, listed: string): Promise<SortedPaths> {
  const tags = new Map<string, string>();
  for (const entry of listed.split('\0')) if (entry !== '') tags.set(entry.slice(2), entry.slice(0, 1));
  const sorted: SortedPaths = { wanted: [], dropped: [], skipped: [] };
  const paths = [...tags.keys()];
  const reasons = await inBatches(paths, (path) => reasonToSkip(workTree, path, tags.get(path) !== '?'));
  for (const [at, path] of paths.entries()) {
    const reason = reasons[at] ?? null;
    if (reason === null) sorted.wanted.push(path);
    else {
      sorted.skipped.push({ path: textOf(path), reason });
      if (tags.get(path) !== '?') sorted.dropped.push(path);
    }
  }
  return sorted;
}

/** The paths that are not there. @param paths one character a byte. */
export async function missingOf(workTree: string, paths: readonly string[]): Promise<string[]> {
  const stats = await inBatches(paths, (path) => lstatIfThere(workTree, path));
  return paths.filter((_path, at) => stats[at] === null).map(textOf);
}

/** A path as it is shown. */
export function textOf(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

async function reasonToSkip(workTree: string, path: string, known: boolean): Promise<string | null> {
  if (path.endsWith('/')) return 'a repository of its own';
  if (isSecretPath(path)) return 'secret by its name';
  const stat = await lstatIfThere(workTree, path);
  // Deleted, or a folder where a file was: git takes the file out.
  if (stat === null || (known && stat.isDirectory())) return null;
  if (stat.isSymbolicLink()) return null;
  if (!stat.isFile()) return 'not a regular file';
  if (stat.size > largestFile) return `larger than ${largestFile} bytes (${stat.size})`;
  return (await isReadable(workTree, path, stat)) ? null : 'not readable';
}

/** One file that git may not read would cost the whole checkpoint. */
async function isReadable(workTree: string, path: string, { mode }: Stats): Promise<boolean> {
  if ((mode & 0o444) === 0o444) return true;
  try {
    await access(absolute(workTree, path), constants.R_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

async function lstatIfThere(workTree: string, path: string): Promise<Stats | null> {
  try {
    return await lstat(absolute(workTree, path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}

function absolute(workTree: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${workTree}/`), Buffer.from(path, 'latin1')]);
}

async function inBatches<T, R>(items: readonly T[], look: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += batch) results.push(...(await Promise.all(items.slice(at, at + batch).map(look))));
  return results;
}
