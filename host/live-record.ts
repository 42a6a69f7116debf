import type { AttemptFolder } from './attempt-folder.js';
import type { LiveRecord } from './session-records.js';

/** What a tree uses is written this often while it changes by itself, ms. */
const resourcesMs = 10_000;

/** A shorter silence than this is no news by itself, ms. */
const leastSilenceMs = 10_000;

/**
 * Keeps an attempt's live record on disk. Replacing a file costs the disk a flush, so that a session which rests is written
 * down no more, and one that works when it has something to say. What it uses can wait a little; its silence, which grows by
 * itself, is written when it is long and has doubled.
 */
export class LiveRecordFile {
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private writtenAtMs = Number.NEGATIVE_INFINITY;
  private text = '';
  private resources = '';
  private silenceMs = 0;

  /** @param intervalMs between two looks for news. */
  constructor(
    private readonly folder: AttemptFolder,
    private readonly intervalMs: number,
  ) {}

  /** Whether it is time to look for news. */
  isDue(nowMs: number): boolean {
    return nowMs - this.lookedAtMs >= this.intervalMs;
  }

  write(record: LiveRecord, nowMs: number): void {
    this.lookedAtMs = nowMs;
    this.keep(record, textOf(record), nowMs);
  }

  /** Writes where there is anything new. */
  update(record: LiveRecord, nowMs: number): void {
    this.lookedAtMs = nowMs;
    const text = textOf(record);
    const silenceMs = record.longestSilenceMs ?? 0;
    const usesAsMuch = JSON.stringify(record.resources) === this.resources || nowMs - this.writtenAtMs < resourcesMs;
    if (text === this.text && usesAsMuch && silenceMs < Math.max(leastSilenceMs, this.silenceMs * 2)) return;
    this.keep(record, text, nowMs);
  }

  private keep(record: LiveRecord, text: string, nowMs: number): void {
    this.folder.writeLive(record);
    this.text = text;
    this.resources = JSON.stringify(record.resources);
    this.silenceMs = record.longestSilenceMs ?? 0;
    this.writtenAtMs = nowMs;
  }
}

/** All of it that is news at once; that there is a first sample is. */
function textOf(record: LiveRecord): string {
  return JSON.stringify({ ...record, resources: record.resources !== null, longestSilenceMs: null });
}
