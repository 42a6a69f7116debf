import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyEvent, emptySignals, type Signals } from '../../../domain/signals.js';
import { agentFor } from '../../../host/agents/registry.js';

// Recorded from the real programs (scripts/agents.mjs names the versions), shortened.
const recordedAtMs = Date.parse('2026-11-23T08:33:00Z');

function replay(kind: 'claude-code' | 'codex', file: string): Signals {
  const parse = agentFor(kind).parser();
  const lines = readFileSync(new URL(`../../fixtures/agent-streams/${file}.jsonl`, import.meta.url), 'utf8').trim().split('\n');
  return lines.flatMap(parse).reduce((signals, event) => applyEvent(signals, event, recordedAtMs), emptySignals(recordedAtMs));
}

beforeEach(() => {
  vi.useFakeTimers({ now: recordedAtMs, toFake: ['Date'] });
  vi.stubEnv('TZ', 'UTC');
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('a recorded stream', () => {
  it.each([
    ['claude-code', 'claude-tool-calls', 0, 'completed', 'the agent finished'],
    ['claude-code', 'claude-overloaded', 1, 'overloaded', 'API Error: 529 Overloaded'],
    ['claude-code', 'claude-rejected', 1, 'limit_reached', 'Request rejected (429)'],
    ['claude-code', 'claude-limit', 1, 'limit_reached', "You've hit your 5-hour limit"],
    ['claude-code', 'claude-unauthorized', 1, 'auth_failed', 'Invalid API key'],
    ['claude-code', 'claude-context-full', 1, 'context_full', 'Prompt is too long'],
    ['claude-code', 'claude-connection-dropped', 1, 'overloaded', 'Connection dropped'],
    ['claude-code', 'claude-max-turns', 1, 'misconfigured', 'maximum number of turns'],
    ['codex', 'codex-tool-calls', 0, 'completed', 'the agent finished'],
    ['codex', 'codex-overloaded', 1, 'overloaded', 'status 529'],
    ['codex', 'codex-rejected', 1, 'limit_reached', 'hit your usage limit'],
    ['codex', 'codex-unauthorized', 1, 'auth_failed', 'status 401'],
    ['codex', 'codex-context-full', 1, 'context_full', 'ran out of room'],
    ['codex', 'codex-connection-dropped', 1, 'overloaded', 'stream disconnected'],
  ] as const)('of %s, %s, with exit %i ends as %s', (kind, file, exitCode, exitClass, words) => {
    const verdict = agentFor(kind).classifyEnd({ exitCode, signal: null, signals: replay(kind, file), stderrTail: '' });
    expect(verdict).toMatchObject({ exitClass, reason: expect.stringContaining(words) });
  });

  it.each([
    ['claude-code', 'claude-limit', 1_795_426_387_000],
    ['codex', 'codex-rejected', Date.parse('2026-11-23T09:30:00Z')],
  ] as const)('of %s tells when its limit ends', (kind, file, resetsAtMs) => {
    expect(agentFor(kind).classifyEnd({ exitCode: 1, signal: null, signals: replay(kind, file), stderrTail: '' }).limitResetsAtMs).toBe(resetsAtMs);
  });

  it('of Claude Code counts a message once, however many lines it comes in', () => {
    expect(replay('claude-code', 'claude-tool-calls')).toMatchObject({
      agentVersion: '2.1.330',
      messages: 4,
      toolCalls: 2,
      toolFailures: 1,
      pending: [],
      firstInputTokens: 1_000,
      contextWindowTokens: 200_000,
      costUsd: 0.0066,
      usage: { inputTokens: 2_000 },
    });
  });

  it("of Claude Code takes the program's own words about an error for no message", () => {
    expect(replay('claude-code', 'claude-overloaded')).toMatchObject({ messages: 0, firstInputTokens: null, contextTokens: null, retries: 1 });
  });

  it('of Codex tells the thread, the calls and the tokens', () => {
    expect(replay('codex', 'codex-tool-calls')).toMatchObject({ conversationId: '01a20786-c0ca-72c3-972a-4f07167a36c9', agentVersion: null, toolCalls: 2, toolFailures: 1, pending: [], usage: { inputTokens: 2_000, outputTokens: 40 } });
  });

  it('of Claude Code tells what it was not allowed to do', () => {
    expect(replay('claude-code', 'claude-permission-denied')).toMatchObject({ result: { ok: true }, denied: [expect.stringMatching(/^Bash: .*curl http:\/\/127\.0\.0\.1:1/)] });
  });

  it('that was cut off in a tool call leaves that call pending', () => {
    expect(replay('codex', 'codex-killed').pending).toMatchObject([{ tool: 'command_execution', summary: expect.stringContaining('sleep 30') }]);
  });
});
