import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** What of the user's own repository is looked at may be this long, bytes. */
const longestRecord = 16 * 1_048_576;
const objectName = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** The user's own repository, as far as a checkpoint notes it. It is only read. */
export interface UserRepository {
  /** The commit that HEAD names; null where there is none. */
  head: string | null;
  /** Where its index is, if there is one. */
  indexPath: string;
}

/** Reads what a work tree's `.git` says, a folder or (in a linked work tree, a submodule) a file that names one. */
export async function readUserRepository(workTree: string): Promise<UserRepository | null> {
  const gitDir = await findGitDir(workTree);
  const head = (await readSmallFile(join(gitDir, 'HEAD')))?.trim();
  if (head === undefined) return null;
  const indexPath = join(gitDir, 'index');
  if (!head.startsWith('ref: ')) return { head: objectName.test(head) ? head : null, indexPath };
  const ref = head.slice(5);
  if (!ref.startsWith('refs/') || ref.split('/').includes('..')) return { head: null, indexPath };
  // The branches of a linked work tree lie in the repository that it belongs to.
  const common = resolve(gitDir, (await readSmallFile(join(gitDir, 'commondir')))?.trim() ?? '.');
  const loose = (await readSmallFile(join(common, ref)))?.trim();
  const commit = loose ?? (await readSmallFile(join(common, 'packed-refs')))?.split('\n').find((line) => line.endsWith(` ${ref}`))?.split(' ')[0];
  return { head: commit !== undefined && objectName.test(commit) ? commit : null, indexPath };
}

async function findGitDir(workTree: string): Promise<string> {
  const path = join(workTree, '.git');
  const link = await readSmallFile(path);
  return link?.startsWith('gitdir: ') ? resolve(workTree, link.slice(8).trim()) : path;
}

/** Null unless it is a regular file of bounded size: anything else could hold up its reader for good. */
async function readSmallFile(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      return stat.isFile() && stat.size <= longestRecord ? await file.readFile('utf8') : null;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
