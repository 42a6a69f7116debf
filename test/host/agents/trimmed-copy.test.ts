import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeTranscriptRules } from '../../../host/agents/claude-transcript.js';
import { codexTranscriptRules } from '../../../host/agents/codex-transcript.js';
import { copyTrimmed } from '../../../host/agents/trimmed-copy.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-trim-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A transcript of entries and torn lines, and the paths of it and its copy. */
function transcript(...lines: (object | string)[]): { from: string; to: string; copy: () => Record<string, unknown>[] } {
  const from = join(folder, 'from.jsonl');
  const to = join(folder, 'to.jsonl');
  writeFileSync(from, `${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\n`);
  return { from, to, copy: () => readFileSync(to, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const claude = claudeTranscriptRules('new');
const asked = (text: string) => ({ type: 'user', sessionId: 'old', message: { content: text } });
const called = (id: string) => ({ type: 'assistant', sessionId: 'old', message: { content: [{ type: 'tool_use', id }] } });
const answered = (id: string) => ({ type: 'user', sessionId: 'old', message: { content: [{ type: 'tool_result', tool_use_id: id }] } });

describe('a copy of a transcript of Claude Code', () => {
  it('has all that parses, under its new id, and leaves the original alone', () => {
    const { from, to, copy } = transcript(asked('go'), '{"type":"assis', { type: 'summary' }, called('1'), answered('1'));
    const before = readFileSync(from, 'utf8');
    expect(copyTrimmed(from, to, claude, false)).toBe(3);
    expect(copy()).toEqual([{ ...asked('go'), sessionId: 'new' }, { type: 'summary' }, { ...called('1'), sessionId: 'new' }, { ...answered('1'), sessionId: 'new' }]);
    expect(readFileSync(from, 'utf8')).toBe(before);
    expect(statSync(to).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a call without its answer', [asked('go'), called('1'), '{"torn']],
    ['an answer without its call', [asked('go'), '{"torn', answered('1')]],
  ] as const)('does not count %s as come back', (_name, lines) => {
    const { from, to } = transcript(...lines);
    expect(copyTrimmed(from, to, claude, false)).toBe(1);
  });

  it('of one that was full begins in its younger half, never with an answer', () => {
    const { from, to, copy } = transcript(asked('a'.repeat(300)), called('1'), answered('1'), called('2'), answered('2'), asked('more'), called('3'), answered('3'));
    expect(copyTrimmed(from, to, claude, true)).toBe(5);
    expect(copy()[0]).toEqual({ ...called('2'), sessionId: 'new' });
  });
});

const codex = codexTranscriptRules('new');
const meta = { type: 'session_meta', payload: { id: 'old', session_id: 'old' } };
const item = (payload: object) => ({ type: 'response_item', payload });

describe('a copy of a rollout of Codex', () => {
  it('names the new thread in its first line', () => {
    const { from, to, copy } = transcript(meta, item({ type: 'message', role: 'user' }));
    expect(copyTrimmed(from, to, codex, false)).toBe(1);
    expect(copy()[0]).toEqual({ type: 'session_meta', payload: { id: 'new', session_id: 'new' } });
  });

  it('counts a call without an answer, which Codex answers itself, but no answer without a call', () => {
    const { from, to } = transcript(meta, item({ type: 'function_call', call_id: '1' }), item({ type: 'function_call_output', call_id: '2' }));
    expect(copyTrimmed(from, to, codex, false)).toBe(1);
  });

  it('of one that was full keeps the instructions', () => {
    const { from, to, copy } = transcript(meta, item({ type: 'message', role: 'developer' }), item({ type: 'message', role: 'user', content: 'x'.repeat(500) }), item({ type: 'message', role: 'assistant' }));
    expect(copyTrimmed(from, to, codex, true)).toBe(1);
    expect(copy().map(({ payload }) => (payload as { role?: string }).role)).toEqual([undefined, 'developer', 'assistant']);
  });
});
