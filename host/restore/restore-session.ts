import { existsSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CheckpointManifest } from '../../domain/checkpoint.js';
import type { SessionSpec } from '../../domain/session.js';
import { agentFor } from '../agents/registry.js';
import { CheckpointManager } from '../checkpoints/checkpoint-manager.js';
import { textOf } from '../checkpoints/listed-paths.js';
import { restoreTranscript } from '../checkpoints/transcript-segments.js';
import { holdAtRest } from '../rest-lock.js';
import type { SessionFolder } from '../session-folder.js';
import { freeFolderBeside, provePlace, restoreIntoFolder, restoreIntoWorktree, transcriptBeside } from './new-folder.js';
import { RestoreError } from './restore-error.js';
import { salvage } from './salvage.js';
import { writeOver, type WrittenOver } from './write-over.js';

/** Files named among those that were left alone. */
const leftShown = 20;

/** Where a checkpoint is restored to. */
export type RestoreTarget =
  /** A folder that is missing or empty; one beside the session's own where null. */
  | { kind: 'folder' | 'worktree'; folder: string | null }
  /** The session's own folder, with what is in it. */
  | { kind: 'tree' };

/** What was done. */
export interface Restored {
  session: string;
  checkpoint: string;
  /** ISO 8601: when the checkpoint was made. */
  madeAt: string;
  kind: RestoreTarget['kind'];
  /** The folder that has the files. */
  folder: string;
  files: number;
  /** The conversation as a file; null where the checkpoint has none, or `transcriptProblem` says why it could not be read. */
  transcript: string | null;
  transcriptProblem: string | null;
  messages: number;
  /** Commands by which a person goes on with the conversation, without SHIM. */
  resumeByHand: string[];
  /** Of a restore over the session's own folder alone. */
  over: (Omit<WrittenOver, 'refused'> & { refused: WrittenOver['refused']; salvage: Salvage; left: { total: number; paths: string[] } }) | null;
}

/** Where what was written over can be had back from. */
export interface Salvage {
  /** A pinned checkpoint of the folder as it was. */
  checkpoint: string;
  /** Plain copies of what that cannot hold; null where there was nothing of the kind. */
  copies: string | null;
}

/**
 * Restores a checkpoint of a session: its files into a folder, its conversation into a file. Needs no service; over the
 * session's own folder only while the session is at rest, and after a salvage copy.
 *
 * @param id the newest whole one where null.
 * @throws RestoreError, NotAtRestError, GitError; then nothing was written, but for what a salvage has kept.
 */
export async function restoreSession(folder: SessionFolder, spec: SessionSpec, id: string | null, target: RestoreTarget): Promise<Restored> {
  const manager = new CheckpointManager(folder.checkpointsPath, spec.cwd, spec.parameters.checkpointIntervalMinutes);
  const manifest = await chooseCheckpoint(manager, folder.name, id);
  return target.kind === 'tree' ? restoreOver(manager, folder, spec, manifest) : restoreBeside(manager, folder, spec, manifest, target);
}

async function restoreBeside(manager: CheckpointManager, { name }: SessionFolder, spec: SessionSpec, manifest: CheckpointManifest, target: Exclude<RestoreTarget, { kind: 'tree' }>): Promise<Restored> {
  const into = target.folder === null ? freeFolderBeside(spec.cwd, manifest.id) : resolve(target.folder);
  if (into === resolve(spec.cwd) && existsSync(into)) throw new RestoreError(`${into} is the session's own folder; to write over it: --force`);
  await provePlace(into);
  if (target.kind === 'worktree') await restoreIntoWorktree(manager.shadow, manifest, spec.cwd, into);
  else await restoreIntoFolder(manager.shadow, manifest, into);
  const conversation = await takeOutConversation(manager, manifest, transcriptBeside(into));
  return { ...about(name, manifest, target.kind, into), ...conversation, resumeByHand: waysOn(spec, manifest, conversation.transcript, into), over: null };
}

