import { mkdirSync } from 'node:fs';
import type { AttemptReport } from '../../domain/attempt.js';
import type { ResumeReceipt } from '../../domain/receipt.js';
import { parametersSchema } from '../../domain/parameters.js';
import { sessionSpecSchema, type SessionSpec } from '../../domain/session.js';
import { SessionFolder } from '../../host/session-folder.js';
import type { AttemptRecord } from '../../host/session-records.js';

export const startedAtMs = Date.parse('2026-01-02T03:04:05.000Z');
export const sessionId = '11111111-2222-4333-8444-555555555555';

/** A session's definition, as `shim run` would make it. */
export function fixtureSpec(name = 'fix'): SessionSpec {
  return sessionSpecSchema.parse({ sessionId, name, agent: 'command', argv: ['node', 'worker.js'], cwd: '/tmp', policy: {}, limits: {}, parameters: {}, createdAt: new Date(startedAtMs).toISOString() });
}

/** What an attempt was begun with. */
export function fixtureAttempt(epoch: number, strategy: AttemptRecord['strategy']): AttemptRecord {
  return {
    sessionId, attemptId: `attempt-${epoch}`, epoch, hostId: 'host-1', bootId: 'boot', treeId: `tree-${epoch}`, sinceTicks: 1, startedAtMs: startedAtMs + epoch * 60_000,
    parameters: parametersSchema.parse({}), strategy, conversationId: null, messagesAtStart: 0, argv: ['node', 'worker.js'],
  };
}

/** The report of an attempt that a signal ended. */
export function fixtureReport(epoch: number, change: Partial<AttemptReport> = {}): AttemptReport {
  const begun = startedAtMs + epoch * 60_000;
  return {
    sessionId, name: 'fix', epoch, attemptId: `attempt-${epoch}`, hostId: 'host-1', exitClass: 'killed', exitCode: null, signal: 'SIGKILL',
    reason: 'ended by SIGKILL', startedAtMs: begun, runningAtMs: begun + 200, endedAtMs: begun + 30_000,
    checkpoint: { id: 'ck-0007', atMs: begun + 20_000 }, pending: [], zoneBeforeEnd: null, messages: 12, toolCalls: 4, inputTokens: 1_000, outputTokens: 200, costUsd: null, limitResetsAtMs: null,
    ...change,
  };
}

/** The receipt of a fork after a kill in the middle of a tool call, with one checkpoint rejected. */
export function fixtureReceipt(change: Partial<ResumeReceipt> = {}): ResumeReceipt {
  return {
    sessionName: 'fix', sessionId, epoch: 2, attemptId: 'attempt-2', previousEpoch: 1,
    cause: { exitClass: 'killed', reason: 'ended by SIGKILL', exitCode: null, signal: 'SIGKILL', endedAtMs: startedAtMs + 90_000 },
    proofOfDeath: { method: 'sweep', examined: 214, killed: 2, remaining: 0, atMs: startedAtMs + 90_010, durationMs: 6 },
    checkpoint: { used: { id: 'ck-0006', atMs: startedAtMs + 60_000 }, rejected: [{ id: 'ck-0007', reason: 'its manifest has another hash' }] },
    strategy: 'fork',
    strategyReason: '1 line of the transcript does not parse',
    inFlight: [{ callId: 'c1', tool: 'Bash', summary: 'npm publish', startedAtMs: startedAtMs + 80_000 }],
    lost: ['the reply on line 14 of the transcript'],
    fidelity: { messages: { before: 12, after: 11, ratio: 11 / 12 }, files: { before: 30, after: 30, ratio: 1 }, pending: { before: 1, told: 1, ratio: 1 }, overall: 11 / 12 },
    timing: { endToSpawnMs: 31, endToRunningMs: 1_240 },
    cost: { inputTokens: 12_345 },
    ...change,
  };
}

/** Writes a session that was killed once, resumed, and then stopped. */
export async function writeClosedSession(home: string): Promise<SessionFolder> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const folder = new SessionFolder(home, 'fix');
  folder.create(fixtureSpec());
  folder.attempt(1).create(fixtureAttempt(1, 'fresh'));
  folder.attempt(1).writeReport(fixtureReport(1));
  folder.attempt(1).writeDecision('restart at once (native)');
  folder.attempt(2).create(fixtureAttempt(2, 'fork'));
  folder.attempt(2).writeReceipt(fixtureReceipt());
  folder.attempt(2).writeReport(fixtureReport(2, { exitClass: 'stopped', signal: 'SIGTERM', reason: 'stop by ada' }));
  folder.attempt(2).writeDecision('stopped');
  folder.writeState({ state: 'stopped', reason: 'stopped by ada', atMs: startedAtMs + 200_000, epoch: 2 });
  await folder.writeTombstone(sessionId, 'stop by ada');
  return folder;
}
