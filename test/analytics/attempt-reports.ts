import type { AttemptReport } from '../../domain/attempt.js';
import type { ResumeReceipt } from '../../domain/receipt.js';

/** The report of an attempt that was killed after it had run for two minutes, but for what is given. */
export function reportWith(changes: Partial<AttemptReport> = {}): AttemptReport {
  return {
    sessionId: '6f1e2f6e-6f0c-4f6e-8a53-0a4f6a0c7a11',
    name: 'fix',
    epoch: 1,
    attemptId: 'f0b1f9d2-5a0b-4c8e-9a57-1d5f3b0a9c22',
    hostId: 'host-1',
    exitClass: 'killed',
    exitCode: null,
    signal: 'SIGKILL',
    reason: 'ended by SIGKILL from outside',
    startedAtMs: 1_000,
    runningAtMs: 2_000,
    endedAtMs: 122_000,
    checkpoint: null,
    pending: [],
    justEnded: [],
    zoneBeforeEnd: null,
    messages: 0,
    toolCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: null,
    limitResetsAtMs: null,
    ...changes,
  };
}

/** The receipt of a native resume that came to run, but for what is given. */
export function receiptWith(changes: Partial<ResumeReceipt> = {}): ResumeReceipt {
  const { sessionId, name, attemptId, exitClass, reason, exitCode, signal, endedAtMs } = reportWith();
  return {
    sessionName: name,
    sessionId,
    epoch: 2,
    attemptId,
    previousEpoch: 1,
    cause: { exitClass, reason, exitCode, signal, endedAtMs },
    proofOfDeath: { method: 'sweep', examined: 90, killed: 0, remaining: 0, atMs: endedAtMs, durationMs: 1 },
    checkpoint: { used: null, rejected: [] },
    strategy: 'native',
    strategyReason: null,
    inFlight: [],
    lost: [],
    fidelity: null,
    timing: { endToSpawnMs: 50, endToRunningMs: 150 },
    cost: { inputTokens: null },
    ...changes,
  };
}
