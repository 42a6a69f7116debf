import { afterEach, describe, expect, inject, it } from 'vitest';
import type { AgentKind } from '../../domain/session.js';
import { AgentSession, effectThenWait } from '../support/agent-session.js';
import { turnsOf, wordsOf, type Conversation, type Turn } from '../support/conversation.js';
import { claudeLimit, codexLimit, errors, type Reply } from '../support/reply.js';
import { inOrder, startStandIn, type Script } from '../support/stand-in-api.js';

const task = 'Write down what you did.';
const model = { 'claude-code': 'claude-sonnet-4-5', codex: 'gpt-5.1-codex' } as const;
const argvOf = {
  'claude-code': ['-p', task, '--dangerously-skip-permissions', '--model', model['claude-code']],
  codex: ['--skip-git-repo-check', '-m', model.codex, task],
} as const;

const opened: AgentSession[] = [];

async function open(kind: 'claude-code' | 'codex', script: Script, extra: string[] = [], tree = 'tree'): Promise<AgentSession> {
  const session = new AgentSession(kind, await startStandIn(script), inject('agentPrograms'), [...extra, ...argvOf[kind]], tree);
  opened.push(session);
  return session;
}

/** What was said, without what Claude Code itself puts in and keeps apart. */
function said({ turns }: Conversation): Turn[] {
  return turns.filter((turn) => turn.kind !== 'user' || !turn.text.startsWith('<system-reminder>'));
}

const twoCalls: [Reply, ...Reply[]] = [
  { kind: 'shell', text: 'First I look.', commands: ['echo one'] },
  { kind: 'shell', text: 'Then I write.', commands: ['echo two > two'] },
  { kind: 'text', text: 'Done.' },
];

afterEach(async () => {
  for (const session of opened.splice(0)) {
    await session.close();
    await session.standIn.close();
    expect(session.standIn.strays).toEqual([]);
  }
});

