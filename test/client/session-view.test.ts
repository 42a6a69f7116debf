import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { attemptHistory } from '../../client/attempt-history.js';
import { readSessionRecords, type SessionRecords } from '../../client/session-records.js';
import { viewOfRecords, viewOfStatus } from '../../client/session-view.js';
import { assessRisk } from '../../domain/risk.js';
import { emptySignals } from '../../domain/signals.js';
import { SessionFolder } from '../../host/session-folder.js';
import type { SessionStatus } from '../../workflows/messages.js';
import { fixtureAttempt, fixtureSpec, sessionId, startedAtMs, writeClosedSession } from './fixture-session.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-view-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const status: SessionStatus = {
  name: 'fix', sessionId, agent: 'command', hostId: 'host-1', state: 'running', reason: 'first event seen', untilMs: null, desired: 'running', pauseReason: null, fleet: null,
  epoch: 1, restarts: 0, checkpoint: { id: 'ck-0001', atMs: startedAtMs }, checkpointProblem: null, startedAtMs, ends: [],
  parameters: fixtureSpec().parameters, attemptParameters: null, pinned: [], assignments: [], outcomesOwed: 0,
  promptsWaiting: 0, after: null, account: null, budget: null,
  attempt: { sessionId, name: 'fix', epoch: 1, attemptId: 'attempt-1', pid: 4_000_000, startedAtMs, runningAtMs: startedAtMs },
};

/** A running attempt whose holder is this very process. */
function writeRunningSession(): SessionRecords {
  const folder = new SessionFolder(home, 'fix');
  folder.create(fixtureSpec());
  const attempt = folder.attempt(1);
  attempt.create(fixtureAttempt(1, 'fresh'));
  writeFileSync(join(attempt.path, 'holder.pid'), `${process.pid}\n`);
  const signals = { ...emptySignals(startedAtMs), contextTokens: 170_000, firstInputTokens: 10, usage: { inputTokens: 7, outputTokens: 5, cacheReadTokens: 3, cacheWriteTokens: 0 } };
  attempt.writeLive({ runningAtMs: startedAtMs, signals, risk: assessRisk(signals, startedAtMs, 0.75), zones: [], resources: { cpuMs: 1, rssBytes: 190_000_000 }, transcriptPath: null, offsets: { stdout: 0, stderr: 0 } });
  return readSessionRecords(home, 'fix')!;
}

it('adds what this host knows to what Temporal says', () => {
  const view = viewOfStatus(status, writeRunningSession(), 'http://ui/x');
  expect(view).toMatchObject({ name: 'fix', state: 'running', attempt: 1, host: 'host-1', risk: { zone: 'warning', dangers: ['context_use'] }, memoryBytes: 190_000_000, tokens: { input: 10, output: 5 }, context: { tokens: 170_000, ratio: 0.85 }, lastCheckpoint: { id: 'ck-0001' }, startedAt: new Date(startedAtMs).toISOString(), source: 'temporal' });
  expect(view.pid).not.toBe(4_000_000);
});

it('adds nothing from the folder of an earlier session of the same name', () => {
  const view = viewOfStatus({ ...status, sessionId: '99999999-2222-4333-8444-555555555555' }, writeRunningSession(), null);
  expect(view).toMatchObject({ risk: null, cwd: null, pid: 4_000_000 });
});

it('tells from the folder alone that a session is running', () => {
  expect(viewOfRecords(writeRunningSession(), 'host-1', null)).toMatchObject({ state: 'running', source: 'folder', restarts: 0 });
});

it('tells from the folder alone that a session was stopped, and by whom', async () => {
  await writeClosedSession(home);
  const view = viewOfRecords(readSessionRecords(home, 'fix')!, null, null);
  expect(view).toMatchObject({ state: 'stopped', reason: 'stopped by ada', restarts: 1, attempt: 2, pid: null, desired: 'stopped', lastExit: { exitClass: 'stopped' } });
});

it('does not guess what follows an end that Temporal has not judged', async () => {
  const folder = await writeClosedSession(home);
  rmSync(join(folder.path, 'tombstone.json'));
  rmSync(join(folder.path, 'state.json'));
  expect(viewOfRecords(readSessionRecords(home, 'fix')!, null, null)).toMatchObject({ state: 'unknown', reason: expect.stringContaining('decided when Temporal is back') as string });
});

it('lists every attempt with its end and what was done about it', async () => {
  await writeClosedSession(home);
  const history = attemptHistory({ records: readSessionRecords(home, 'fix'), ends: [] }, 0);
  expect(history).toMatchObject([
    { attempt: 1, strategy: 'fresh', exitClass: 'killed', signal: 'SIGKILL', durationMs: 30_000, decision: 'restart at once (native)', checkpoint: 'ck-0007' },
    { attempt: 2, strategy: 'fork', exitClass: 'stopped', decision: 'stopped' },
  ]);
});
