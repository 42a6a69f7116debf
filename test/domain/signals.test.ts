import { describe, expect, it } from 'vitest';
import type { AgentEvent, TokenUsage } from '../../domain/agent-event.js';
import { applyEvent, contextUse, emptySignals, inputTokensOf, type Signals } from '../../domain/signals.js';

const usage: TokenUsage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 100, cacheWriteTokens: 1 };

function after(...events: AgentEvent[]): Signals {
  return events.reduce((signals, event, index) => applyEvent(signals, event, 1_000 + index), emptySignals(500));
}

describe('signals', () => {
  it('every event proves life, and output alone says nothing more', () => {
    expect(after({ kind: 'output' })).toEqual({ ...emptySignals(500), lastEventAtMs: 1_000 });
  });

  it('messages are counted and their tokens added; the first call is kept as the price of getting there', () => {
    const signals = after({ kind: 'message', role: 'assistant', usage }, { kind: 'message', role: 'user' }, { kind: 'message', role: 'assistant', usage });
    expect(signals).toMatchObject({ messages: 3, firstInputTokens: 111, usage: { inputTokens: 20, outputTokens: 10, cacheReadTokens: 200, cacheWriteTokens: 2 } });
    expect(inputTokensOf(signals.usage)).toBe(222);
  });

  it('a tool call is pending from its start to its end', () => {
    const started: AgentEvent[] = [
      { kind: 'tool_started', callId: 'a', tool: 'Bash', summary: 'make' },
      { kind: 'tool_started', callId: 'b', tool: 'Edit', summary: 'main.ts' },
    ];
    expect(after(...started).pending).toEqual([
      { callId: 'a', tool: 'Bash', summary: 'make', startedAtMs: 1_000 },
      { callId: 'b', tool: 'Edit', summary: 'main.ts', startedAtMs: 1_001 },
    ]);
    const signals = after(...started, { kind: 'tool_ended', callId: 'a', failed: true });
    expect(signals).toMatchObject({ toolCalls: 2, toolCallsSinceCheckpoint: 2, toolFailures: 1, pending: [{ callId: 'b' }] });
  });

  it('the end of a call that never began leaves the pending ones alone', () => {
    expect(after({ kind: 'tool_started', callId: 'a', tool: 'Bash', summary: 'make' }, { kind: 'tool_ended', callId: 'x', failed: false }).pending).toHaveLength(1);
  });

  it('the use of the context is a share of the window, unknown before the first tokens and after a compaction', () => {
    const message: AgentEvent = { kind: 'message', role: 'assistant', contextTokens: 50_000 };
    expect(contextUse(after())).toBeNull();
    expect(contextUse(after(message))).toBe(0.25);
    expect(contextUse(after({ ...message, contextWindowTokens: 100_000 }))).toBe(0.5);
    expect(contextUse(after(message, { kind: 'result', ok: true, contextWindowTokens: 1_000_000 }))).toBe(0.05);
    expect(contextUse(after(message, { kind: 'compacted' }))).toBeNull();
  });

  it('a limit is kept from where it was seen last', () => {
    expect(after({ kind: 'limit_seen', resetsAtMs: 7 }, { kind: 'limit_seen' }).limitResetsAtMs).toBe(7);
    expect(after({ kind: 'limit_seen', resetsAtMs: 7 }, { kind: 'result', ok: false, failure: { exitClass: 'limit_reached', message: 'm', resetsAtMs: 9 } }).limitResetsAtMs).toBe(9);
  });

  it('the conversation, the retries, the cost and the last word are kept', () => {
    const signals = after({ kind: 'started', conversationId: 'c' }, { kind: 'started' }, { kind: 'retrying', status: 529 }, { kind: 'result', ok: true, costUsd: 1.5 });
    expect(signals).toMatchObject({ conversationId: 'c', retries: 1, costUsd: 1.5, result: { ok: true, failure: null, atMs: 1_003 } });
  });

  it('an event changes no signals but new ones', () => {
    const signals = Object.freeze(emptySignals(0));
    expect(applyEvent(signals, { kind: 'message', role: 'user' }, 1)).not.toBe(signals);
    expect(signals.messages).toBe(0);
  });
});
