import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyEvent, emptySignals } from '../../../domain/signals.js';
import { agentFor } from '../../../host/agents/registry.js';

const fixtures = new URL('../../fixtures/agent-streams/', import.meta.url);
const recorded = readdirSync(fixtures).flatMap((file) => readFileSync(new URL(file, fixtures), 'utf8').trim().split('\n'));
const kinds = ['claude-code', 'codex', 'command'] as const;

/** Longest text that may come out of an event, characters: summaries are 500. */
const longestText = 500;

const names = fc.constantFrom('type', 'subtype', 'message', 'content', 'id', 'item', 'usage', 'error', 'result', 'is_error', 'rate_limit_info', 'resetsAt', 'input', 'name', 'tool_use_id', 'errors', 'modelUsage', 'changes');
const words = fc.constantFrom('system', 'init', 'assistant', 'user', 'result', 'tool_use', 'tool_result', 'item.started', 'item.completed', 'turn.completed', 'turn.failed', 'error', 'command_execution', 'rate_limit_event', 'success');
const { value: streamLike } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, words, fc.string(), fc.double(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(names, tie('value'), { maxKeys: 6 }),
}));

function longestTextIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? Math.max(0, ...Object.values(value).map(longestTextIn)) : 0;
}

function expectHarmless(kind: (typeof kinds)[number], lines: readonly string[]): void {
  const parse = agentFor(kind).parser();
  for (const line of lines) {
    const events = parse(line);
    expect(events.length).toBeGreaterThan(0);
    expect(longestTextIn(events)).toBeLessThanOrEqual(longestText);
    const signals = events.reduce((so, event) => applyEvent(so, event, 0), emptySignals(0));
    expect(Object.values(signals.usage).every((tokens) => Number.isFinite(tokens) && tokens >= 0)).toBe(true);
  }
}

describe.each(kinds)('the parser of %s', (kind) => {
  it('takes any line', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (lines) => expectHarmless(kind, lines)));
  });

  it('takes any JSON in the shape of a stream', () => {
    fc.assert(
      fc.property(fc.array(streamLike, { minLength: 1, maxLength: 5 }), (values) =>
        expectHarmless(
          kind,
          values.map((value) => JSON.stringify(value)),
        ),
      ),
      { numRuns: 500 },
    );
  });

  it('takes recorded lines cut at any place', () => {
    fc.assert(fc.property(fc.constantFrom(...recorded), fc.double({ min: 0, max: 1, noNaN: true }), (line, share) => expectHarmless(kind, [line.slice(0, Math.floor(line.length * share)), line])));
  });

  it('takes a line of a megabyte and one that is nested without end', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const long = JSON.stringify('x'.repeat(1_000_000));
    expectHarmless(kind, [
      `{"type":"assistant","message":{"id":${long},"content":[{"type":"tool_use","id":${long},"name":${long},"input":${deep}}]}}`,
      `{"type":"item.started","item":{"type":"file_change","id":${long},"changes":${deep}}}`,
      `{"type":"result","is_error":true,"result":${long}}`,
      `{"type":"turn.failed","error":{"message":${long}}}`,
      `{"type":"system","subtype":"init","session_id":${long},"model":${long}}`,
      `{"type":"thread.started","thread_id":${long}}`,
    ]);
  });
});

describe('hostile numbers', () => {
  it.each([-1, 1e308, 0, 99_999_999_999_999, '5', null])('make no reset of a limit of %s', (resetsAt) => {
    const events = agentFor('claude-code').parser()(JSON.stringify({ type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt } }));
    expect(events).toEqual([{ kind: 'limit_seen' }]);
  });

  it('of tokens and cost count as nothing', () => {
    const usage = '{"input_tokens":-5,"output_tokens":"7","cache_read_input_tokens":1e999,"cache_creation_input_tokens":null}';
    const events = agentFor('claude-code').parser()(`{"type":"result","is_error":false,"usage":${usage},"total_cost_usd":-1,"modelUsage":{"m":{"contextWindow":-3}}}`);
    expect(events).toEqual([{ kind: 'result', ok: true, usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 } }]);
  });
});

describe('a state of a limit that is still allowed', () => {
  it('is no limit', () => {
    const events = agentFor('claude-code').parser()(JSON.stringify({ type: 'rate_limit_event', rate_limit_info: { status: 'allowed_warning', resetsAt: Date.now() / 1_000 + 60 } }));
    expect(events).toEqual([{ kind: 'output' }]);
  });
});
