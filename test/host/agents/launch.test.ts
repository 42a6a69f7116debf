import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../../domain/host-requests.js';
import { sessionSpecSchema, type AgentKind } from '../../../domain/session.js';
import type { LaunchContext, ResumeContext } from '../../../host/agents/agent.js';
import { agentFor } from '../../../host/agents/registry.js';

const id = '7109bd86-bd06-4c56-9223-6a9d8290d6b0';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-launch-'));
  for (const name of ['claude', 'codex', 'tool']) {
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), 0o700);
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function context(kind: AgentKind, argv: string[], environment: Record<string, string> = {}): LaunchContext {
  const spec = sessionSpecSchema.parse({ sessionId: randomUUID(), name: 's', agent: kind, argv, cwd: folder, policy: {}, limits: {}, parameters: {}, createdAt: new Date(0).toISOString() });
  return { spec, environment: { PATH: folder, HOME: folder, ...environment }, attemptPath: join(folder, 'attempt'), checkpointPath: join(folder, 'checkpoints'), epoch: 2 };
}

function resume(kind: AgentKind, argv: string[], more: Partial<ResumeContext> = {}): ResumeContext {
  return { ...context(kind, argv), strategy: 'native', conversationId: id, transcript: null, brief: 'BRIEF', briefPath: join(folder, 'brief.md'), ...more };
}

function write(path: string, ...entries: object[]): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return path;
}

/** The error of a launch that must not happen. */
function refusal(launch: () => unknown): unknown {
  try {
    launch();
  } catch (error) {
    return error;
  }
  return null;
}

