import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync, inflate } from 'node:zlib';
import { writeDurably } from '../durable-file.js';
import { fileUse } from './disk-use.js';

const unzip = promisify(inflate);

/** An object holds a file of a bounded size; what inflates to more was altered, bytes. */
const largestObject = 64 * 1_048_576;

/** Whether an object is there and is what its name says. The repository is never packed, so each is a file. */
export async function isObjectWhole(gitDir: string, name: string): Promise<boolean> {
  let packed: Buffer;
  try {
    packed = await readFile(pathOf(gitDir, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
  try {
    const content = await unzip(packed, { maxOutputLength: largestObject });
    return createHash(name.length === 40 ? 'sha1' : 'sha256').update(content).digest('hex') === name;
  } catch {
    // What cannot be inflated was altered; that is the answer, not a fault.
    return false;
  }
}

/** Git never writes an object anew that is there, altered or not. */
export async function removeObject(gitDir: string, name: string): Promise<void> {
  await rm(pathOf(gitDir, name), { force: true });
}

/** What an object takes on disk, bytes. */
export async function looseObjectUse(gitDir: string, name: string): Promise<number> {
  return fileUse(pathOf(gitDir, name));
}

/** Git's name for a tree with nothing in it. */
export const emptyTree = createHash('sha1').update('tree 0\0').digest('hex');

/** Makes the tree with nothing in it, durably, where it is not there. @returns its name. */
export async function writeEmptyTree(gitDir: string): Promise<string> {
  if (await isObjectWhole(gitDir, emptyTree)) return emptyTree;
  const path = pathOf(gitDir, emptyTree);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDurably(path, deflateSync('tree 0\0'));
  return emptyTree;
}

function pathOf(gitDir: string, name: string): string {
  return join(gitDir, 'objects', name.slice(0, 2), name.slice(2));
}
