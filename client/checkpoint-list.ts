import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checkpointManifestSchema, type CheckpointManifest } from '../domain/checkpoint.js';
import type { SessionFolder } from '../host/session-folder.js';

/** A checkpoint as the folder shows it: its manifest, or that it cannot be read. */
export interface ListedCheckpoint {
  id: string;
  /** Null where the manifest is missing, torn or altered beyond reading: such a checkpoint is never used. */
  manifest: CheckpointManifest | null;
  /** What a verification has found wrong with it: then it is not used either. */
  bad: string | null;
}

/** The checkpoints a session has on this host, oldest first. */
export function listCheckpoints(folder: SessionFolder): ListedCheckpoint[] {
  return checkpointIds(folder).map((id) => ({ id, manifest: readManifest(folder, id), bad: readMark(folder, id) }));
}

/** The newest checkpoint whose manifest can be read; null where there is none. */
export function newestCheckpoint(folder: SessionFolder): CheckpointManifest | null {
  for (const id of checkpointIds(folder).toReversed()) {
    const manifest = readManifest(folder, id);
    if (manifest) return manifest;
  }
  return null;
}

function checkpointIds(folder: SessionFolder): string[] {
  try {
    return readdirSync(folder.checkpointsPath)
      .filter((entry) => /^ck-\d{4,}$/.test(entry))
      .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function readMark(folder: SessionFolder, id: string): string | null {
  try {
    return readFileSync(join(folder.checkpointsPath, `${id}.bad`), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** A manifest is one line of JSON and the line of its hash. */
function readManifest(folder: SessionFolder, id: string): CheckpointManifest | null {
  try {
    const [json = '', hash] = readFileSync(join(folder.checkpointsPath, id, 'manifest.json'), 'utf8').split('\n');
    return createHash('sha256').update(json).digest('hex') === hash ? checkpointManifestSchema.parse(JSON.parse(json)) : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
