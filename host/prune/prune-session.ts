import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { closedStates, type SessionSpec } from '../../domain/session.js';
import type { Retention } from '../../domain/retention.js';
import { CheckpointRepository } from '../checkpoints/checkpoint-repository.js';
import { diskUse, fileUse } from '../checkpoints/disk-use.js';
import { ShadowRepository } from '../checkpoints/shadow-repository.js';
import { holdAtRest, NotAtRestError } from '../rest-lock.js';
import { archiveRoot, type SessionFolder } from '../session-folder.js';

/** What is kept. */
export interface PruneRules {
  retention: Retention;
  /** A session that closed longer ago than this loses its folder, ms. */
  closedForMs: number;
}

/** What was removed of a session, or would be. */
export interface Pruned {
  session: string;
  /** Of a session that goes on, or closed lately. */
  checkpoints: string[];
  /** Attempts whose output was removed: those of a closed session. */
  outputs: number;
  /** Its folder is gone, but for the tombstone that keeps a stopped session from returning. */
  isFolderGone: boolean;
  /** Freed on disk; on a dry run, what would be, about. */
  bytes: number;
  /** Why nothing was done; null where it was. */
  skipped: string | null;
}

/** What an attempt has put out; its log has it too, redacted. */
const outputFiles = ['stdout', 'stderr'];

/** What keeps a stopped session from returning, and the lock that is held meanwhile. */
const kept: ReadonlySet<string> = new Set(['tombstone.json', 'rest.lock', 'rest.lock.json']);

/**
 * Removes what is not needed any more of a session that is at rest. One that is not is left to its host worker, which prunes
 * the checkpoints of those that run.
 *
 * @param isDryRun nothing is removed. @throws GitError
 */
export async function pruneSession(home: string, folder: SessionFolder, rules: PruneRules, isDryRun: boolean): Promise<Pruned> {
  const pruned: Pruned = { session: folder.name, checkpoints: [], outputs: 0, isFolderGone: false, bytes: 0, skipped: null };
  const spec = folder.spec();
  if (!spec) return { ...pruned, skipped: 'there is nothing of it but its tombstone' };
  let held: { release(): void };
  try {
    held = holdAtRest(folder);
  } catch (error) {
    if (error instanceof NotAtRestError) return { ...pruned, skipped: error.message };
    throw error;
  }
  try {
    const before = await diskUse(folder.path);
    const state = folder.state();
    const isClosed = state !== null && closedStates.includes(state.state);
    if (isClosed && Date.now() - state.atMs > rules.closedForMs) {
      if (!isDryRun) await removeFolder(home, folder, spec);
      return { ...pruned, isFolderGone: true, bytes: before - (isDryRun ? 0 : await diskUse(folder.path)) };
    }
    const checkpoints = await pruneCheckpoints(folder, spec, rules.retention, isDryRun);
    const outputs = isClosed ? await removeOutputs(folder, isDryRun) : { attempts: 0, bytes: 0 };
    const bytes = isDryRun ? checkpoints.bytes + outputs.bytes : Math.max(0, before - (await diskUse(folder.path)));
    return { ...pruned, checkpoints: checkpoints.ids, outputs: outputs.attempts, bytes };
  } finally {
    held.release();
  }
}

/** @returns those that go; on a dry run with what they alone take, bytes. */
async function pruneCheckpoints({ checkpointsPath }: SessionFolder, spec: SessionSpec, retention: Retention, isDryRun: boolean): Promise<{ ids: string[]; bytes: number }> {
  if (!existsSync(join(checkpointsPath, 'git'))) return { ids: [], bytes: 0 };
  const repository = new CheckpointRepository(checkpointsPath, new ShadowRepository(join(checkpointsPath, 'git'), spec.cwd));
  if (isDryRun) {
    const { pruned } = await repository.beyond(retention);
    return { ids: pruned, bytes: await repository.neededOnlyBy(pruned) };
  }
  const ids = await repository.prune(retention);
  await repository.collect();
  return { ids, bytes: 0 };
}

/** @returns of how many attempts, and what it takes, bytes. */
async function removeOutputs(folder: SessionFolder, isDryRun: boolean): Promise<{ attempts: number; bytes: number }> {
  let attempts = 0;
  let bytes = 0;
  for (const { path } of folder.attempts()) {
    const files = outputFiles.map((file) => join(path, file)).filter((file) => existsSync(file));
    if (files.length > 0) attempts += 1;
    for (const file of files) bytes += await fileUse(file);
    if (!isDryRun) for (const file of files) await rm(file, { force: true });
  }
  return { attempts, bytes };
}

/** In one step where nothing of it is kept: who takes the name meanwhile finds the whole folder, held, or none. */
async function removeFolder(home: string, folder: SessionFolder, spec: SessionSpec): Promise<void> {
  if (folder.tombstone()?.sessionId === spec.sessionId) {
    for (const name of readdirSync(folder.path)) if (!kept.has(name)) await rm(join(folder.path, name), { recursive: true, force: true });
    return;
  }
  const removed = join(archiveRoot(home), `.removed-${spec.sessionId}`);
  await mkdir(archiveRoot(home), { recursive: true, mode: 0o700 });
  await rename(folder.path, removed);
  await rm(removed, { recursive: true, force: true });
}
