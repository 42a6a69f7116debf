import { join } from 'node:path';
import type { SessionFolder } from '../session-folder.js';
import { CheckpointRepository } from './checkpoint-repository.js';
import { ShadowRepository } from './shadow-repository.js';
import { verifyCheckpoint, type Verification } from './verify-checkpoint.js';

/** Proves a checkpoint of a session of this machine, whatever else is at work on it. @returns as verifyCheckpoint. */
export function verifyHere(folder: SessionFolder, cwd: string, id: string, { niceness = 0, signal }: { niceness?: number; signal?: AbortSignal } = {}): Promise<Verification | null> {
  const { repository, shadow } = openCheckpoints(folder, cwd, niceness);
  return verifyCheckpoint(repository, shadow, id, folder.checkpointsPath, signal);
}

/** The checkpoints of a session of this machine whose manifests can be read, oldest first. */
export async function readableCheckpoints(folder: SessionFolder, cwd: string): Promise<string[]> {
  const { manifests } = await openCheckpoints(folder, cwd, 0).repository.list();
  return manifests.map(({ id }) => id);
}

function openCheckpoints({ checkpointsPath }: SessionFolder, cwd: string, niceness: number): { repository: CheckpointRepository; shadow: ShadowRepository } {
  const shadow = new ShadowRepository(join(checkpointsPath, 'git'), cwd, niceness);
  return { repository: new CheckpointRepository(checkpointsPath, shadow), shadow };
}
