import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TranscriptState } from '../../domain/checkpoint.js';

const tailBytes = 4_096;

/** Read and hashed between two turns of the event loop, bytes. */
export const chunkBytes = 262_144;

/** An agent's transcript, open for reading; null where there is no regular file: a FIFO would hold up its reader for good. */
export async function openTranscript(path: string): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENXIO')) return null;
    throw error;
  }
  const stat = await file.stat();
  if (stat.isFile()) return file;
  await file.close();
  return null;
}

/** Where the last complete line after `from` ends; `from` itself if there is none. */
export async function endOfLines(file: FileHandle, from: number): Promise<number> {
  for (let end = (await file.stat()).size; end > from; ) {
    const start = Math.max(from, end - chunkBytes);
    const chunk = await readExactly(file, start, end - start);
    const at = chunk.lastIndexOf(10);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return from;
}

/** @throws Error if the file has become shorter. */
export async function readExactly(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(buffer, filled, Math.min(chunkBytes, length - filled), at + filled);
    if (bytesRead === 0) throw new Error('the transcript was cut while it was read');
    filled += bytesRead;
  }
  return buffer;
}

/** Whether a file still begins with what was validated: O(1), its length and the last 4 KiB before are looked at. */
export async function tailMatches(file: FileHandle, state: TranscriptState): Promise<boolean> {
  const { size } = await file.stat();
  return size >= state.validatedBytes && (await tailSha256(file, state.validatedBytes)) === state.tailSha256;
}

/** SHA-256 of the last 4 KiB before `end`. */
export async function tailSha256(file: FileHandle, end: number): Promise<string> {
  const length = Math.min(tailBytes, end);
  return createHash('sha256')
    .update(await readExactly(file, end - length, length))
    .digest('hex');
}

/** SHA-256 of some megabytes, with turns of the event loop in between. */
export async function sha256OfLong(data: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < data.length; at += 4 * chunkBytes) {
    if (at > 0) await nextTurn();
    hash.update(data.subarray(at, at + 4 * chunkBytes));
  }
  return hash.digest('hex');
}
