/**
 * What an agent's output says, in one vocabulary for all agents. An adapter in host/agents turns each line of the
 * agent's own stream into zero or more of these; nothing else in SHIM knows a vendor's format.
 */
export type AgentEvent =
  /** The agent is up: its first event. `conversationId` is what a native resume needs, `version` the agent program's. */
  | { kind: 'started'; conversationId?: string; model?: string; version?: string }
  /** A complete message. `contextTokens` is the size of the prompt plus the reply, where the stream tells it. */
  | { kind: 'message'; role: 'assistant' | 'user'; messageId?: string; usage?: TokenUsage; contextTokens?: number; contextWindowTokens?: number }
  | { kind: 'tool_started'; callId: string; tool: string; summary: string }
  | { kind: 'tool_ended'; callId: string; failed: boolean }
  /** The agent was not allowed to make the call, and nobody was there to be asked. */
  | { kind: 'permission_denied'; callId: string; tool: string }
  /** The agent itself retries its API. */
  | { kind: 'retrying'; status?: number }
  | { kind: 'limit_seen'; resetsAtMs?: number }
  /** The agent has shortened its conversation; the tokens before and after, where the stream tells them. */
  | { kind: 'compacted'; beforeTokens?: number; afterTokens?: number }
  /** An entry of the conversation that the agent's own transcript will have. */
  | { kind: 'entry' }
  /** The agent's final word. `failure` is what its own account of the end amounts to. */
  | { kind: 'result'; ok: boolean; failure?: AgentFailure; costUsd?: number; usage?: TokenUsage; contextWindowTokens?: number }
  /** Output that carries no meaning but proves life. */
  | { kind: 'output' };

/** Tokens of one API call or of a whole attempt, as the event says. */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

/** A failure that the agent's own stream or stderr explains. */
export interface AgentFailure {
  exitClass: 'crashed' | 'limit_reached' | 'overloaded' | 'context_full' | 'auth_failed' | 'misconfigured' | 'out_of_memory';
  /** One line, already free of secrets. */
  message: string;
  /** When the limit ends, Unix ms. */
  resetsAtMs?: number;
}
