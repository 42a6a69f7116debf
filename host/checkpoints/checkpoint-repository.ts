import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointManifest } from '../../domain/checkpoint.js';
import { choosePruned, type Retention } from '../../domain/retention.js';
import { readIfThere, syncFolder, writeDurably } from '../durable-file.js';
import { diskUse } from './disk-use.js';
import { decodeManifest, encodeManifest } from './manifest-record.js';
import type { ShadowRepository } from './shadow-repository.js';
import { dropGenerations, isUnchanged, verifySegments } from './transcript-segments.js';

const manifestFile = 'manifest.json';
const pinFile = 'pinned';

/** Marks a checkpoint that a verification has found bad: beside its folder, so that the listing of the folders shows it. */
const badMark = '.bad';

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

  /** Writes a manifest whose blobs are on disk; nothing is left of one that cannot be written. @returns its size, bytes. */
  async save(manifest: CheckpointManifest): Promise<number> {
    const record = encodeManifest(manifest);
    const folder = join(this.folder, manifest.id);
    try {
      await this.shadow.protect(manifest);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeDurably(join(folder, manifestFile), record);
      await syncFolder(this.folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    return Buffer.byteLength(record);
  }

  /**
   * The newest checkpoint that can be relied on, and the newer ones that cannot. O(1) for each: the manifest's hash, the
   * root tree's own hash, and the length and tail of the transcript. What lies below the root is checked by `verify`.
   *
   * @param maxBack checkpoints looked at, newest first.
   */
  async latestValid(maxBack = lookBack): Promise<{ manifest: CheckpointManifest | null; rejected: RejectedCheckpoint[] }> {
    const rejected: RejectedCheckpoint[] = [];
    const { ids, bad } = await this.listing();
    for (const id of ids.toReversed().slice(0, maxBack)) {
      const manifest = await this.read(id);
      const problem = typeof manifest === 'string' ? manifest : bad.has(id) ? await this.badReason(id) : await this.shallowProblem(manifest);
      if (typeof manifest !== 'string' && problem === null) return { manifest, rejected };
      rejected.push({ id, reason: problem ?? 'unreadable' });
    }
    return { manifest: null, rejected };
  }

  /** Takes the last checkpoint away where its making was interrupted. Not while one is made. */
  async dropInterrupted(): Promise<void> {
    const last = (await this.ids()).at(-1);
    if (last !== undefined && !existsSync(join(this.folder, last, manifestFile))) await rm(join(this.folder, last), { recursive: true, force: true });
  }

  /** Whether a checkpoint can still be relied on, as far as `latestValid` looks. */
  async isValid(id: string): Promise<boolean> {
    const manifest = await this.read(id);
    if (existsSync(this.badPath(id))) return false;
    return typeof manifest !== 'string' && (await this.shallowProblem(manifest)) === null;
  }

  /** Checks a checkpoint to the last byte: manifest, every object of its tree, every segment. @returns what is wrong, or null. */
  async verify(id: string): Promise<string | null> {
    const manifest = await this.read(id);
    if (typeof manifest === 'string') return manifest;
    const { tree, transcript } = manifest;
    return (await this.shadow.verify(tree.root)) ?? (transcript && (await verifySegments(this.transcriptFolder, transcript)));
  }

  /** A checkpoint's manifest. @returns what is wrong with it where it cannot be read. */
  async read(id: string): Promise<CheckpointManifest | string> {
    const text = await readIfThere(join(this.folder, id, manifestFile));
    return text === null ? 'it has no manifest: its making was interrupted' : decodeManifest(text);
  }

  /** Marks a checkpoint as bad: no resume uses it any more. @param reason one line; null takes the mark away. */
  async mark(id: string, reason: string | null): Promise<void> {
    if (reason === null) await rm(this.badPath(id), { force: true });
    else await writeDurably(this.badPath(id), reason);
  }

  /** Why a verification has found a checkpoint bad; null where none has. */
  async markOf(id: string): Promise<string | null> {
    return readIfThere(this.badPath(id));
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

  /** Keeps a checkpoint whatever the retention says. */
  async pin(id: string): Promise<void> {
    await writeDurably(join(this.folder, id, pinFile), '');
  }

  async unpin(id: string): Promise<void> {
    await rm(join(this.folder, id, pinFile), { force: true });
  }

  /**
   * Deletes what the retention does not keep, and what is unreadable and older than the newest valid one. That one and the
   * pinned ones always stay, even where they alone take more than the retention's bytes. Not while a checkpoint is made.
   *
   * @returns the ids. @throws GitError
   */
  async prune(retention: Retention): Promise<string[]> {
    const { pruned, left: kept } = await this.beyond(retention);
    if (pruned.length > 0) await this.delete(pruned);
    // Checkpoints share what they hold, so that none has a size of its own: the oldest half goes, then what is left is measured.
    let left = kept;
    const limit = retention.bytes ?? Number.POSITIVE_INFINITY;
    while (left.length > 0 && (await diskUse(this.folder)) > limit) {
      const half = left.slice(0, Math.ceil(left.length / 2));
      await this.delete(half);
      pruned.push(...half);
      left = left.slice(half.length);
    }
    return pruned;
  }

  /**
   * What a retention does not keep, its bytes aside: they are known only once the rest is deleted.
   *
   * @returns the ids; and those that its bytes may take besides, oldest first.
   */
  async beyond(retention: Omit<Retention, 'bytes'>): Promise<{ pruned: string[]; left: string[] }> {
    const { manifests, rejected } = await this.list();
    const { manifest: newest } = await this.latestValid();
    if (newest === null) return { pruned: [], left: [] };
    const fixed = new Set(manifests.map(({ id }) => id).filter((id) => id === newest.id || existsSync(join(this.folder, id, pinFile))));
    const unneeded = choosePruned(
      manifests.map(({ id, createdAt }) => ({ id, atMs: Date.parse(createdAt) })),
      retention,
      fixed,
    );
    const { bad } = await this.listing();
    const broken = [...rejected.map(({ id }) => id), ...bad].filter((id) => numberOf(id) < numberOf(newest.id));
    const pruned = [...new Set([...unneeded, ...broken])];
    return { pruned, left: manifests.map(({ id }) => id).filter((id) => !fixed.has(id) && !pruned.includes(id)) };
  }

  /** What checkpoints take on disk that others do not need, bytes: an estimate, for what git packs or has left over is not in it. @throws GitError */
  async neededOnlyBy(ids: readonly string[]): Promise<number> {
    const { manifests } = await this.list();
    const isGone = ({ id }: CheckpointManifest) => ids.includes(id);
    const kept = manifests.filter((manifest) => !isGone(manifest));
    let bytes = await this.shadow.neededOnlyBy(manifests.filter(isGone), kept);
    for (const id of ids) bytes += await diskUse(join(this.folder, id));
    const oldest = Math.min(...kept.flatMap(({ transcript }) => transcript?.generation ?? []));
    for (const generation of new Set(manifests.filter(isGone).flatMap(({ transcript }) => transcript?.generation ?? []))) if (generation < oldest) bytes += await diskUse(join(this.transcriptFolder, String(generation)));
    return bytes;
  }

  /** Deletes the objects and segments that no checkpoint needs, and what an interrupted verification or restore has left. Not while a checkpoint is made. @throws GitError */
  async collect(): Promise<void> {
    await this.delete([]);
    for (const name of await readdir(this.folder)) if (name.startsWith('verify-')) await rm(join(this.folder, name), { recursive: true, force: true });
    const git = join(this.folder, 'git');
    for (const name of await readdir(git)) if (/^restore-.*\.index(\.lock)?$/.test(name)) await rm(join(git, name), { force: true });
  }

  private async delete(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await rm(join(this.folder, id), { recursive: true, force: true });
      await rm(this.badPath(id), { force: true });
    }
    const { manifests } = await this.list();
    // A ref to what is not there any more would make git refuse to prune at all.
    const whole: CheckpointManifest[] = [];
    for (const manifest of manifests) if (await this.shadow.hasRoot(manifest.tree.root)) whole.push(manifest);
    await this.shadow.retain(whole);
    const generations = manifests.flatMap(({ transcript }) => transcript?.generation ?? []);
    if (generations.length > 0) await dropGenerations(this.transcriptFolder, generations);
  }

  private async shallowProblem(manifest: CheckpointManifest): Promise<string | null> {
    if (!(await this.shadow.hasRoot(manifest.tree.root))) return 'its tree is missing or was altered';
    if (manifest.transcript && !(await isUnchanged(manifest.transcript))) return 'the transcript no longer begins with what it recorded';
    return null;
  }

  private async ids(): Promise<string[]> {
    return (await this.listing()).ids;
  }

  /** The checkpoints by number, and those of them that are marked as bad. */
  private async listing(): Promise<{ ids: string[]; bad: ReadonlySet<string> }> {
    if (!existsSync(this.folder)) return { ids: [], bad: new Set() };
    const names = await readdir(this.folder);
    const bad = names.filter((name) => name.endsWith(badMark)).map((name) => name.slice(0, -badMark.length));
    return { ids: names.filter((name) => /^ck-\d{4,}$/.test(name)).sort((a, b) => numberOf(a) - numberOf(b)), bad: new Set(bad) };
  }

  private async badReason(id: string): Promise<string> {
    return `a verification has found it bad: ${(await this.markOf(id)) ?? ''}`;
  }

  private badPath(id: string): string {
    return join(this.folder, `${id}${badMark}`);
  }
}

function numberOf(id: string): number {
  return Number(id.slice(3));
}