describe('claude-code', () => {
  const flags = ['--model', 'opus', '--mcp-config', 'mcp.json', '--permission-mode', 'acceptEdits'];
  const argv = ['-p', 'do it', ...flags];
  const stream = ['--output-format', 'stream-json', '--verbose'];
  const program = () => join(folder, 'claude');

  it('starts with the arguments of the user, an id of its own and the stream', () => {
    const launch = agentFor('claude-code').launchFirst(context('claude-code', argv));
    expect(launch).toMatchObject({ strategy: 'fresh', conversationId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(launch.argv).toEqual([program(), '-p', 'do it', ...flags, '--session-id', launch.conversationId, ...stream]);
  });

  it.each([
    ['--session-id', id],
    ['--resume', id],
  ])('keeps the conversation that %s names', (flag, value) => {
    const launch = agentFor('claude-code').launchFirst(context('claude-code', [flag, value, '-p', 'do it']));
    expect(launch.conversationId).toBe(id);
    expect(launch.argv).toEqual([program(), '-p', 'do it', flag, id, ...stream]);
  });

  it('does not say twice what the user said', () => {
    const launch = agentFor('claude-code').launchFirst(context('claude-code', ['--output-format=stream-json', '--verbose', '-p', 'do it']));
    expect(launch.argv.filter((argument) => argument === '--verbose')).toHaveLength(1);
    expect(launch.argv.filter((argument) => argument.startsWith('--output-format'))).toHaveLength(1);
  });

  it('is resumed natively with the brief for a prompt and all flags as they were', () => {
    const transcript = { path: '/nowhere', messages: 4, malformedLines: 0 };
    const launch = agentFor('claude-code').launchResume(resume('claude-code', argv, { transcript }));
    expect(launch).toMatchObject({ strategy: 'native', strategyReason: null, conversationId: id, messages: { before: 4, after: 4 } });
    expect(launch.argv).toEqual([program(), '-p', 'BRIEF', ...flags, '--resume', id, ...stream]);
  });

  it('is forked where lines of the transcript do not parse', () => {
    const path = write(join(folder, `${id}.jsonl`), { type: 'user', sessionId: id, message: { content: 'do it' } });
    const launch = agentFor('claude-code').launchResume(resume('claude-code', argv, { transcript: { path, messages: 1, malformedLines: 2 } }));
    expect(launch).toMatchObject({ strategy: 'fork', strategyReason: '2 lines of the transcript do not parse', messages: { before: 3, after: 1 } });
    expect(launch.argv).toContain(launch.conversationId);
    expect(readFileSync(join(folder, `${launch.conversationId}.jsonl`), 'utf8')).toContain(`"sessionId":"${launch.conversationId}"`);
  });

  it('is told to compact the same conversation, and nothing else; one with lines that do not parse is forked', () => {
    const path = write(join(folder, 'transcripts', `${id}.jsonl`), { type: 'user', uuid: '1', sessionId: id, message: { role: 'user', content: 'do it' } });
    const launch = agentFor('claude-code').launchResume(resume('claude-code', argv, { strategy: 'compact', transcript: { path, messages: 1, malformedLines: 0 } }));
    expect(launch).toMatchObject({ strategy: 'compact', strategyReason: null, conversationId: id });
    expect(launch.argv).toEqual([program(), '-p', '/compact', ...flags, '--resume', id, ...stream]);
    const torn = agentFor('claude-code').launchResume(resume('claude-code', argv, { strategy: 'compact', transcript: { path, messages: 1, malformedLines: 2 } }));
    expect(torn).toMatchObject({ strategy: 'fork', strategyReason: '2 lines of the transcript do not parse' });
  });

  it('is told a queued prompt alone after a completed turn, and beside the brief after any other end', () => {
    const transcript = { path: '/nowhere', messages: 4, malformedLines: 0 };
    const said = (text: string, isAlone: boolean) => agentFor('claude-code').launchResume(resume('claude-code', argv, { transcript, followUp: { text, path: '/p', isAlone } })).argv[2];
    expect(said('next', true)).toBe('next');
    expect(said('- one\n- two', true)).toBe(' - one\n- two');
    expect(said('next', false)).toMatch(/^BRIEF\n[^]*queued for you[^]*\nnext$/);
  });

  it('has its later tasks beside the first in a new conversation, and the queued prompt last', () => {
    const launch = agentFor('claude-code').launchResume(resume('claude-code', argv, { followUp: { text: 'third', path: '/p', isAlone: true }, laterTasks: 'second' }));
    expect(launch.argv[2]).toMatch(/^BRIEF\n[^]*do it[^]*second[^]*third$/);
  });

  it('starts from a brief with the task where there is no transcript', () => {
    const launch = agentFor('claude-code').launchResume(resume('claude-code', argv));
    expect(launch).toMatchObject({ strategy: 'brief', strategyReason: 'the conversation before left no transcript', messages: null });
    expect(launch.argv[2]).toMatch(/^BRIEF\n[^]*do it$/);
    expect(launch.conversationId).not.toBe(id);
  });

  it('finds its transcript under the real path of the working folder, and in CLAUDE_CONFIG_DIR if that is set', () => {
    const tree = join(folder, 'real.tree');
    mkdirSync(tree);
    symlinkSync(tree, join(folder, 'link'));
    const path = write(join(folder, 'config', 'projects', tree.replace(/[^A-Za-z0-9]/g, '-'), `${id}.jsonl`));
    const { spec, environment } = context('claude-code', argv, { CLAUDE_CONFIG_DIR: join(folder, 'config') });
    expect(agentFor('claude-code').transcriptPath({ spec: { ...spec, cwd: join(folder, 'link') }, environment }, id)).toBe(path);
  });

  it('finds a transcript whose folder the CLI has named in another way, and none where there is none', () => {
    const path = write(join(folder, '.claude', 'projects', 'a-very-long-name-cut', `${id}.jsonl`));
    const agent = agentFor('claude-code');
    expect(agent.transcriptPath(context('claude-code', argv), id)).toBe(path);
    expect(agent.transcriptPath(context('claude-code', argv), randomUUID())).toBeNull();
    expect(agent.transcriptPath(context('claude-code', argv), '../../etc/passwd')).toBeNull();
  });

  it.each([
    [['do it'], '-p "do it"'],
    [[], '-p "do it"'],
    [['-p'], '-p "do it"'],
    [['-p', '--model', 'x'], '-p "do it"'],
    [['-p', 'x', '--continue'], '--resume ID'],
    [['-p', 'x', '--output-format', 'json'], 'stream-json'],
    [['-p', 'x', '--session-id', '../../x'], 'UUID'],
    [['-p', 'x', '--input-format', 'stream-json'], 'leave --input-format out'],
    [['-p', 'x', '--bg'], 'leave --bg out'],
  ])('refuses %j with what to do', (refused, remedy) => {
    const error = refusal(() => agentFor('claude-code').launchFirst(context('claude-code', refused)));
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ code: 'Misconfigured', message: expect.stringContaining(remedy) });
  });
});

