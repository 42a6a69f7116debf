import type { ExitClass } from '../domain/exit-class.js';
import type { ResumeReceipt } from '../domain/receipt.js';
import type { KnownSession } from './session-directory.js';

/** One attempt of a session's history. Times are ISO 8601; what is null is not known here, or not so yet. */
export interface HistoricAttempt {
  attempt: number;
  attemptId: string | null;
  startedAt: string | null;
  endedAt: string | null;
  durationMs: number | null;
  /** How it was begun. */
  strategy: ResumeReceipt['strategy'] | null;
  exitClass: ExitClass | null;
  exitCode: number | null;
  signal: string | null;
  reason: string | null;
  /** What was done about its end, one line. */
  decision: string | null;
  checkpoint: string | null;
  messages: number | null;
  toolCalls: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  costUsd: number | null;
}

/** All attempts, oldest first: those on this machine's disk, filled up with the ends that Temporal remembers. */
export function attemptHistory({ records, ends }: Pick<KnownSession, 'records' | 'ends'>, nowMs: number): HistoricAttempt[] {
  const onDisk = new Map((records?.attempts ?? []).map((attempt) => [attempt.epoch, attempt]));
  const known = new Map(ends.map((end) => [end.epoch, end]));
  const epochs = [...new Set([...onDisk.keys(), ...known.keys()])].sort((a, b) => a - b);
  return epochs.map((epoch) => {
    const { record = null, report = null, decision = null } = onDisk.get(epoch) ?? {};
    const end = known.get(epoch);
    const startedAtMs = report?.startedAtMs ?? record?.startedAtMs ?? end?.startedAtMs ?? null;
    const endedAtMs = report?.endedAtMs ?? end?.endedAtMs ?? null;
    return {
      attempt: epoch,
      attemptId: record?.attemptId ?? null,
      startedAt: iso(startedAtMs),
      endedAt: iso(endedAtMs),
      durationMs: startedAtMs === null ? null : (endedAtMs ?? nowMs) - startedAtMs,
      strategy: record?.strategy ?? null,
      exitClass: report?.exitClass ?? end?.exitClass ?? null,
      exitCode: report?.exitCode ?? null,
      signal: report?.signal ?? null,
      reason: report?.reason ?? end?.reason ?? null,
      decision: end?.decision ?? decision,
      checkpoint: report?.checkpoint?.id ?? null,
      messages: report?.messages ?? null,
      toolCalls: report?.toolCalls ?? null,
      inputTokens: report?.inputTokens ?? null,
      outputTokens: report?.outputTokens ?? null,
      costUsd: report?.costUsd ?? null,
    };
  });
}

function iso(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
