import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation, type SpecRequest } from '../support/installation.js';
import { errors, type Reply } from '../support/reply.js';
import { inOrder, type Script } from '../support/stand-in-api.js';
import { SupervisedAgent } from '../support/supervised-agent.js';

const shim = new Installation();
const opened: SupervisedAgent[] = [];

beforeAll(() => shim.up());
afterEach(async () => {
  for (const session of opened.splice(0)) await session.close();
});
afterAll(() => shim.remove());

// Past the danger zone the session would be recycled before its context is full: here it is to overflow.
const overflowing: Partial<SpecRequest> = { parameters: { dangerZone: 1 }, policy: { intensity: { maxFailures: 0 } } };

/** @param script may use the session: it is asked only once the agent runs. */
async function open(kind: 'claude-code' | 'codex', script: (session: SupervisedAgent) => Script, request: Partial<SpecRequest> = overflowing): Promise<SupervisedAgent> {
  const session = await SupervisedAgent.start(shim, kind, inject('agentPrograms'), script, request);
  opened.push(session);
  return session;
}

const large = { inputTokens: 150_000, outputTokens: 200 };
const look: Reply = { kind: 'shell', text: 'First I look.', commands: ['echo one'], usage: large };
const more: Reply = { kind: 'shell', text: 'Then I look again.', commands: ['echo two'], usage: large };
const summary: Reply = { kind: 'text', text: '<summary>I looked twice.</summary>', usage: { inputTokens: 5_000, outputTokens: 50 } };
const done: Reply = { kind: 'text', text: 'Done.' };

const strategies = (session: SupervisedAgent) => session.folder.attempts().map((attempt) => attempt.record()?.strategy);

/** The agent asks for a summary of its conversation. */
const isCompaction = (text: string) => /summary of (?:the|our) conversation|detailed summary/i.test(text);

/** Refuses work for its length until the conversation was compacted; `compact` answers each request for the summary. */
function fullUntilCompacted(compact: () => Reply): Script {
  let compacted = false;
  return ({ conversation }, index) => {
    if (index === 0) return look;
    if (index === 1) return more;
    const last = conversation.turns.findLast((turn) => turn.kind === 'user');
    if (last?.kind === 'user' && isCompaction(last.text)) {
      const reply = compact();
      compacted = reply.kind === 'text';
      return reply;
    }
    return compacted || conversation.turns.every((turn) => turn.kind === 'user') ? done : errors.promptTooLong;
  };
}

describe('claude-code with a full context', () => {
  it('compacts it by itself where it can, and the attempt goes on', async () => {
    const session = await open('claude-code', () => fullUntilCompacted(() => summary));
    await session.until('completed');
    expect(session.ends()).toEqual(['completed']);
    expect(session.folder.attempt(1).live()?.signals).toMatchObject({ compactions: 1, compaction: { beforeTokens: expect.any(Number), afterTokens: expect.any(Number) } });
  });

  it('is told to compact it where that failed, which is verified, and goes on natively with what is left', async () => {
    const session = await open('claude-code', (self) => fullUntilCompacted(() => (self.folder.attempts().length === 1 ? errors.promptTooLong : summary)));
    await session.until('completed');
    expect(session.ends()).toEqual(['context_full', 'compacted', 'completed']);
    expect(strategies(session)).toEqual(['fresh', 'compact', 'native']);
    expect(session.reports()[1]?.reason).toMatch(/^the agent's own compaction: \d+ tokens before, \d+ after$/);
    expect(await session.receipt(2)).toMatchObject({ strategy: 'compact', cause: { exitClass: 'context_full' } });
    expect(await session.receipt(3)).toMatchObject({ strategy: 'native', cause: { exitClass: 'compacted', reason: expect.stringContaining('tokens before') }, lost: [expect.stringContaining('but for its summary')] });
    const words = JSON.stringify(session.said(session.standIn.requests.length - 1));
    expect(words).toContain('I looked twice.');
    expect(words).not.toContain('First I look.');
    expect(await session.history()).toContain('compacted');
  });

  it('whose compaction fails is forked with the younger half of its conversation: no identical retry', async () => {
    const session = await open('claude-code', () => (request, index) => {
      const { conversation } = request;
      const last = conversation.turns.findLast((turn) => turn.kind === 'user');
      const isFork = last?.kind === 'user' && last.text.includes('[SHIM resume brief]');
      return isFork ? done : fullUntilCompacted(() => errors.promptTooLong)(request, index);
    });
    await session.until('completed');
    expect(session.ends()).toEqual(['context_full', 'context_full', 'completed']);
    expect(strategies(session)).toEqual(['fresh', 'compact', 'fork']);
    expect(session.reports()[1]?.reason).toMatch(/^the agent's own compaction did not help/);
    expect((await session.receipt(3)).strategyReason).toContain('the younger half of the conversation is kept');
  });
});

describe('codex with a full context', () => {
  it('is forked with the younger half of its conversation: its stream tells of no compaction', async () => {
    const session = await open('codex', () => inOrder(look, errors.codexContextFull, done));
    await session.until('completed');
    expect(session.ends()).toEqual(['context_full', 'completed']);
    expect(strategies(session)).toEqual(['fresh', 'fork']);
  });
});

describe('claude-code in the danger zone', () => {
  it('is checkpointed and recycled before its context is full', async () => {
    const session = await open('claude-code', () => inOrder({ ...look, usage: { inputTokens: 170_000, outputTokens: 10 } }, done), { policy: { intensity: { maxFailures: 0 } } });
    await session.until('completed');
    expect(session.ends()).toEqual(['recycled', 'completed']);
    expect(session.reports()[0]).toMatchObject({ reason: expect.stringMatching(/context 85 % full, danger zone at 75 %/), checkpoint: { id: expect.any(String) } });
    expect(await session.receipt(2)).toMatchObject({ strategy: 'brief', checkpoint: { used: { id: expect.any(String) } } });
  });
});
