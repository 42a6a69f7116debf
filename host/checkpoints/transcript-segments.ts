import { createHash } from 'node:crypto';
import { mkdir, open, truncate, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { transcriptSegmentSchema, type TranscriptSegment, type TranscriptState } from '../../domain/checkpoint.js';
import { parseObject } from '../agents/json-line.js';
import { readIfThere, syncFolder } from '../durable-file.js';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

const tailBytes = 4_096;
const chunkBytes = 262_144;

/** A segment is closed at the first line end past this, so that a long transcript is taken in bounded steps, bytes. */
const segmentBytes = 2 * 1_048_576;

/** A longer line is looked at by its ends only: parsing it would hold up everything else on the host, bytes. */
const longestParsedLine = 2 * 1_048_576;

const ledgerFile = 'segments.jsonl';

type IsMessage = (entry: Record<string, unknown>) => boolean;

/** What a stretch of complete lines holds. */
export interface LineCounts {
  messages: number;
  malformedLines: number;
}

/**
 * Takes what the agent has appended to its transcript since `before` into the session's own segments: read in bounded
 * steps between which other work gets its turn, parsed line by line, hashed, compressed, on disk when it returns. A torn
 * last line is left for the next time. A transcript that was rewritten begins a new generation.
 *
 * @returns the new state; `before` itself where nothing was added; null where there is no transcript.
 */
export async function recordTranscript(folder: string, path: string, before: TranscriptState | null, isMessage: IsMessage): Promise<TranscriptState | null> {
  const file = await openIfThere(path);
  if (!file) return null;
  try {
    const known = before && before.path === path && (await tailMatches(file, before)) ? before : null;
    const generation = known?.generation ?? (before?.generation ?? 0) + 1;
    const generationFolder = join(folder, String(generation));
    await mkdir(generationFolder, { recursive: true, mode: 0o700 });
    const ledger = new Ledger(join(generationFolder, ledgerFile));
    await ledger.open(known?.ledgerBytes ?? 0);
    let at = known?.validatedBytes ?? 0;
    const counts: LineCounts = { messages: known?.messages ?? 0, malformedLines: known?.malformedLines ?? 0 };
    for (;;) {
      const stretch = await readStretch(file, at);
      if (stretch.length === 0) break;
      const added = await countLines(stretch, isMessage);
      counts.messages += added.messages;
      counts.malformedLines += added.malformedLines;
      const segment = { start: at, end: at + stretch.length, sha256: sha256(stretch) };
      await writeDurableSegment(join(generationFolder, segmentFile(segment)), stretch);
      ledger.add(segment);
      at = segment.end;
    }
    if (known && at === known.validatedBytes) return known;
    await syncFolder(generationFolder);
    const { ledgerBytes, ledgerSha256 } = await ledger.close();
    return { path, generation, validatedBytes: at, ...counts, tailSha256: sha256(await readTail(file, at)), ledgerBytes, ledgerSha256 };
  } finally {
    await file.close();
  }
}

/** Whether the agent's file still begins with what was validated: O(1), its length and the last 4 KiB are looked at. */
export async function isUnchanged(state: TranscriptState): Promise<boolean> {
  const file = await openIfThere(state.path);
  if (!file) return false;
  try {
    return await tailMatches(file, state);
  } finally {
    await file.close();
  }
}

/** Counts what was appended after `from`, complete lines only. */
export async function countFrom(path: string, from: number, isMessage: IsMessage): Promise<LineCounts> {
  const counts: LineCounts = { messages: 0, malformedLines: 0 };
  const file = await openIfThere(path);
  if (!file) return counts;
  try {
    for (let at = from; ; ) {
      const stretch = await readStretch(file, at);
      if (stretch.length === 0) return counts;
      const added = await countLines(stretch, isMessage);
      counts.messages += added.messages;
      counts.malformedLines += added.malformedLines;
      at += stretch.length;
    }
  } finally {
    await file.close();
  }
}

/** Reads every segment of a checkpoint back. @returns what is wrong with the first bad one, or null. */
export async function verifySegments(folder: string, state: TranscriptState): Promise<string | null> {
  const generationFolder = join(folder, String(state.generation));
  const ledger = Buffer.from((await readIfThere(join(generationFolder, ledgerFile))) ?? '').subarray(0, state.ledgerBytes);
  if (sha256(ledger) !== state.ledgerSha256) return 'the list of transcript segments was altered';
  const segments = ledger.toString('utf8').split('\n').filter(Boolean).map((line) => transcriptSegmentSchema.parse(JSON.parse(line)));
  let at = 0;
  for (const segment of segments) {
    if (segment.start !== at) return `the transcript has a gap at byte ${at}`;
    const content = await readSegment(join(generationFolder, segmentFile(segment)));
    if (!content || sha256(content) !== segment.sha256) return `transcript segment ${segmentFile(segment)} is missing or was altered`;
    at = segment.end;
  }
  return at === state.validatedBytes ? null : 'the transcript segments end too early';
}

/** The list of a generation's segments, appended to; what a crash left behind `validBytes` is cut off first. */
class Ledger {
  private added = '';
  private before = Buffer.alloc(0);

  constructor(private readonly path: string) {}

  async open(validBytes: number): Promise<void> {
    const text = await readIfThere(this.path);
    if (text === null) return;
    this.before = Buffer.from(text).subarray(0, validBytes);
    if (Buffer.byteLength(text) > validBytes) await truncate(this.path, validBytes);
  }

  add(segment: TranscriptSegment): void {
    this.added += `${JSON.stringify(segment)}\n`;
  }

  async close(): Promise<{ ledgerBytes: number; ledgerSha256: string }> {
    await writeFile(this.path, this.added, { flag: 'a', mode: 0o600, flush: true });
    const whole = Buffer.concat([this.before, Buffer.from(this.added)]);
    return { ledgerBytes: whole.length, ledgerSha256: sha256(whole) };
  }
}

/** Complete lines from `at`, about a segment's worth, or one line if it is longer; empty at the end. */
async function readStretch(file: FileHandle, at: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at + length);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length >= segmentBytes && buffer.subarray(0, bytesRead).includes(10)) break;
  }
  const all = Buffer.concat(chunks);
  return all.subarray(0, all.lastIndexOf(10) + 1);
}