describe.each(['claude-code', 'codex'] as const satisfies AgentKind[])('the real %s', (kind) => {
  it('runs its tool calls, tells them in its stream and completes', async () => {
    const session = await open(kind, inOrder(...twoCalls));
    const { verdict, signals } = await session.first().ended;
    expect(verdict.exitClass).toBe('completed');
    expect(session.read('two')).toBe('two\n');
    expect(signals).toMatchObject({ toolCalls: 2, toolFailures: 0, pending: [], result: { ok: true } });
    expect(signals.usage.inputTokens).toBe(3_000);
  });

  it('killed in a tool call, is resumed with its history and told what was in flight', async () => {
    const session = await open(kind, inOrder({ kind: 'shell', text: 'First I look.', commands: ['echo one'] }, { kind: 'shell', commands: [effectThenWait] }, { kind: 'shell', commands: ['wc -l < effects'] }, { kind: 'text', text: 'Done.' }));
    const first = session.first();
    await first.event((event) => event.kind === 'tool_started' && event.summary.includes('mkfifo gate'));
    await session.written('effects');
    await session.recorded(first, 'mkfifo gate', kind === 'codex' ? '"function_call"' : '"tool_use"');
    first.kill();
    const killed = await first.ended;
    expect(killed.verdict.exitClass).toBe('killed');
    expect(killed.signals.pending).toMatchObject([{ summary: expect.stringContaining('mkfifo gate') }]);

    const launch = await session.planResume(killed, 'native');
    expect(launch).toMatchObject({ strategy: 'native', conversationId: killed.signals.conversationId });
    const second = await session.start(launch).ended;
    expect(second.verdict.exitClass).toBe('completed');
    expect(second.signals.conversationId).toBe(killed.signals.conversationId);
    const resumed = session.standIn.requests[2];
    expect(resumed?.body['model']).toBe(model[kind]);
    const conversation = resumed?.conversation ?? { turns: [], shellTool: null };
    expect(turnsOf(conversation, 'user').map(({ text }) => text)).toContain(task);
    expect(turnsOf(conversation, 'assistant')[0]?.text).toBe('First I look.');
    expect(turnsOf(conversation, 'tool_result')[0]?.output).toContain('one');
    const brief = turnsOf(conversation, 'user').at(-1)?.text;
    expect(brief).toContain('OUTCOME UNKNOWN');
    expect(brief).toContain('mkfifo gate');
    expect(session.read('effects')).toBe('done\n');
  });

  it('with a stalled stream says nothing more, and is resumed after it was killed', async () => {
    const session = await open(kind, inOrder({ kind: 'stall', text: 'Half a' }, { kind: 'text', text: 'Done.' }));
    const first = session.first();
    await first.event(({ kind: event }) => event === 'started');
    await session.standIn.arrived(1);
    first.kill();
    const stalled = await first.ended;
    expect(stalled.signals.result).toBeNull();
    const second = await session.start(await session.planResume(stalled, 'native')).ended;
    expect(second.verdict.exitClass).toBe('completed');
    expect(wordsOf(session.standIn.requests[1]?.conversation ?? { turns: [], shellTool: null })).toContain(task);
  });

  it('is forked without the lines that do not parse, and counts what really came back', async () => {
    const session = await open(kind, inOrder(...twoCalls));
    const first = await session.first().ended;
    session.tearTranscript(first, 'First I look.', kind === 'codex' ? '"response_item"' : '"parentUuid"');
    session.tearTranscript(first, ...(kind === 'codex' ? ['"function_call"'] : ['"tool_result"', '"parentUuid"']));
    const launch = await session.planResume(first, 'native');
    expect(launch).toMatchObject({ strategy: 'fork', strategyReason: '2 lines of the transcript do not parse' });
    expect(launch.conversationId).not.toBe(first.signals.conversationId);
    const second = await session.start(launch).ended;
    expect(second.verdict.exitClass).toBe('completed');
    expect(second.signals.conversationId).toBe(launch.conversationId);
    const conversation = session.standIn.requests.at(-1)?.conversation ?? { turns: [], shellTool: null };
    expect(wordsOf(conversation)).not.toContain('First I look.');
    expect(turnsOf(conversation, 'assistant').map(({ text }) => text)).toEqual(['Then I write.', 'Done.']);
    expect(turnsOf(conversation, 'user').at(-1)?.text).toContain(task);
    expect(said(conversation)).toHaveLength((launch.messages?.after ?? 0) + 1);
  });

  it('whose context was full is forked with the younger half of its conversation', async () => {
    const session = await open(kind, inOrder(...twoCalls, { kind: 'text', text: 'Again.' }));
    const first = await session.first().ended;
    const launch = await session.planResume(first, 'fork', true);
    expect(launch.strategy).toBe('fork');
    const second = await session.start(launch).ended;
    expect(second.verdict.exitClass).toBe('completed');
    const conversation = session.standIn.requests.at(-1)?.conversation ?? { turns: [], shellTool: null };
    expect(wordsOf(conversation)).not.toContain('First I look.');
    expect(wordsOf(conversation)).toContain('Done.');
    expect(turnsOf(conversation, 'user').at(-1)?.text).toContain(task);
  });

  it('starts anew from a brief with the task', async () => {
    const session = await open(kind, inOrder(...twoCalls));
    const first = await session.first().ended;
    const launch = await session.planResume(first, 'brief');
    const second = await session.start(launch).ended;
    expect(second.verdict.exitClass).toBe('completed');
    expect(second.signals.conversationId).not.toBe(first.signals.conversationId);
    const conversation = session.standIn.requests.at(-1)?.conversation ?? { turns: [], shellTool: null };
    expect(conversation.turns.every((turn) => turn.kind === 'user')).toBe(true);
    expect(turnsOf(conversation, 'user').at(-1)?.text).toMatch(/^\[SHIM resume brief\][^]*Write down what you did/);
  });

  const limitEndsAtMs = Math.ceil(Date.now() / 60_000) * 60_000 + 3_600_000;
  it.each([
    ['overloaded', errors.overloaded],
    ['auth_failed', kind === 'codex' ? errors.codexUnauthorized : errors.unauthorized],
    ['context_full', kind === 'codex' ? errors.codexContextFull : errors.promptTooLong],
    ['overloaded', { kind: 'break', text: 'Half a' }],
    ['limit_reached', kind === 'codex' ? codexLimit(limitEndsAtMs) : claudeLimit(limitEndsAtMs)],
  ] as const satisfies [string, Reply][])('ends as %s after that error of its API', async (exitClass, reply) => {
    const session = await open(kind, inOrder(reply));
    const { verdict, signals } = await session.first().ended;
    expect(verdict.exitClass).toBe(exitClass);
    expect(signals.result?.ok).toBe(false);
  });

  it('tells when a limit ends', async () => {
    const session = await open(kind, inOrder(kind === 'codex' ? codexLimit(limitEndsAtMs) : claudeLimit(limitEndsAtMs)));
    // Claude Code tells it to subscribers alone.
    delete session.environment['ANTHROPIC_API_KEY'];
    session.environment['CLAUDE_CODE_OAUTH_TOKEN'] = 'sk-ant-oat01-stand-in';
    const { verdict } = await session.first().ended;
    expect(verdict.exitClass).toBe('limit_reached');
    // Codex says it in words, to the minute; never earlier than it is.
    expect(verdict.limitResetsAtMs).toBeGreaterThanOrEqual(limitEndsAtMs);
    expect(verdict.limitResetsAtMs).toBeLessThanOrEqual(limitEndsAtMs + 60_000);
  });
});

describe('the real claude-code', () => {
  it('killed before it has written its transcript, is told all the same what was in flight', async () => {
    const session = await open('claude-code', inOrder({ kind: 'shell', commands: [effectThenWait] }, { kind: 'text', text: 'Done.' }));
    const first = session.first();
    await session.written('effects');
    first.kill();
    const killed = await first.ended;
    const second = await session.start(await session.planResume(killed, 'native')).ended;
    expect(second.verdict.exitClass).toBe('completed');
    const brief = turnsOf(session.standIn.requests.at(-1)?.conversation ?? { turns: [], shellTool: null }, 'user').at(-1)?.text;
    expect(brief).toContain('mkfifo gate');
    expect(session.read('effects')).toBe('done\n');
  });

  it('in a folder with a name so long that it is cut is resumed natively all the same', async () => {
    const session = await open('claude-code', inOrder({ kind: 'text', text: 'Half of it.' }, { kind: 'text', text: 'Done.' }), [], 'a_long.name-'.repeat(20));
    const launch = await session.planResume(await session.first().ended, 'native');
    expect(launch.strategy).toBe('native');
    await session.start(launch).ended;
    expect(wordsOf(session.standIn.requests.at(-1)?.conversation ?? { turns: [], shellTool: null })).toContain('Half of it.');
  });

  it('that reached a bound of the user is not given the same bound again', async () => {
    const session = await open('claude-code', inOrder(...twoCalls), ['--max-turns', '1']);
    const { verdict } = await session.first().ended;
    expect(verdict).toMatchObject({ exitClass: 'misconfigured', reason: expect.stringContaining('maximum number of turns') });
  });
});
