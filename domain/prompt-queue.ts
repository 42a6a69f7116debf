import type { AttemptReport } from './attempt.js';

/** What a queue of prompts holds at most: its session carries it along in Temporal, whose payloads end at 2 MB. */
export const promptLimits = {
  /** Of one prompt, UTF-8 bytes. */
  bytes: 65_536,
  prompts: 100,
  /** Of all that wait, UTF-8 bytes. */
  totalBytes: 1_000_000,
} as const;

/** A follow-up prompt that waits for the next turn or resume. */
export interface QueuedPrompt {
  /** 1, 2, 3… within a session. */
  id: number;
  text: string;
  /** Who sent it. */
  by: string;
  queuedAtMs: number;
}

/** A session's follow-up prompts. Plain JSON. */
export interface PromptQueue {
  nextId: number;
  /** Oldest first. */
  waiting: readonly QueuedPrompt[];
  /** The first of those that wait is given to this attempt; whether the agent gets it, its report tells. */
  given: { promptId: number; attemptId: string; epoch: number } | null;
}

export const emptyQueue: PromptQueue = { nextId: 1, waiting: [], given: null };

/** A prompt as an attempt is given it. */
export interface GivenPrompt {
  id: number;
  text: string;
}

/** Why a prompt cannot be queued, with what to do; null where it can. */
export function refusalOfPrompt({ waiting }: PromptQueue, text: string): string | null {
  const bytes = bytesOf(text);
  if (text.trim() === '') return 'the prompt is empty';
  if (text.includes('\0')) return 'the prompt holds a NUL character, which no program can be given';
  if (bytes > promptLimits.bytes) return `the prompt has ${bytes} bytes, ${promptLimits.bytes} are allowed; put the rest into a file and name that`;
  if (waiting.length >= promptLimits.prompts) return `${waiting.length} prompts wait already, no more than that are kept; take one out, or let some be done`;
  const total = waiting.reduce((sum, prompt) => sum + bytesOf(prompt.text), bytes);
  if (total > promptLimits.totalBytes) return `with this one ${total} bytes would wait, ${promptLimits.totalBytes} are kept; take one out, or let some be done`;
  return null;
}

/** The queue with one more prompt at its end. */
export function queuePrompt(queue: PromptQueue, { text, by, queuedAtMs }: Omit<QueuedPrompt, 'id'>): PromptQueue {
  return { ...queue, nextId: queue.nextId + 1, waiting: [...queue.waiting, { id: queue.nextId, text, by, queuedAtMs }] };
}

/** The queue without a prompt; null where it does not wait, or is being given to an attempt. */
export function removePrompt(queue: PromptQueue, id: number): PromptQueue | null {
  if (!queue.waiting.some((prompt) => prompt.id === id) || queue.given?.promptId === id) return null;
  return { ...queue, waiting: queue.waiting.filter((prompt) => prompt.id !== id) };
}

/** Gives the first prompt to an attempt. The first attempt of a session has its task. */
export function givePrompt(queue: PromptQueue, { attemptId, epoch }: { attemptId: string; epoch: number }): { queue: PromptQueue; prompt: GivenPrompt | null } {
  const [first] = queue.waiting;
  if (!first || epoch === 1) return { queue: { ...queue, given: null }, prompt: null };
  return { queue: { ...queue, given: { promptId: first.id, attemptId, epoch } }, prompt: { id: first.id, text: first.text } };
}

/** What the end of an attempt tells of the prompt that it was given: delivered, it is out of the queue; else it is given again. */
export function settlePrompt(queue: PromptQueue, { attemptId, prompt }: Pick<AttemptReport, 'attemptId' | 'prompt'>): PromptQueue {
  const { given, waiting } = queue;
  if (given?.attemptId !== attemptId) return { ...queue, given: null };
  const isDelivered = prompt?.id === given.promptId && prompt.delivered;
  return { ...queue, given: null, waiting: isDelivered ? waiting.filter(({ id }) => id !== given.promptId) : waiting };
}

/** A turn was completed by a host of an older version, which gives no prompts: the next turn would be the same again. */
export function isIgnored({ given }: PromptQueue, { attemptId, exitClass, prompt }: Pick<AttemptReport, 'attemptId' | 'exitClass' | 'prompt'>): boolean {
  return exitClass === 'completed' && given?.attemptId === attemptId && prompt === undefined;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
