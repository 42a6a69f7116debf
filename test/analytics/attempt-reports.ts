import type { AttemptReport } from '../../domain/attempt.js';
import type { ResumeReceipt } from '../../domain/receipt.js';

/** The end of an attempt. */
export function reportOf(changes: Partial<AttemptReport> = {}): AttemptReport {
  return {
    sessionId: '3f0a6c1e-0000-4000-8000-000000000000',
    name: 'demo',
    epoch: 1,
    attemptId: '3f0a6c1e-0000-4000-8000-000000000001',
    hostId: 'host',
    exitClass: 'completed',
    exitCode: 0,
    signal: null,
    reason: 'done',
    startedAtMs: 0,
    runningAtMs: 1,
    endedAtMs: 120_000,
    checkpoint: null,
    pending: [],
    zoneBeforeEnd: 'safe',
    messages: 1,
    toolCalls: 1,
    inputTokens: 10,
    outputTokens: 10,
    costUsd: null,
    limitResetsAtMs: null,
    ...changes,
  };
}

/** A resume. @param endToRunningMs null where the attempt never came to run. */
export function receiptOf(endToRunningMs: number | null, inputTokens: number | null = null): ResumeReceipt {
  return {
    sessionName: 'demo',
    sessionId: '3f0a6c1e-0000-4000-8000-000000000000',
    epoch: 2,
    attemptId: '3f0a6c1e-0000-4000-8000-000000000002',
    previousEpoch: 1,
    cause: { exitClass: 'killed', reason: 'SIGKILL', exitCode: null, signal: 'SIGKILL', endedAtMs: 0 },
    proofOfDeath: { method: 'sweep', examined: 1, killed: 0, remaining: 0, atMs: 0, durationMs: 1 },
    checkpoint: { used: null, rejected: [] },
    strategy: 'native',
    strategyReason: null,
    inFlight: [],
    lost: [],
    fidelity: null,
    timing: { endToSpawnMs: 20, endToRunningMs },
    cost: { inputTokens },
  };
}
