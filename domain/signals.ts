import type { AgentEvent, AgentFailure, TokenUsage } from './agent-event.js';

/** A tool call that was started and has not been seen to end: its outcome is unknown after a crash. */
export interface PendingOperation {
  callId: string;
  tool: string;
  /** What was called, one line, redacted, at most 500 characters. */
  summary: string;
  startedAtMs: number;
}

export interface EndedOperation extends PendingOperation {
  endedAtMs: number;
}

/** Ended operations kept. */
const endedKept = 10;

/** Refused operations kept, the first ones. */
const deniedKept = 10;

/** What SHIM knows of a running attempt, gathered from its stream. Plain JSON; times are Unix ms. */
export interface Signals {
  startedAtMs: number;
  conversationId: string | null;
  /** Of the agent's program, where its stream tells it. */
  agentVersion: string | null;
  messages: number;
  toolCalls: number;
  toolFailures: number;
  toolCallsSinceCheckpoint: number;
  pending: PendingOperation[];
  /** The operations that ended last: an agent that is killed may have lost their outcome again. */
  ended: EndedOperation[];
  /** Calls that the agent was not allowed to make, one line each: the tool and what it was called with. */
  denied: string[];
  /** Entries of the conversation seen in the stream. */
  entries: number;
  /** Tokens spent by this attempt. */
  usage: TokenUsage;
  /** Input tokens (cached ones too) of this attempt's first API call: the price of getting to where it was. */
  firstInputTokens: number | null;
  contextTokens: number | null;
  contextWindowTokens: number | null;
  costUsd: number | null;
  compactions: number;
  /** Of the last compaction, tokens; null where there was none, or the stream does not tell. Signals of older versions lack it. */
  compaction?: { beforeTokens: number; afterTokens: number } | null;
  retries: number;
  limitResetsAtMs: number | null;
  lastEventAtMs: number | null;
  result: { ok: boolean; failure: AgentFailure | null; atMs: number } | null;
}

const noUsage: TokenUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** Window assumed until the stream names one, tokens. */
const assumedContextWindowTokens = 200_000;

/** Signals of an attempt that has said nothing yet. */
export function emptySignals(startedAtMs: number): Signals {
  return {
    startedAtMs,
    conversationId: null,
    agentVersion: null,
    messages: 0,
    toolCalls: 0,
    toolFailures: 0,
    toolCallsSinceCheckpoint: 0,
    pending: [],
    ended: [],
    denied: [],
    entries: 0,
    usage: noUsage,
    firstInputTokens: null,
    contextTokens: null,
    contextWindowTokens: null,
    costUsd: null,
    compactions: 0,
    compaction: null,
    retries: 0,
    limitResetsAtMs: null,
    lastEventAtMs: null,
    result: null,
  };
}

/** Signals after one more event. Pure: returns a new object. */
export function applyEvent(signals: Signals, event: AgentEvent, atMs: number): Signals {
  const next: Signals = { ...signals, lastEventAtMs: atMs };
  switch (event.kind) {
    case 'started':
      next.conversationId = event.conversationId ?? signals.conversationId;
      next.agentVersion = event.version ?? signals.agentVersion;
      break;
    case 'message':
      next.messages += 1;
      if (event.usage) {
        next.usage = addUsage(signals.usage, event.usage);
        next.firstInputTokens ??= inputTokensOf(event.usage);
      }
      next.contextTokens = event.contextTokens ?? signals.contextTokens;
      next.contextWindowTokens = event.contextWindowTokens ?? signals.contextWindowTokens;
      break;
    case 'tool_started':
      next.toolCalls += 1;
      next.toolCallsSinceCheckpoint += 1;
      next.pending = [...signals.pending, { callId: event.callId, tool: event.tool, summary: event.summary, startedAtMs: atMs }];
      break;
    case 'tool_ended':
      next.toolFailures += event.failed ? 1 : 0;
      next.pending = signals.pending.filter((operation) => operation.callId !== event.callId);
      next.ended = [...signals.ended, ...signals.pending.filter(({ callId }) => callId === event.callId).map((operation) => ({ ...operation, endedAtMs: atMs }))].slice(-endedKept);
      break;
    case 'permission_denied':
      next.denied = [...signals.denied, deniedCall(signals, event)].slice(0, deniedKept);
      break;
    case 'retrying':
      next.retries += 1;
      break;
    case 'limit_seen':
      next.limitResetsAtMs = event.resetsAtMs ?? signals.limitResetsAtMs;
      break;
    case 'compacted':
      next.compactions += 1;
      next.contextTokens = null;
      next.compaction = event.beforeTokens === undefined || event.afterTokens === undefined ? null : { beforeTokens: event.beforeTokens, afterTokens: event.afterTokens };
      break;
    case 'result':
      next.result = { ok: event.ok, failure: event.failure ?? null, atMs };
      next.costUsd = event.costUsd ?? signals.costUsd;
      // The whole attempt's account; what came with the messages was their first word.
      next.usage = event.usage ?? signals.usage;
      next.contextWindowTokens = event.contextWindowTokens ?? signals.contextWindowTokens;
      next.limitResetsAtMs = event.failure?.resetsAtMs ?? signals.limitResetsAtMs;
      break;
    case 'entry':
      next.entries += 1;
      break;
    case 'output':
      break;
  }
  return next;
}

function deniedCall({ pending }: Signals, { callId, tool }: { callId: string; tool: string }): string {
  const call = pending.find((operation) => operation.callId === callId);
  return call ? `${tool}: ${call.summary}`.slice(0, 200) : tool;
}

/** Share of the context window in use, ratio 0-1; null before the stream has told the tokens. */
export function contextUse(signals: Signals): number | null {
  if (signals.contextTokens === null) return null;
  return signals.contextTokens / (signals.contextWindowTokens ?? assumedContextWindowTokens);
}

/** All tokens that went in, cached ones too. */
export function inputTokensOf(usage: TokenUsage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
}

function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  };
}
