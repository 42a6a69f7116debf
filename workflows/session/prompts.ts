import { ApplicationFailure } from '@temporalio/workflow';
import type { AttemptKey, AttemptReport } from '../../domain/attempt.js';
import { emptyQueue, givePrompt, isIgnored, queuePrompt, refusalOfPrompt, removePrompt, settlePrompt, type GivenPrompt, type PromptQueue } from '../../domain/prompt-queue.js';
import { invalidCommand, type CommandResult, type PromptsView, type QueuedAnswer, type RemovePromptInput, type SendInput } from '../messages.js';

/** Where a session keeps its queue, so that a continued run has it. */
export interface PromptsKept {
  prompts?: PromptQueue;
}

/** A session's follow-up prompts: each is given to an attempt until the report of one says that the agent has it. Nothing here waits. */
export class Prompts {
  constructor(
    private readonly name: string,
    private readonly kept: PromptsKept,
  ) {}

  private get queue(): PromptQueue {
    return this.kept.prompts ?? emptyQueue;
  }

  get waiting(): number {
    return this.queue.waiting.length;
  }

  /** @param isAlive an attempt is, or may yet be: else nothing is being given to one. */
  view(isAlive: boolean): PromptsView {
    const { waiting, given } = this.now(isAlive);
    return { name: this.name, waiting: waiting.map((prompt) => ({ ...prompt, givenTo: given?.promptId === prompt.id ? given.epoch : null })) };
  }

  /** @throws ApplicationFailure InvalidCommand where it cannot be kept. */
  check({ text }: SendInput): void {
    const refusal = refusalOfPrompt(this.queue, text);
    if (refusal !== null) throw ApplicationFailure.nonRetryable(`${this.name}: ${refusal}; see: shim queue ${this.name}`, invalidCommand);
  }

  add({ text, by }: SendInput, when: string): QueuedAnswer {
    const { nextId } = this.queue;
    this.kept.prompts = queuePrompt(this.queue, { text, by, queuedAtMs: Date.now() });
    const place = this.waiting;
    return { outcome: 'accepted', id: nextId, place, message: `prompt ${nextId} is kept, number ${place} of those that wait: ${when}` };
  }

  /** @throws ApplicationFailure InvalidCommand where there is no such prompt to take out any more. */
  remove({ id }: RemovePromptInput, isAlive: boolean): CommandResult {
    const queue = this.now(isAlive);
    const left = removePrompt(queue, id);
    if (!left) {
      const given = queue.given?.promptId === id ? `is being given to attempt ${queue.given.epoch}` : 'does not wait (any more)';
      throw ApplicationFailure.nonRetryable(`prompt ${id} of ${this.name} ${given}; see: shim queue ${this.name}`, invalidCommand);
    }
    this.kept.prompts = left;
    return { outcome: 'applied', message: `prompt ${id} of ${this.name} is taken out` };
  }

  private now(isAlive: boolean): PromptQueue {
    return isAlive ? this.queue : { ...this.queue, given: null };
  }

  /** The prompt that the attempt is begun with; null where none waits. */
  give(key: AttemptKey): GivenPrompt | null {
    if (this.waiting === 0) return null;
    const { queue, prompt } = givePrompt(this.queue, key);
    this.kept.prompts = queue;
    return prompt;
  }

  /** Takes in what an attempt's end tells. @returns whether its host knows nothing of prompts. */
  ended(report: AttemptReport): boolean {
    if (this.waiting === 0) return false;
    const ignored = isIgnored(this.queue, report);
    this.kept.prompts = settlePrompt(this.queue, report);
    return ignored;
  }
}
