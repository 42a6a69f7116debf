import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, chown, copyFile, lstat, mkdir, open, readlink, rename, rm, symlink } from 'node:fs/promises';
import { textOf } from '../checkpoints/listed-paths.js';
import { absolutePath, findFile, type FoundFile } from '../checkpoints/restored-files.js';
import type { TreeEntry } from '../checkpoints/shadow-repository.js';

/** What is written over, and with what. */
export interface WriteOver {
  entries: readonly TreeEntry[];
  /** Holds the entries as they are to be. */
  source: string;
  /** The user's folder. */
  tree: string;
  /** What the salvage checkpoint has of the user's folder, by path. */
  salvaged: ReadonlyMap<string, TreeEntry>;
  /** Gets a copy of what is written over and is not in the salvage checkpoint; made where it is needed. */
  copies: string;
}

export interface WrittenOver {
  written: number;
  /** Were as they are to be. */
  unchanged: number;
  /** Kept as a plain copy. */
  copied: number;
  /** Left as they are, with the reason. */
  refused: { path: string; reason: string }[];
}

/**
 * Brings the files of a recorded tree into the user's folder, each in one step: whoever looks sees the old file or the new one.
 * What is not in the recorded tree is left where it is; nothing is written through a link, in the place of a folder, or into a
 * repository; nothing is written over before it is in the salvage.
 */
export async function writeOver(request: WriteOver): Promise<WrittenOver> {
  const result: WrittenOver = { written: 0, unchanged: 0, copied: 0, refused: [] };
  for (const entry of request.entries) {
    const found = (await obstacleTo(entry.path, request.tree)) ?? (await findFile(entry, request.tree));
    if (typeof found === 'string') {
      result.refused.push({ path: textOf(entry.path), reason: `${found} is in its place` });
    } else if (found?.object === entry.object && found.kind === entry.kind) {
      result.unchanged += 1;
    } else {
      if (found && !isSalvaged(found, request.salvaged.get(entry.path))) {
        await copyAside(entry.path, request);
        result.copied += 1;
      }
      await put(entry, found, request);
      result.written += 1;
    }
  }
  return result;
}

function isSalvaged(found: FoundFile, entry: TreeEntry | undefined): boolean {
  return entry !== undefined && entry.object === found.object && (entry.kind === 'link') === (found.kind === 'link');
}

/** What keeps a path from being written to, in words. */
async function obstacleTo(path: string, tree: string): Promise<string | null> {
  const parts = path.split('/');
  if (parts.includes('.git')) return 'a repository';
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join('/');
    const stat = await lstat(absolutePath(tree, parent)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    });
    if (stat === null) return null;
    if (!stat.isDirectory()) return `${stat.isSymbolicLink() ? 'the link' : 'the file'} ${textOf(parent)}`;
  }
  return null;
}

async function copyAside(path: string, { tree, copies }: WriteOver): Promise<void> {
  await mkdir(copies, { recursive: true, mode: 0o700 });
  await copyOne(absolutePath(tree, path), absolutePath(copies, path));
}

async function put({ path, kind }: TreeEntry, found: FoundFile | null, { source, tree }: WriteOver): Promise<void> {
  const target = absolutePath(tree, path);
  const temporary = Buffer.concat([folderOf(target), Buffer.from(`/.shim-restore-${randomUUID()}`)]);
  try {
    await copyOne(absolutePath(source, path), temporary);
    if (found && kind !== 'link') await keepOwner(temporary, found, kind);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A file that was there keeps its owner and its rights, but for the executable bit. */
async function keepOwner(path: Buffer, { stat, kind: before }: FoundFile, kind: TreeEntry['kind']): Promise<void> {
  const { uid, gid } = await lstat(path);
  if (uid !== stat.uid || gid !== stat.gid) await chown(path, stat.uid, stat.gid);
  if (before === 'link') return;
  const rights = stat.mode & 0o666;
  await chmod(path, kind === 'executable' ? rights | ((rights & 0o444) >> 2) : rights);
}

/** Copies a file or a link to a path that is not there; durable when it returns. */
async function copyOne(from: Buffer, to: Buffer): Promise<void> {
  await mkdir(folderOf(to), { recursive: true });
  if ((await lstat(from)).isSymbolicLink()) {
    await symlink(await readlink(from, 'buffer'), to);
    return;
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = await open(to, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function folderOf(path: Buffer): Buffer {
  return path.subarray(0, path.lastIndexOf(47));
}
