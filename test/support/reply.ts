/** What the stand-in answers a request with, in one vocabulary for both vendors. */
export type Reply =
  /** A final message. */
  | { kind: 'text'; text: string; usage?: ReplyUsage }
  /** Calls of the agent's shell tool, with words before them. The agent really runs them. */
  | { kind: 'shell'; commands: string[]; text?: string; usage?: ReplyUsage }
  /** The stream begins, then nothing more comes, ever. */
  | { kind: 'stall'; text: string }
  /** The stream begins, then the connection breaks. */
  | { kind: 'break'; text: string }
  /** No stream: an error. `type` and `message` are the vendor's own. */
  | { kind: 'error'; status: number; type: string; message: string; headers?: Record<string, string>; details?: Record<string, unknown> };

/** Tokens of one reply. */
export interface ReplyUsage {
  inputTokens: number;
  outputTokens: number;
}

export const assumedUsage: ReplyUsage = { inputTokens: 1_000, outputTokens: 20 };

/** Errors as the vendors word them. */
export const errors = {
  overloaded: { kind: 'error', status: 529, type: 'overloaded_error', message: 'Overloaded' },
  unauthorized: { kind: 'error', status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  promptTooLong: { kind: 'error', status: 400, type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
  codexUnauthorized: { kind: 'error', status: 401, type: 'invalid_request_error', message: 'Incorrect API key provided' },
  codexContextFull: {
    kind: 'error',
    status: 400,
    type: 'invalid_request_error',
    message: 'Your input exceeds the context window of this model. Please adjust your input and try again.',
    details: { code: 'context_length_exceeded' },
  },
} as const satisfies Record<string, Reply>;

/** A 429 of a subscription's limit as Anthropic sends it. @param resetsAtMs Unix ms. */
export function claudeLimit(resetsAtMs: number): Reply {
  const seconds = String(Math.floor(resetsAtMs / 1_000));
  return {
    kind: 'error',
    status: 429,
    type: 'rate_limit_error',
    message: "This request would exceed your account's rate limit. Please try again later.",
    headers: {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': seconds,
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      'anthropic-ratelimit-unified-5h-status': 'rejected',
      'anthropic-ratelimit-unified-5h-reset': seconds,
      'anthropic-ratelimit-unified-5h-utilization': '1.0',
      'x-should-retry': 'false',
    },
  };
}

/** A 429 of a plan's usage limit as OpenAI sends it. @param resetsAtMs Unix ms. */
export function codexLimit(resetsAtMs: number): Reply {
  const resetsAt = Math.floor(resetsAtMs / 1_000);
  return {
    kind: 'error',
    status: 429,
    type: 'usage_limit_reached',
    message: 'The usage limit has been reached',
    details: { plan_type: 'plus', resets_at: resetsAt, resets_in_seconds: Math.max(0, resetsAt - Math.floor(Date.now() / 1_000)) },
  };
}
