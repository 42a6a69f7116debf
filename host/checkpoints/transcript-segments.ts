import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { TranscriptSegment, TranscriptState } from '../../domain/checkpoint.js';
import { syncFolder, writeSynced } from '../durable-file.js';
import { LineCounter, noLines, type IsMessage, type LineCounts } from './line-counter.js';
import { ledgerFile, readLedger, SegmentLedger } from './segment-ledger.js';
import { chunkBytes, endOfLines, openTranscript, readExactly, sha256OfLong, tailMatches, tailSha256 } from './transcript-file.js';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A segment is not longer than this, so that a long transcript, or one endless line, is taken in bounded steps, bytes. */
const segmentBytes = 2 * 1_048_576;

/**
 * Takes what the agent has appended to its transcript since `before` into the session's own segments: read in bounded
 * steps between which other work gets its turn, parsed line by line, hashed, compressed, on disk when it returns. A torn
 * last line is left for the next time. A transcript that was rewritten begins a new generation; a change in the middle
 * that leaves the length and the last 4 KiB as they were is not seen.
 *
 * @returns the new state; `before` itself where nothing was added; null where there is no transcript.
 * @throws Error if the transcript is cut while it is read: the next call sees a rewritten one.
 */
export async function recordTranscript(folder: string, path: string, before: TranscriptState | null, isMessage: IsMessage): Promise<TranscriptState | null> {
  const file = await openTranscript(path);
  if (!file) return null;
  try {
    const known = before && before.path === path && (await tailMatches(file, before)) ? before : null;
    const start = known?.validatedBytes ?? 0;
    const end = await endOfLines(file, start);
    if (known && end === start) return known;
    const generation = known?.generation ?? (before?.generation ?? 0) + 1;
    const generationFolder = join(folder, String(generation));
    await mkdir(generationFolder, { recursive: true, mode: 0o700 });
    const ledger = new SegmentLedger(join(generationFolder, ledgerFile));
    await ledger.open(known?.ledgerBytes ?? 0);
    const counts = await eachStretch(file, { start, end }, isMessage, known ?? noLines, async (at, stretch) => {
      const segment = { start: at, end: at + stretch.length, sha256: await sha256OfLong(stretch) };
      await writeSynced(join(generationFolder, segmentFile(segment)), await compress(stretch), 'w');
      ledger.add(segment);
    });
    const written = await ledger.close();
    await syncFolder(generationFolder);
    if (known === null) await syncFolder(folder);
    const { lines, messages, malformedLines, malformedAt } = counts;
    return { path, generation, validatedBytes: end, lines, messages, malformedLines, malformedAt, tailSha256: await tailSha256(file, end), ...written };
  } finally {
    await file.close();
  }
}

/** Whether the agent's file still begins with what was validated: O(1), its length and the last 4 KiB are looked at. */
export async function isUnchanged(state: TranscriptState): Promise<boolean> {
  const file = await openTranscript(state.path);
  if (!file) return false;
  try {
    return await tailMatches(file, state);
  } finally {
    await file.close();
  }
}

/** Counts what was appended after `from`, complete lines only; their numbers count from there. */
export async function countFrom(path: string, from: number, isMessage: IsMessage): Promise<LineCounts> {
  const file = await openTranscript(path);
  if (!file) return noLines;
  try {
    return await eachStretch(file, { start: from, end: await endOfLines(file, from) }, isMessage, noLines, async () => undefined);
  } finally {
    await file.close();
  }
}

/** Reads every segment of a checkpoint back. @returns what is wrong with the first bad one, or null. */
export function verifySegments(folder: string, state: TranscriptState): Promise<string | null> {
  return eachSegment(folder, state, async () => undefined);
}

/** Writes the transcript of a checkpoint as the agent had it, to a file that is not there yet. @returns what is wrong with the first bad segment, or null. */
export async function restoreTranscript(folder: string, state: TranscriptState, path: string): Promise<string | null> {
  const file = await open(path, 'wx', 0o600);
  try {
    const problem = await eachSegment(folder, state, async (content) => {
      await file.appendFile(content);
    });
    await file.sync();
    return problem;
  } finally {
    await file.close();
  }
}

async function eachSegment(folder: string, state: TranscriptState, take: (content: Buffer) => Promise<void>): Promise<string | null> {
  const generationFolder = join(folder, String(state.generation));
  const segments = await readLedger(join(generationFolder, ledgerFile), state);
  if (segments === null) return 'the list of transcript segments is missing or was altered';
  let at = 0;
  for (const segment of segments) {
    if (segment.start !== at) return `the transcript has a gap at byte ${at}`;
    const content = await readSegment(join(generationFolder, segmentFile(segment)));
    if (!content || (await sha256OfLong(content)) !== segment.sha256) return `transcript segment ${segmentFile(segment)} is missing or was altered`;
    await take(content);
    at = segment.end;
  }
  return at === state.validatedBytes ? null : 'the transcript segments end too early';
}

/** Deletes the generations that are older than all of those given; the newer ones are still written to. */
export async function dropGenerations(folder: string, kept: readonly number[]): Promise<void> {
  const oldest = Math.min(...kept);
  for (const name of await readdir(folder).catch(() => [])) if (/^\d+$/.test(name) && Number(name) < oldest) await rm(join(folder, name), { recursive: true });
}

/** Reads complete lines, counts them, and hands each stretch on. */
async function eachStretch(file: FileHandle, range: { start: number; end: number }, isMessage: IsMessage, before: LineCounts, take: (at: number, stretch: Buffer) => Promise<void>): Promise<LineCounts> {
  const counter = new LineCounter(isMessage, before);
  try {
    for (let at = range.start; at < range.end; ) {
      const stretch = wholeLines(await readExactly(file, at, Math.min(segmentBytes, range.end - at)));
      for (let part = 0; part < stretch.length; part += chunkBytes) await counter.take(stretch.subarray(part, part + chunkBytes));
      await take(at, stretch);
      at += stretch.length;
    }
    return counter.counts;
  } finally {
    counter.close();
  }
}

/** Cut after a line, so that a segment can be read by itself; unless one line fills it. */
function wholeLines(stretch: Buffer): Buffer {
  const end = stretch.lastIndexOf(10) + 1;
  return end === 0 ? stretch : stretch.subarray(0, end);
}

async function readSegment(path: string): Promise<Buffer | null> {
  try {
    return await decompress(await readFile(path), { maxOutputLength: segmentBytes });
  } catch (error) {
    // Missing or no gzip any more: the caller says so.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || String(error.code).startsWith('Z_') || error.code === 'ERR_BUFFER_TOO_LARGE')) return null;
    throw error;
  }
}

function segmentFile({ start, end }: TranscriptSegment): string {
  return `${start}-${end}.jsonl.gz`;
}
