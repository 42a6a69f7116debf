import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointManifest, TranscriptState } from '../../domain/checkpoint.js';
import { agentFor } from '../agents/registry.js';
import { agentKinds } from '../../domain/session.js';
import type { CheckpointRepository } from './checkpoint-repository.js';
import type { IsMessage } from './line-counter.js';
import { differenceFrom } from './restored-files.js';
import type { ShadowRepository } from './shadow-repository.js';
import { countFrom, isUnchanged, restoreTranscript } from './transcript-segments.js';

/** What came of a verification. */
export interface Verification {
  id: string;
  /** What is wrong with it, one line; null where it is whole. */
  problem: string | null;
  /** Files that were written and compared. */
  files: number;
  /** Messages of the conversation that were written and parsed. */
  messages: number;
  durationMs: number;
}

/**
 * Proves a checkpoint by restoring it into a scratch folder: manifest, every file's content and kind, every line of the
 * transcript. A bad one is marked, so that no resume uses it, and what is altered of it is taken away, so that the next
 * checkpoint records it anew; the mark of one that is whole again goes.
 *
 * @param scratch a folder of SHIM's own in which one is made, and removed.
 * @returns null where the checkpoint has gone meanwhile. @throws the abort reason once `signal` is aborted; GitError,
 * or another, where nothing can be said of it.
 */
export async function verifyCheckpoint(repository: CheckpointRepository, shadow: ShadowRepository, id: string, scratch: string, signal?: AbortSignal): Promise<Verification | null> {
  const startedMs = performance.now();
  const folder = join(scratch, `verify-${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const manifest = await repository.read(id);
    // One that does not read is used by nobody: it needs no mark.
    if (typeof manifest === 'string') return { id, problem: manifest, files: 0, messages: 0, durationMs: performance.now() - startedMs };
    // A git that does not work says nothing of a checkpoint.
    await shadow.check();
    const problem = await problemOf(repository, shadow, manifest, folder, signal);
    // Pruned while it was looked at: its manifest goes first.
    if (problem !== null && typeof (await repository.read(id)) === 'string') return null;
    await repository.mark(id, problem);
    if (problem !== null) await shadow.dropAltered(manifest.tree.root);
    return { id, problem, files: manifest.tree.files, messages: manifest.transcript?.messages ?? 0, durationMs: performance.now() - startedMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function problemOf(repository: CheckpointRepository, shadow: ShadowRepository, manifest: CheckpointManifest, folder: string, signal?: AbortSignal): Promise<string | null> {
  const { tree, transcript } = manifest;
  const unread = await repository.verify(manifest.id);
  if (unread !== null) return unread;
  signal?.throwIfAborted();
  const entries = await shadow.entries(tree.root);
  if (entries.length !== tree.files) return `its tree has ${entries.length} files, its manifest says ${tree.files}`;
  const into = join(folder, 'tree');
  await shadow.restoreInto(tree.root, into);
  const different = await differenceFrom(entries, into, signal);
  if (different !== null || transcript === null) return different;
  return transcriptProblem(repository.transcriptFolder, transcript, join(folder, 'transcript.jsonl'), messageRuleOf(manifest));
}

async function transcriptProblem(segments: string, state: TranscriptState, path: string, isMessage: IsMessage | null): Promise<string | null> {
  const unread = await restoreTranscript(segments, state, path);
  if (unread !== null) return unread;
  if (!(await isUnchanged({ ...state, path })) || (await stat(path)).size !== state.validatedBytes) return 'the transcript came out otherwise than it was read';
  const { lines, messages, malformedLines } = await countFrom(path, 0, isMessage ?? (() => false));
  if (lines === state.lines && malformedLines === state.malformedLines && (isMessage === null || messages === state.messages)) return null;
  return `the transcript came out with ${lines} lines, ${messages} messages and ${malformedLines} that do not parse, instead of ${state.lines}, ${state.messages} and ${state.malformedLines}`;
}

/** Null where SHIM has none for that agent, and whoever made the checkpoint had one of their own. */
function messageRuleOf({ launch }: CheckpointManifest): IsMessage | null {
  const kind = agentKinds.find((each) => each === launch.agent);
  return kind === undefined || kind === 'command' ? null : agentFor(kind).isMessage;
}
