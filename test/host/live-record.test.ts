import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assessRisk } from '../../domain/risk.js';
import { emptySignals } from '../../domain/signals.js';
import { AttemptFolder } from '../../host/attempt-folder.js';
import { LiveRecordFile } from '../../host/live-record.js';
import type { LiveRecord } from '../../host/session-records.js';

let folder: AttemptFolder;

beforeEach(() => {
  folder = new AttemptFolder(mkdtempSync(join(tmpdir(), 'shim-live-')), 1);
});

afterEach(() => rmSync(folder.path, { recursive: true, force: true }));

function record(change: Partial<LiveRecord> = {}): LiveRecord {
  const signals = emptySignals(0);
  return { runningAtMs: 1, signals, risk: assessRisk(signals, 0, 0.75), zones: [], resources: { cpuMs: 10, rssBytes: 1 }, transcriptPath: null, offsets: { stdout: 0, stderr: 0 }, longestSilenceMs: 0, ...change };
}

const file = () => statSync(join(folder.path, 'live.json')).ino;

describe('a live record', () => {
  it('with nothing new is not written again', () => {
    const live = new LiveRecordFile(folder, 0);
    live.update(record({ longestSilenceMs: 1_000 }), 0);
    const before = file();
    live.update(record({ longestSilenceMs: 1_900 }), 60_000);
    expect(file()).toBe(before);
  });

  it('is written with whatever is new', () => {
    const live = new LiveRecordFile(folder, 0);
    live.update(record(), 0);
    live.update(record({ offsets: { stdout: 7, stderr: 0 } }), 1);
    expect(folder.live()?.offsets.stdout).toBe(7);
  });

  it('is written with what its tree uses after 10 s, and at once with the first sample of it', () => {
    const live = new LiveRecordFile(folder, 0);
    live.update(record({ resources: null }), 0);
    live.update(record({ resources: { cpuMs: 10, rssBytes: 1 } }), 1_000);
    expect(folder.live()?.resources?.cpuMs).toBe(10);
    live.update(record({ resources: { cpuMs: 20, rssBytes: 1 } }), 10_999);
    expect(folder.live()?.resources?.cpuMs).toBe(10);
    live.update(record({ resources: { cpuMs: 30, rssBytes: 1 } }), 11_000);
    expect(folder.live()?.resources?.cpuMs).toBe(30);
  });

  it('tells the longest silence to within its half, or 10 s', () => {
    const live = new LiveRecordFile(folder, 0);
    for (let silenceMs = 1_000; silenceMs <= 100_000; silenceMs += 1_000) {
      live.update(record({ longestSilenceMs: silenceMs }), silenceMs);
      expect(folder.live()?.longestSilenceMs).toBeGreaterThan(Math.min(silenceMs / 2, silenceMs - 10_000));
    }
  });

  it('is due again after its interval, written or not', () => {
    const live = new LiveRecordFile(folder, 1_000);
    expect(live.isDue(0)).toBe(true);
    live.update(record(), 0);
    expect(live.isDue(999)).toBe(false);
    live.update(record(), 1_000);
    expect(live.isDue(1_500)).toBe(false);
    expect(live.isDue(2_000)).toBe(true);
  });
});
