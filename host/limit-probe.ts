import type { AgentEvent } from '../domain/agent-event.js';
import type { Signals } from '../domain/signals.js';

/** A program that says nothing proves by this time alone that no limit ended it, ms. */
const silentProofMs = 5_000;

/** Watches an attempt that was let go to see whether a limit is over, and tells once of its API's first answer. */
export class LimitProbe {
  private timer: NodeJS.Timeout | null = null;
  private told = false;

  /** @param tell called once, or never. */
  constructor(private readonly tell: () => void) {}

  /** Words of the model, or a call it makes, are an answer; an agent's own first event is none. */
  observe(event: AgentEvent): void {
    if (event.kind === 'tool_started' || (event.kind === 'message' && event.role === 'assistant')) this.answered();
  }

  /** Taken over from an earlier worker, which may not have told any more. */
  adopted({ messages, toolCalls }: Signals, runsSilently: boolean): void {
    if (messages > 0 || toolCalls > 0) this.answered();
    else if (runsSilently) this.runsSilently();
  }

  /** The attempt of a program that need not say anything began to run. */
  runsSilently(): void {
    this.timer ??= setTimeout(() => this.answered(), silentProofMs).unref();
  }

  /** The attempt has ended: what was not heard will not be. */
  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.told = true;
  }

  private answered(): void {
    if (this.told) return;
    this.stop();
    this.tell();
  }
}
