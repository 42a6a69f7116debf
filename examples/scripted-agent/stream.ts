import { writeSync } from 'node:fs';

/** Writes the lines of Claude's stream-json that SHIM reads. Synchronous: what was said is out before what follows it is done. */
export class Stream {
  private messages = 0;

  constructor(private readonly conversationId: string) {}

  begin(): void {
    this.say({ type: 'system', subtype: 'init', session_id: this.conversationId, model: 'scripted' });
  }

  /** The agent announces a tool call. @param contextTokens size of its context. */
  callTool(callId: string, input: Record<string, unknown>, contextTokens: number): void {
    this.messages += 1;
    const usage = { input_tokens: contextTokens, output_tokens: 10, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
    this.say({ type: 'assistant', message: { id: `msg-${this.messages}`, role: 'assistant', content: [{ type: 'tool_use', id: callId, name: 'write_item', input }], usage } });
  }

  toolDone(callId: string): void {
    this.say({ type: 'user', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: callId, content: 'ok' }] } });
  }

  limit(resetsAt: number): void {
    this.say({ type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt } });
  }

  result(): void {
    this.say({ type: 'result', subtype: 'success', is_error: false, result: 'all items are done', total_cost_usd: 0.01 * this.messages });
  }

  /** As the real one does it: the subtype says success all the same. */
  failedResult(words: string): void {
    this.say({ type: 'result', subtype: 'success', is_error: true, result: words, total_cost_usd: 0.01 * this.messages });
  }

  private say(entry: Record<string, unknown>): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    // A disk that fills up takes a part of it, and refuses the rest with an error.
    for (let at = 0; at < line.length; at += writeSync(1, line, at));
  }
}
