import { describe, expect, it } from 'vitest';
import { applyEvent, emptySignals, type Signals } from '../../../domain/signals.js';
import { claudeCode } from '../../../host/agents/claude-code.js';
import { claudeStreamParser } from '../../../host/agents/claude-stream.js';

/** Signals after these lines of the stream. */
function after(...entries: object[]): Signals {
  const parse = claudeStreamParser();
  return entries.flatMap((entry) => parse(JSON.stringify(entry))).reduce((signals, event) => applyEvent(signals, event, 1), emptySignals(0));
}

const compacting = { type: 'system', subtype: 'status', status: 'compacting' };
const boundary = (pre: number, post?: number) => ({ type: 'system', subtype: 'compact_boundary', compact_metadata: { trigger: 'manual', pre_tokens: pre, ...(post === undefined ? {} : { post_tokens: post }) } });
const done = { type: 'result', subtype: 'success', is_error: false, result: '', local_command: 'compact' };

function end(signals: Signals, change: object = {}) {
  return claudeCode.classifyEnd({ exitCode: 0, signal: null, signals, stderrTail: '', compacting: true, ...change });
}

describe('an attempt that was only to shorten its conversation', () => {
  it('has compacted where the boundary says so and what is left is less by enough', () => {
    expect(end(after(compacting, boundary(162_000, 3_065), done))).toEqual({ exitClass: 'compacted', reason: "the agent's own compaction: 162000 tokens before, 3065 after", limitResetsAtMs: null });
    expect(end(after(compacting, boundary(100_000, 70_000), done)).exitClass).toBe('compacted');
  });

  it.each([
    ['says that it is done and shortened nothing', after(compacting, { type: 'system', subtype: 'status', status: null, compact_result: 'failed' }, done), /the conversation was not shortened/],
    ['keeps too much', after(compacting, boundary(100_000, 70_001), done), /100000 tokens before, 70001 after, at most 70 % may be kept/],
    ['does not tell what is left', after(compacting, boundary(100_000), done), /does not tell by how much/],
    ['is refused for its length', after(compacting, { type: 'result', subtype: 'success', is_error: true, result: 'prompt is too long', api_error_status: 400 }), /prompt is too long/],
  ])('has a full context as before where it %s', (_what, signals, reason) => {
    expect(end(signals)).toMatchObject({ exitClass: 'context_full', reason: expect.stringMatching(reason) });
  });

  it('ends as any other where it was killed, or met a limit', () => {
    expect(end(after(compacting), { exitCode: null, signal: 'SIGKILL' }).exitClass).toBe('killed');
    expect(end(after(compacting, { type: 'result', subtype: 'success', is_error: true, result: 'usage limit', api_error_status: 429 })).exitClass).toBe('limit_reached');
  });

  it('is running from its first word: minutes may pass until it is done', () => {
    expect(claudeStreamParser()(JSON.stringify(compacting))).toEqual([{ kind: 'started' }]);
  });
});

it('at work, a conversation that was shortened on the way is no end', () => {
  expect(end(after(boundary(162_000, 3_065), done), { compacting: false }).exitClass).toBe('completed');
});
