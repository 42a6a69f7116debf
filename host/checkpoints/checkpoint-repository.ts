import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ZodError } from 'zod';
import { checkpointManifestSchema, type CheckpointManifest } from '../../domain/checkpoint.js';
import { choosePruned, type Retention } from '../../domain/retention.js';
import { readIfThere, syncFolder, writeDurably } from '../durable-file.js';
import type { ShadowRepository } from './shadow-repository.js';
import { isUnchanged, verifySegments } from './transcript-segments.js';

const manifestFile = 'manifest.json';

/** Checkpoints looked at, newest first, before a resume gives up on them. */
const lookBack = 10;

export interface RejectedCheckpoint {
  id: string;
  reason: string;
}

/** A session's checkpoints on disk. A manifest is written last and holds its own hash: a whole manifest means a whole checkpoint. */
export class CheckpointRepository {
  constructor(
    private readonly folder: string,
    private readonly shadow: ShadowRepository,
  ) {}

  get transcriptFolder(): string {
    return join(this.folder, 'transcript');
  }

  /** The id that the next checkpoint gets. */
  async nextId(): Promise<string> {
    const last = Number((await this.ids()).at(-1)?.slice(3) ?? 0);
    return `ck-${String(last + 1).padStart(4, '0')}`;
  }

  /** Writes a manifest whose blobs are on disk. @returns its size, bytes. */
  async save(manifest: CheckpointManifest): Promise<number> {
    const json = JSON.stringify(manifest);
    const folder = join(this.folder, manifest.id);
    await this.shadow.protect(manifest.id, manifest.tree.root);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(join(folder, manifestFile), `${json}\n${sha256(json)}\n`);
    await syncFolder(this.folder);
    return Buffer.byteLength(json);
  }

  /**
   * The newest checkpoint that can be relied on, and the newer ones that cannot. O(1) for each: the manifest's hash, the
   * root tree's own hash, and the length and tail of the transcript. What lies below the root is checked by `verify`.
   */
  async latestValid(): Promise<{ manifest: CheckpointManifest | null; rejected: RejectedCheckpoint[] }> {
    const rejected: RejectedCheckpoint[] = [];
    for (const id of (await this.ids()).toReversed().slice(0, lookBack)) {
      const manifest = await this.read(id);
      const problem = typeof manifest === 'string' ? manifest : await this.shallowProblem(manifest);
      if (typeof manifest !== 'string' && problem === null) return { manifest, rejected };
      rejected.push({ id, reason: problem ?? 'unreadable' });
    }
    return { manifest: null, rejected };
  }

  /** Checks a checkpoint to the last byte. @returns what is wrong, or null. */
  async verify(id: string): Promise<string | null> {
    const manifest = await this.read(id);
    if (typeof manifest === 'string') return manifest;
    await this.shadow.verify(manifest.tree.root);
    return manifest.transcript && verifySegments(this.transcriptFolder, manifest.transcript);
  }

  /** Every checkpoint that reads, oldest first; those that do not, with the reason. */
  async list(): Promise<{ manifests: CheckpointManifest[]; rejected: RejectedCheckpoint[] }> {
    const manifests: CheckpointManifest[] = [];
    const rejected: RejectedCheckpoint[] = [];
    for (const id of await this.ids()) {
      const manifest = await this.read(id);
      if (typeof manifest === 'string') rejected.push({ id, reason: manifest });
      else manifests.push(manifest);
    }
    return { manifests, rejected };
  }

  /** Deletes what the retention does not keep; the newest valid one always stays. @returns the ids. */
  async prune(retention: Retention): Promise<string[]> {
    const { manifests } = await this.list();
    const { manifest: newest } = await this.latestValid();
    const pruned = choosePruned(
      manifests.map(({ id, createdAt }) => ({ id, atMs: Date.parse(createdAt) })),
      retention,
      new Set(newest ? [newest.id] : []),
    );
    for (const id of pruned) await rm(join(this.folder, id), { recursive: true, force: true });
    if (pruned.length > 0) await this.shadow.release(pruned);
    return pruned;
  }

  private async shallowProblem(manifest: CheckpointManifest): Promise<string | null> {
    if (!(await this.shadow.hasRoot(manifest.tree.root))) return 'its tree is missing or was altered';
    if (manifest.transcript && !(await isUnchanged(manifest.transcript))) return 'the transcript no longer begins with what it recorded';
    return null;
  }

  private async read(id: string): Promise<CheckpointManifest | string> {
    const text = await readIfThere(join(this.folder, id, manifestFile));
    if (text === null) return 'it has no manifest: its making was interrupted';
    const [json = '', hash, rest] = text.split('\n');
    if (hash === undefined || rest !== '' || sha256(json) !== hash) return 'its manifest is torn or was altered';
    try {
      return checkpointManifestSchema.parse(JSON.parse(json));
    } catch (error) {
      if (error instanceof ZodError || error instanceof SyntaxError) return `its manifest is of another kind: ${error.message.slice(0, 200)}`;
      throw error;
    }
  }

  private async ids(): Promise<string[]> {
    if (!(await stat(this.folder).catch(() => null))) return [];
    return (await readdir(this.folder)).filter((name) => /^ck-\d{4,}$/.test(name)).sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