describe('codex', () => {
  const argv = ['exec', '-m', 'gpt-5.1-codex', '--json', '-s', 'read-only', 'do it'];
  const flags = ['-m', 'gpt-5.1-codex', '-s', 'read-only'];
  const meta = { type: 'session_meta', payload: { id } };
  const program = () => join(folder, 'codex');

  it('starts with the arguments of the user, as JSON; its thread it names itself', () => {
    const launch = agentFor('codex').launchFirst(context('codex', argv));
    expect(launch).toMatchObject({ strategy: 'fresh', conversationId: null, argv: [program(), 'exec', '--json', ...flags, 'do it'] });
  });

  it('goes on with the thread that the user names', () => {
    const launch = agentFor('codex').launchFirst(context('codex', ['-m', 'x', 'resume', id, 'go on']));
    expect(launch).toMatchObject({ conversationId: id, argv: [program(), 'exec', '--json', '-m', 'x', 'resume', id, 'go on'] });
  });

  it('is resumed natively with the brief for a prompt and all flags as they were', () => {
    const path = write(join(folder, `rollout-${id}.jsonl`), meta);
    const transcript = { path, messages: 3, malformedLines: 0 };
    expect(agentFor('codex').launchResume(resume('codex', argv, { transcript, followUp: { text: 'next', path: '/p', isAlone: true } })).argv.slice(-3)).toEqual(['resume', id, 'next']);
    const launch = agentFor('codex').launchResume(resume('codex', argv, { transcript }));
    expect(launch).toMatchObject({ strategy: 'native', conversationId: id, argv: [program(), 'exec', '--json', ...flags, 'resume', id, 'BRIEF'] });
  });

  it('is forked into a rollout of another thread beside the first', () => {
    const path = write(join(folder, `rollout-2026-11-23T08-30-01-${id}.jsonl`), meta, { type: 'response_item', payload: { type: 'message', role: 'user' } });
    const launch = agentFor('codex').launchResume(resume('codex', argv, { strategy: 'fork', transcript: { path, messages: 1, malformedLines: 0 } }));
    expect(launch).toMatchObject({ strategy: 'fork', strategyReason: null, messages: { before: 1, after: 1 } });
    expect(readFileSync(join(folder, `rollout-2026-11-23T08-30-01-${launch.conversationId}.jsonl`), 'utf8')).toContain(`"id":"${launch.conversationId}"`);
  });

  it('starts from a brief where the line that names the thread is torn', () => {
    const path = write(join(folder, `rollout-${id}.jsonl`), { type: 'response_item', payload: { type: 'message', role: 'user' } });
    const launch = agentFor('codex').launchResume(resume('codex', argv, { transcript: { path, messages: 1, malformedLines: 1 } }));
    expect(launch).toMatchObject({ strategy: 'brief', conversationId: null, strategyReason: expect.stringContaining('first line'), messages: { before: 2, after: 0 } });
  });

  it('finds its rollout by its thread', () => {
    const path = write(join(folder, 'home', 'sessions', '2026', '11', '23', `rollout-2026-11-23T08-30-01-${id}.jsonl`));
    expect(agentFor('codex').transcriptPath(context('codex', argv, { CODEX_HOME: join(folder, 'home') }), id)).toBe(path);
    expect(agentFor('codex').transcriptPath(context('codex', argv), id)).toBeNull();
  });

  it.each([
    [[], 'last argument'],
    [['-m'], 'last argument'],
    [['-'], 'last argument'],
    [['resume', '--last', 'go on'], 'name the thread'],
  ])('refuses %j with what to do', (refused, remedy) => {
    expect(refusal(() => agentFor('codex').launchFirst(context('codex', refused)))).toMatchObject({ code: 'Misconfigured', message: expect.stringContaining(remedy) });
  });
});

describe('a command', () => {
  it('is told where it may keep state, which epoch it is and where to say that it is ready', () => {
    const launch = agentFor('command').launchFirst(context('command', ['tool', '-p', 'as it is']));
    expect(launch.argv).toEqual([join(folder, 'tool'), '-p', 'as it is']);
    expect(launch.environment).toMatchObject({ SHIM_RESUME: '0', SHIM_EPOCH: '2', SHIM_CHECKPOINT_DIR: join(folder, 'checkpoints', 'agent'), SHIM_NOTIFY: join(folder, 'attempt', 'notify') });
    expect(launch.environment).not.toHaveProperty('SHIM_RESUME_BRIEF');
  });

  it('is told at a resume where its brief is', () => {
    expect(agentFor('command').launchResume(resume('command', ['tool'])).environment).toMatchObject({ SHIM_RESUME: '1', SHIM_RESUME_BRIEF: join(folder, 'brief.md') });
    expect(agentFor('command').launchResume(resume('command', ['tool'], { followUp: { text: 'next', path: '/p', isAlone: true } })).environment).toMatchObject({ SHIM_PROMPT: '/p' });
  });

  it.each(['./tool', 'tool'])('is found as %s', (name) => {
    expect(agentFor('command').launchFirst(context('command', [name])).argv).toEqual([join(folder, 'tool')]);
  });
});

describe.each([
  ['claude-code', ['-p', 'x'], 'npm install -g @anthropic-ai/claude-code'],
  ['codex', ['x'], 'npm install -g @openai/codex'],
  ['command', ['no-such-program'], 'PATH'],
] as const)('%s', (kind, argv, remedy) => {
  it('that is not installed is refused with what to do', () => {
    const error = refusal(() => agentFor(kind).launchFirst(context(kind, [...argv], { PATH: '/nowhere' })));
    expect(error).toMatchObject({ code: 'Misconfigured', message: expect.stringContaining(remedy) });
  });
});
