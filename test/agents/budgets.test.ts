import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation, type SpecRequest } from '../support/installation.js';
import type { Reply } from '../support/reply.js';
import { inOrder, type Script } from '../support/stand-in-api.js';
import { SupervisedAgent } from '../support/supervised-agent.js';

const shim = new Installation();
const opened: SupervisedAgent[] = [];

beforeAll(() => shim.up());
afterEach(async () => {
  for (const session of opened.splice(0)) await session.close();
});
afterAll(() => shim.remove());

async function open(kind: 'claude-code' | 'codex', script: Script, request: Partial<SpecRequest>): Promise<SupervisedAgent> {
  const session = await SupervisedAgent.start(shim, kind, inject('agentPrograms'), () => script, request);
  opened.push(session);
  return session;
}

/** Each costs as much as the one before, again and again. */
const more: Reply = { kind: 'shell', text: 'And on.', commands: ['sleep 0.2'] };
const done: Reply = { kind: 'text', text: 'Done.' };
const by = { by: 'ann' };

describe('a budget of dollars for claude-code', () => {
  it('is kept within a turn, by the agent itself, and the session pauses with what it says it cost', async () => {
    const session = await open('claude-code', inOrder(more), { budget: { usd: 0.02 } });
    const paused = await session.until('paused');
    expect(paused).toMatchObject({ pauseReason: 'budget', reason: expect.stringMatching(/\$0\.0\d of \$0\.02 are spent; go on with more: shim resume \S+ --add-usd/) });
    const [first] = session.reports();
    expect(first).toMatchObject({ overBudget: { measure: 'usd', limit: 0.02 } });
    expect(first?.spend?.usd).toBeGreaterThanOrEqual(0.02);
    expect(first?.spend?.usd).toBeLessThan(0.03);

    session.standIn.use(inOrder(done));
    await shim.client.resume(session.name, { ...by, add: { usd: 1 } });
    await session.until('completed');
    const second = session.reports()[1];
    // Claude Code goes on counting the cost of its conversation: that of the first attempt is in its second word too.
    expect(second?.costUsd).toBeGreaterThan(first?.costUsd ?? Infinity);
    expect(second?.spend?.usd).toBeCloseTo(second?.costUsd ?? NaN, 6);
  });
});

describe('a budget of tokens', () => {
  it('for claude-code ends a turn when it is used up', async () => {
    const session = await open('claude-code', inOrder(more), { budget: { tokens: 5_000 } });
    expect(await session.until('paused')).toMatchObject({ pauseReason: 'budget', ends: [{ exitClass: 'stopped' }] });
    expect(session.reports()[0]?.spend?.tokens).toBeGreaterThanOrEqual(5_000);
  });

  it('for codex is counted at the end of a turn, and what it counts again is spent once', async () => {
    const session = await open('codex', inOrder(more, done), { budget: { tokens: 2_500 } });
    await session.standIn.arrived(1);
    for (const text of ['go on', 'and on']) await shim.client.send(session.name, { text, ...by });
    expect(await session.until('paused')).toMatchObject({ pauseReason: 'budget', epoch: 2, promptsWaiting: 1 });
    expect(session.reports().map((report) => report?.spend?.tokens)).toEqual([2_040, 3_060]);
  });
});
