import { createHash } from 'node:crypto';
import { truncate } from 'node:fs/promises';
import { transcriptSegmentSchema, type TranscriptSegment, type TranscriptState } from '../../domain/checkpoint.js';
import { readIfThere, writeSynced } from '../durable-file.js';

export const ledgerFile = 'segments.jsonl';

/** The list of a generation's segments, appended to: a manifest names its length and hash and stays small. */
export class SegmentLedger {
  private added = '';
  private before = '';

  constructor(private readonly path: string) {}

  /** Takes up the list as a checkpoint knew it; what was added after that checkpoint is cut off. */
  async open(validBytes: number): Promise<void> {
    const text = await readIfThere(this.path);
    if (text === null) return;
    this.before = text.slice(0, validBytes);
    if (text.length > validBytes) await truncate(this.path, validBytes);
  }

  add(segment: TranscriptSegment): void {
    this.added += `${JSON.stringify(segment)}\n`;
  }

  /** Writes what was added; durable when it returns. */
  async close(): Promise<Pick<TranscriptState, 'ledgerBytes' | 'ledgerSha256'>> {
    await writeSynced(this.path, this.added, 'a');
    const whole = this.before + this.added;
    return { ledgerBytes: whole.length, ledgerSha256: createHash('sha256').update(whole).digest('hex') };
  }
}

/** The segments of a checkpoint. @returns null where the list is missing or was altered. */
export async function readLedger(path: string, state: TranscriptState): Promise<TranscriptSegment[] | null> {
  const text = ((await readIfThere(path)) ?? '').slice(0, state.ledgerBytes);
  if (createHash('sha256').update(text).digest('hex') !== state.ledgerSha256) return null;
  return text.split('\n').filter(Boolean).map((line) => transcriptSegmentSchema.parse(JSON.parse(line)));
}
