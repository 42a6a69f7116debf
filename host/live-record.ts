import type { AttemptFolder, LiveRecord } from './session-folder.js';

/**
 * Keeps an attempt's live record on disk. Replacing a file costs the disk a flush, so that a session which rests is written
 * down no more: but for its silence, which grows by itself and is written when it has doubled.
 */
export class LiveRecordFile {
  private writtenAtMs = Number.NEGATIVE_INFINITY;
  private text = '';
  private silenceMs = 0;

  /** @param intervalMs between two looks for news. */
  constructor(
    private readonly folder: AttemptFolder,
    private readonly intervalMs: number,
  ) {}

  /** Whether it is time to look for news. */
  isDue(nowMs: number): boolean {
    return nowMs - this.writtenAtMs >= this.intervalMs;
  }

  write(record: LiveRecord): void {
    this.keep(record, textOf(record));
  }

  /** Writes where there is anything new. */
  update(record: LiveRecord): void {
    const text = textOf(record);
    if (text === this.text && (record.longestSilenceMs ?? 0) < this.silenceMs * 2) this.writtenAtMs = performance.now();
    else this.keep(record, text);
  }

  private keep(record: LiveRecord, text: string): void {
    this.writtenAtMs = performance.now();
    this.folder.writeLive(record);
    this.text = text;
    this.silenceMs = record.longestSilenceMs ?? 0;
  }
}

function textOf(record: LiveRecord): string {
  return JSON.stringify({ ...record, longestSilenceMs: null });
}
