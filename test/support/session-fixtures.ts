import { randomUUID } from 'node:crypto';
import type { Budget } from '../../domain/budget.js';
import type { AttemptKey, AttemptReport } from '../../domain/attempt.js';
import { neverBegan } from '../../domain/attempt.js';
import type { SecondWriter } from '../../domain/second-writer.js';
import { sessionSpecSchema, type AgentKind, type SessionSpec } from '../../domain/session.js';

/** Parts of a specification that a test is about. */
export interface SpecChange {
  policy?: object;
  limits?: object;
  parameters?: object;
  pinned?: readonly string[];
  name?: string;
  fleet?: string;
  after?: string;
  account?: string;
  budget?: Budget;
  agent?: AgentKind;
}

/** A valid specification with a name of its own, no jitter, and a back-off too long to be over before a test has seen it. */
export function aSpec({ policy = {}, limits = {}, parameters = {}, pinned = [], name, fleet, after, account, budget, agent = 'command' }: SpecChange = {}): SessionSpec {
  const sessionId = randomUUID();
  return sessionSpecSchema.parse({
    sessionId,
    name: name ?? `session-${sessionId.slice(0, 8)}`,
    agent,
    argv: ['agent'],
    cwd: '/tree',
    policy: { backoff: { jitter: 0 }, ...policy },
    limits,
    parameters: { backoffBaseMs: 60_000, ...parameters },
    pinned: [...pinned],
    ...(fleet === undefined ? {} : { fleet }),
    createdAt: '2026-01-01T00:00:00.000Z',
    ...(after === undefined ? {} : { after: after }),
    account,
    budget,
  });
}

/** A report of an attempt that came to run and lived for a second; `change` says what the test is about. */
export function aReport(key: AttemptKey, change: Partial<AttemptReport> & Pick<AttemptReport, 'exitClass'>, nowMs: number): AttemptReport {
  return {
    ...neverBegan(key, 'test-host', `it was ${change.exitClass}`, nowMs),
    startedAtMs: nowMs - 1_000,
    runningAtMs: nowMs - 1_000,
    ...change,
  };
}

/** Somebody at a terminal who resumes the session's conversation. */
export const aWriter: SecondWriter = { evidence: 'conversation', pid: 71, program: 'claude', user: 'ann', sinceMs: 0, startTicks: 7 };
