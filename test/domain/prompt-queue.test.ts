import { describe, expect, it } from 'vitest';
import { emptyQueue, givePrompt, isIgnored, promptLimits, queuePrompt, refusalOfPrompt, removePrompt, settlePrompt, type PromptQueue } from '../../domain/prompt-queue.js';

const attempt = { attemptId: 'a-2', epoch: 2 };

function queueOf(...texts: string[]): PromptQueue {
  return texts.reduce((queue, text) => queuePrompt(queue, { text, by: 'ann', queuedAtMs: 1 }), emptyQueue);
}

const texts = (queue: PromptQueue) => queue.waiting.map(({ text }) => text);

describe('a queue of prompts', () => {
  it('keeps them in order, each with a number that is never used again', () => {
    const shorter = removePrompt(queueOf('a', 'b'), 2) ?? emptyQueue;
    expect(queuePrompt(shorter, { text: 'c', by: 'bob', queuedAtMs: 2 }).waiting).toMatchObject([{ id: 1, text: 'a' }, { id: 3, text: 'c', by: 'bob' }]);
  });

  it.each([
    ['nothing but spaces', ' \n ', /empty/],
    ['a NUL', 'a\0b', /NUL/],
    ['more than 64 KB', 'x'.repeat(promptLimits.bytes + 1), /65537 bytes/],
    ['more than 64 KB in UTF-8', '€'.repeat(21_846), /65538 bytes/],
  ])('refuses %s', (_what, text, why) => {
    expect(refusalOfPrompt(emptyQueue, text)).toMatch(why);
  });

  it('takes 64 KB, and 100 prompts, but no more', () => {
    expect(refusalOfPrompt(emptyQueue, 'x'.repeat(promptLimits.bytes))).toBeNull();
    const ninetyNine = queueOf(...Array.from({ length: 99 }, String));
    expect(refusalOfPrompt(ninetyNine, 'x')).toBeNull();
    expect(refusalOfPrompt(queuePrompt(ninetyNine, { text: 'x', by: '', queuedAtMs: 0 }), 'x')).toMatch(/100 prompts wait/);
  });

  it('takes no more altogether than a continued run can carry', () => {
    const long = 'x'.repeat(promptLimits.bytes);
    expect(refusalOfPrompt(queueOf(...Array.from({ length: 15 }, () => long)), long)).toMatch(/1048576 bytes would wait/);
  });
});

describe('the delivery of a prompt', () => {
  it('is bound to an attempt, but not to the first, which has its task', () => {
    expect(givePrompt(queueOf('a'), { attemptId: 'a-1', epoch: 1 }).prompt).toBeNull();
    expect(givePrompt(queueOf('a', 'b'), attempt)).toMatchObject({ prompt: { id: 1, text: 'a' }, queue: { given: { promptId: 1, ...attempt } } });
  });

  it.each([
    { what: 'it was delivered', prompt: { id: 1, delivered: true }, left: ['b'] },
    { what: 'it was not delivered', prompt: { id: 1, delivered: false }, left: ['a', 'b'] },
    { what: 'another one was delivered', prompt: { id: 7, delivered: true }, left: ['a', 'b'] },
    { what: 'nothing is known of it', prompt: null, left: ['a', 'b'] },
  ])('is settled by the report: $what', ({ prompt, left }) => {
    const settled = settlePrompt(givePrompt(queueOf('a', 'b'), attempt).queue, { attemptId: 'a-2', prompt });
    expect({ left: texts(settled), given: settled.given }).toEqual({ left, given: null });
  });

  it('is not settled by the report of another attempt', () => {
    expect(texts(settlePrompt(givePrompt(queueOf('a'), attempt).queue, { attemptId: 'a-1', prompt: { id: 1, delivered: true } }))).toEqual(['a']);
  });

  it('cannot be taken back while it is under way', () => {
    const { queue } = givePrompt(queueOf('a', 'b'), attempt);
    expect(removePrompt(queue, 1)).toBeNull();
    expect(texts(removePrompt(queue, 2) ?? emptyQueue)).toEqual(['a']);
    expect(removePrompt(queue, 9)).toBeNull();
  });

  it('is ignored by a host that completes a turn without a word of it', () => {
    const { queue } = givePrompt(queueOf('a'), attempt);
    expect(isIgnored(queue, { attemptId: 'a-2', exitClass: 'completed' })).toBe(true);
    expect(isIgnored(queue, { attemptId: 'a-2', exitClass: 'completed', prompt: { id: 1, delivered: false } })).toBe(false);
    expect(isIgnored(queue, { attemptId: 'a-2', exitClass: 'crashed' })).toBe(false);
  });
});
