import { existsSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CheckpointManifest } from '../../domain/checkpoint.js';
import { differenceFrom } from '../checkpoints/restored-files.js';
import type { ShadowRepository } from '../checkpoints/shadow-repository.js';
import { addWorktree, takeIndex } from './git-worktree.js';
import { RestoreError } from './restore-error.js';

/** A folder beside the session's own that is not there yet. */
export function freeFolderBeside(cwd: string, checkpoint: string): string {
  for (let n = 1; ; n += 1) {
    const folder = `${cwd.replace(/\/+$/, '')}-${checkpoint}${n === 1 ? '' : `-${n}`}`;
    if (!existsSync(folder) && !existsSync(transcriptBeside(folder))) return folder;
  }
}

/**
 * Proves that a folder can be made, by making the first that is missing on the way to it, and taking it away again: to make all at
 * once never ends where the kernel says that what is there is not (in /proc).
 *
 * @throws RestoreError with the folder that cannot be made.
 */
export async function provePlace(target: string): Promise<void> {
  let missing: string | null = null;
  for (let at = target; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing = at;
  if (missing === null) return;
  try {
    await mkdir(missing);
    await rmdir(missing);
  } catch (error) {
    throw new RestoreError(`${missing} cannot be made (${error instanceof Error && 'code' in error ? String(error.code) : String(error)}); name another folder: --to FOLDER`, { cause: error });
  }
}

/** Where the conversation of a restored folder is put. */
export function transcriptBeside(folder: string): string {
  return `${folder}.transcript.jsonl`;
}

/**
 * Writes a checkpoint's tree into a folder that is missing or empty, and compares every file with what was recorded.
 *
 * @throws RestoreError where anything differs, and Error where the folder is not empty; then nothing of it is left.
 */
export async function restoreIntoFolder(shadow: ShadowRepository, { id, tree }: CheckpointManifest, target: string, beside: readonly string[] = []): Promise<void> {
  const entries = await shadow.entries(tree.root);
  const isNew = !existsSync(target);
  try {
    await shadow.restoreInto(tree.root, target, beside);
    const difference = await differenceFrom(entries, target, undefined, beside);
    if (difference !== null) throw new RestoreError(`${id} did not come out as it was recorded: ${difference}`);
  } catch (error) {
    if (isNew) await rm(target, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Makes a work tree of the project's own repository at the commit that the checkpoint was made on, and writes the
 * checkpoint's files and index into it.
 *
 * @param cwd the session's folder, a git repository. @throws RestoreError; then there is no work tree.
 */
export async function restoreIntoWorktree(shadow: ShadowRepository, manifest: CheckpointManifest, cwd: string, target: string): Promise<void> {
  const { id, tree } = manifest;
  if (tree.userHead === null) throw new RestoreError(`${cwd} was no git repository with a commit when ${id} was made; leave --worktree out to restore into a plain folder`);
  const { remove } = await addWorktree(cwd, target, tree.userHead);
  try {
    await restoreIntoFolder(shadow, manifest, target, ['.git']);
    await takeIndex(target, tree.userIndex === null ? null : await shadow.readBlob(tree.userIndex));
  } catch (error) {
    await remove();
    throw error;
  }
}