/** Parses a stretch line by line, letting other work go on in between. */
async function countLines(stretch: Buffer, isMessage: IsMessage): Promise<LineCounts> {
  const counts: LineCounts = { messages: 0, malformedLines: 0 };
  let turnEnds = chunkBytes;
  for (let start = 0; start < stretch.length; ) {
    const end = stretch.indexOf(10, start);
    const line = stretch.subarray(start, end);
    if (line.length > longestParsedLine) counts.malformedLines += line[0] === 123 && line.at(-1) === 125 ? 0 : 1;
    else if (line.length > 0) {
      const entry = parseObject(line.toString('utf8'));
      if (entry === null) counts.malformedLines += 1;
      else if (isMessage(entry)) counts.messages += 1;
    }
    start = end + 1;
    if (start > turnEnds) {
      turnEnds = start + chunkBytes;
      await nextTurn();
    }
  }
  return counts;
}

async function tailMatches(file: FileHandle, state: TranscriptState): Promise<boolean> {
  const { size } = await file.stat();
  return size >= state.validatedBytes && sha256(await readTail(file, state.validatedBytes)) === state.tailSha256;
}

async function readTail(file: FileHandle, end: number): Promise<Buffer> {
  const length = Math.min(tailBytes, end);
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, end - length);
  return buffer.subarray(0, bytesRead);
}

async function writeDurableSegment(path: string, content: Buffer): Promise<void> {
  await writeFile(path, await compress(content), { mode: 0o600, flush: true });
}

async function readSegment(path: string): Promise<Buffer | null> {
  const file = await openIfThere(path);
  if (!file) return null;
  try {
    return await decompress(await file.readFile());
  } catch (error) {
    // What cannot be decompressed was altered; the caller says so.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) return null;
    throw error;
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}

function segmentFile({ start, end }: TranscriptSegment): string {
  return `${start}-${end}.jsonl.gz`;
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
