import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptReport } from '../domain/attempt.js';
import type { Parameters } from '../domain/parameters.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import { listFolder, readRecord, writeRecord } from './record-file.js';
import { attemptRecordSchema, decisionSchema, liveSchema, receiptSchema, reportSchema, sentSchema, type AttemptRecord, type LiveRecord } from './session-records.js';

/** One attempt's records on disk. */
export class AttemptFolder {
  constructor(
    readonly path: string,
    readonly epoch: number,
  ) {}

  create(record: AttemptRecord): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    try {
      writeRecord(join(this.path, 'attempt.json'), record);
    } catch (error) {
      // What never began is no attempt: its folder would look like one without an end.
      if (readdirSync(this.path).length === 0) rmdirSync(this.path);
      throw error;
    }
  }

  /**
   * Takes away what is there of an attempt of which nothing has been written down: its worker was killed before it had chosen what to
   * begin it with, and sends its holder only after that. It is no attempt, and nobody would ever write down its end.
   *
   * @returns whether it was one.
   */
  removeUnbegun(): boolean {
    if (listFolder(this.path).some((file) => madeByAnAttempt.has(file))) return false;
    rmSync(this.path, { recursive: true, force: true });
    return true;
  }

  /** An adopted attempt goes on with what it was given last. */
  keepParameters(parameters: Parameters): void {
    const record = this.record();
    if (record) this.create({ ...record, parameters });
  }

  record(): AttemptRecord | null {
    return readRecord(join(this.path, 'attempt.json'), attemptRecordSchema);
  }

  live(): LiveRecord | null {
    return readRecord(join(this.path, 'live.json'), liveSchema) as LiveRecord | null;
  }
  writeLive(live: LiveRecord): void {
    writeRecord(join(this.path, 'live.json'), live);
  }

  /** When the attempt was last heard of, Unix ms: for one whose machine went down. */
  lastHeardOfMs(): number {
    const live = statSync(join(this.path, 'live.json'), { throwIfNoEntry: false });
    return Math.round(live?.mtimeMs ?? this.record()?.startedAtMs ?? 0);
  }

  report(): AttemptReport | null {
    return readRecord(join(this.path, 'report.json'), reportSchema) as AttemptReport | null;
  }
  /** Not where the attempt's folder has been taken away meanwhile: there is nobody to read it. */
  writeReport(report: AttemptReport): void {
    if (existsSync(this.path)) writeRecord(join(this.path, 'report.json'), report);
  }

  /** Whether Temporal has the report. */
  isReported(): boolean {
    return readRecord(join(this.path, 'report.sent'), sentSchema) !== null;
  }
  markReported(): void {
    writeRecord(join(this.path, 'report.sent'), { atMs: Date.now() });
  }

  /** Temporal is to be told again: it has forgotten. */
  forgetReported(): void {
    rmSync(join(this.path, 'report.sent'), { force: true });
  }

  receipt(): ResumeReceipt | null {
    return readRecord(join(this.path, 'receipt.json'), receiptSchema) as ResumeReceipt | null;
  }
  writeReceipt(receipt: ResumeReceipt): void {
    writeRecord(join(this.path, 'receipt.json'), receipt);
  }

  /** What was decided after this attempt, one line. */
  decision(): string | null {
    return readRecord(join(this.path, 'decision.json'), decisionSchema)?.decision ?? null;
  }
  /** Not where it never began: it has no folder. */
  writeDecision(decision: string): void {
    if (existsSync(this.path)) writeRecord(join(this.path, 'decision.json'), { decision });
  }
}

/** Whoever has one of these was begun, whatever became of the others. */
const madeByAnAttempt: ReadonlySet<string> = new Set(['attempt.json', 'go', 'report.json']);