async function restoreOver(manager: CheckpointManager, folder: SessionFolder, spec: SessionSpec, manifest: CheckpointManifest): Promise<Restored> {
  const held = holdAtRest(folder);
  const place = join(folder.path, 'salvage', `${new Date().toISOString().replaceAll(':', '-')}-${manifest.id}`);
  const source = join(place, 'source');
  try {
    if (!existsSync(spec.cwd)) throw new RestoreError(`the working folder ${spec.cwd} is not there: leave --force out, and give it as --to`);
    await mkdir(place, { recursive: true, mode: 0o700 });
    // Proved before the first file is written over.
    await restoreIntoFolder(manager.shadow, manifest, source);
    await manager.load();
    const kept = await salvage(manager, folder, spec);
    const entries = await manager.shadow.entries(manifest.tree.root);
    const salvaged = new Map((await manager.shadow.entries(kept.tree.root)).map((entry) => [entry.path, entry]));
    const copies = join(place, 'files');
    const { refused, ...counts } = await writeOver({ entries, source, tree: spec.cwd, salvaged, copies });
    for (const { path } of entries) salvaged.delete(path);
    const left = [...salvaged.keys()].map(textOf);
    const conversation = await takeOutConversation(manager, manifest, join(place, 'transcript.jsonl'));
    return {
      ...about(folder.name, manifest, 'tree', spec.cwd),
      ...conversation,
      resumeByHand: waysOn(spec, manifest, conversation.transcript, spec.cwd),
      over: { ...counts, refused, salvage: { checkpoint: kept.id, copies: existsSync(copies) ? copies : null }, left: { total: left.length, paths: left.slice(0, leftShown) } },
    };
  } finally {
    await rm(source, { recursive: true, force: true });
    // It stays where something was put into it.
    await rmdir(place).catch(() => undefined);
    held.release();
  }
}

/** The newest that is whole as far as one look tells: what the agent's own files are by now does not matter here. */
async function chooseCheckpoint({ repository, shadow }: CheckpointManager, name: string, id: string | null): Promise<CheckpointManifest> {
  if (id !== null) {
    const manifest = await repository.read(id);
    if (typeof manifest !== 'string') return manifest;
    throw new RestoreError(`checkpoint ${id} of ${name} cannot be used: ${manifest}; shim checkpoints ${name} lists them`);
  }
  const { manifests } = await repository.list();
  for (const manifest of manifests.toReversed()) {
    if ((await repository.markOf(manifest.id)) === null && (await shadow.hasRoot(manifest.tree.root))) return manifest;
  }
  throw new RestoreError(`${name} has no checkpoint that can be used; shim checkpoints ${name} lists them`);
}

function about(session: string, { id, createdAt, tree, transcript }: CheckpointManifest, kind: RestoreTarget['kind'], folder: string) {
  return { session, checkpoint: id, madeAt: createdAt, kind, folder, files: tree.files, messages: transcript?.messages ?? 0 };
}

/** The files are worth having without their conversation, too. */
async function takeOutConversation({ repository }: CheckpointManager, { transcript }: CheckpointManifest, path: string): Promise<Pick<Restored, 'transcript' | 'transcriptProblem'>> {
  if (transcript === null) return { transcript: null, transcriptProblem: null };
  const problem = await restoreTranscript(repository.transcriptFolder, transcript, path);
  if (problem === null) return { transcript: path, transcriptProblem: null };
  await rm(path, { force: true });
  return { transcript: null, transcriptProblem: problem };
}

function waysOn({ agent }: SessionSpec, { launch, transcript }: CheckpointManifest, path: string | null, cwd: string): string[] {
  if (path === null || transcript === null || launch.conversationId === null) return [];
  return agentFor(agent).resumeByHand({ conversationId: launch.conversationId, path, originalPath: transcript.path, cwd });
}
