import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { textOf } from './listed-paths.js';
import type { TreeEntry } from './shadow-repository.js';

/** Files hashed together. */
const atOnce = 16;

/** What lies at a path, as far as a recorded tree tells it. */
export type FoundFile = Pick<TreeEntry, 'kind' | 'object'> & { stat: Stats };

/**
 * Compares a folder with the tree that was written into it: every file's content, executable bit or link, and that there is
 * nothing else. Git is not asked, so that its own mistakes would be seen.
 *
 * @param beside names at the top that are not of the tree. @returns what is wrong with the first file that differs, or null.
 * @throws the abort reason once `signal` is aborted.
 */
export async function differenceFrom(entries: readonly TreeEntry[], folder: string, signal?: AbortSignal, beside: readonly string[] = []): Promise<string | null> {
  for (let at = 0; at < entries.length; at += atOnce) {
    signal?.throwIfAborted();
    const problems = await Promise.all(entries.slice(at, at + atOnce).map((entry) => differenceOf(entry, folder)));
    const problem = problems.find((each) => each !== null);
    if (problem !== undefined) return problem;
  }
  const written = await countFiles(Buffer.from(folder), new Set(beside));
  return written === entries.length ? null : `${written} files were written for the ${entries.length} of its tree`;
}

/**
 * Looks at what lies at a path of a folder. @param entry its path, and an object as that of what it may be: the hash follows it.
 *
 * @returns null where there is nothing; what it is in words where it is no file and no link.
 */
export async function findFile({ path, object }: Pick<TreeEntry, 'path' | 'object'>, folder: string): Promise<FoundFile | string | null> {
  const absolute = absolutePath(folder, path);
  const stat = await lstat(absolute).catch(nullIfMissing);
  if (stat === null) return null;
  if (stat.isSymbolicLink()) return { kind: 'link', object: await hashOf(object, await readlink(absolute, 'buffer')), stat };
  if (!stat.isFile()) return stat.isDirectory() ? 'a folder' : 'no regular file';
  return { kind: (stat.mode & 0o100) === 0 ? 'file' : 'executable', object: await hashOf(object, absolute, stat.size), stat };
}

/** A path of a recorded tree below a folder. @param path one character a byte. */
export function absolutePath(folder: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
}

async function differenceOf(entry: TreeEntry, folder: string): Promise<string | null> {
  const found = await findFile(entry, folder);
  if (found === null) return `${textOf(entry.path)} was not written`;
  if (typeof found === 'string') return `${textOf(entry.path)} came out as ${found}`;
  if (found.kind !== entry.kind) return `${textOf(entry.path)} came out as ${found.kind} instead of ${entry.kind}`;
  return found.object === entry.object ? null : `${textOf(entry.path)} came out with another content`;
}

/** Git's name of a content: a SHA-1, or a SHA-256 where the other's length says so. @param content of a link; or a file's path, with its size. */
async function hashOf(like: string, content: Buffer, size?: number): Promise<string> {
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1').update(`blob ${size ?? content.length}\0`);
  if (size === undefined) return hash.update(content).digest('hex');
  for await (const part of createReadStream(content)) hash.update(part as Buffer);
  return hash.digest('hex');
}

async function countFiles(folder: Buffer, beside: ReadonlySet<string>): Promise<number> {
  let count = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (beside.has(entry.name.toString())) continue;
    if (entry.isDirectory()) count += await countFiles(Buffer.concat([folder, Buffer.from('/'), entry.name]), new Set());
    else count += 1;
  }
  return count;
}

function nullIfMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
  throw error;
}
