import type { AttemptReport } from '../domain/attempt.js';
import type { CheckpointManifest } from '../domain/checkpoint.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import type { SessionSpec } from '../domain/session.js';
import { SessionFolder } from '../host/session-folder.js';
import type { AttemptRecord, LiveRecord, StateRecord } from '../host/session-records.js';
import { agentPid } from './agent-pid.js';
import { newestCheckpoint } from './checkpoint-list.js';

/** What this machine's disk tells of one attempt. */
export interface AttemptRecords {
  epoch: number;
  record: AttemptRecord | null;
  report: AttemptReport | null;
  receipt: ResumeReceipt | null;
  decision: string | null;
}

/** What this machine's disk tells of one session. */
export interface SessionRecords {
  spec: SessionSpec;
  state: StateRecord | null;
  stopped: { atMs: number; reason: string } | null;
  /** Oldest first; those of this session only, where its name was used before. */
  attempts: AttemptRecords[];
  /** Of the last attempt, while it has no report. */
  live: LiveRecord | null;
  /** Of the last attempt's agent while it is alive. */
  pid: number | null;
  checkpoint: CheckpointManifest | null;
}

/** Reads a session's folder; null where this host has none of that name. @throws ZodError if the name is none. */
export function readSessionRecords(home: string, name: string): SessionRecords | null {
  const folder = new SessionFolder(home, name);
  const spec = folder.spec();
  if (!spec) return null;
  const tombstone = folder.tombstone();
  const attempts = folder
    .attempts()
    .map((attempt) => ({ epoch: attempt.epoch, record: attempt.record(), report: attempt.report(), receipt: attempt.receipt(), decision: attempt.decision() }))
    .filter(({ record }) => record === null || record.sessionId === spec.sessionId);
  const last = attempts.at(-1);
  const checkpoint = newestCheckpoint(folder);
  const alive = last && !last.report ? folder.attempt(last.epoch) : null;
  return {
    spec,
    state: folder.state(),
    stopped: tombstone?.sessionId === spec.sessionId ? tombstone : null,
    attempts,
    live: alive?.live() ?? null,
    pid: alive && agentPid(alive.path),
    checkpoint: checkpoint?.sessionId === spec.sessionId ? checkpoint : null,
  };
}
