import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { claudeCallsIn } from '../../../host/agents/claude-transcript.js';
import { codexCallsIn } from '../../../host/agents/codex-transcript.js';
import { unannouncedCalls } from '../../../host/agents/unannounced-calls.js';

const folder = mkdtempSync(join(tmpdir(), 'shim-calls-'));
const startMs = Date.parse('2026-01-01T00:00:00Z');
const timestamp = '2026-01-01T00:00:01Z';
const nothing = { pending: [], justEnded: [] };

afterAll(() => rmSync(folder, { recursive: true }));

function transcript(...entries: object[]): string {
  const path = join(folder, 'transcript.jsonl');
  writeFileSync(path, entries.map((entry) => `${JSON.stringify({ timestamp, ...entry })}\n`).join(''));
  return path;
}

const codexCall = (id: string, cmd: string) => ({ type: 'response_item', payload: { type: 'function_call', name: 'exec_command', call_id: id, arguments: JSON.stringify({ cmd }) } });
const codexAnswer = (id: string) => ({ type: 'response_item', payload: { type: 'function_call_output', call_id: id, output: '' } });
const claudeCall = (id: string) => ({ type: 'assistant', message: { content: [{ type: 'tool_use', id, name: 'Bash', input: { command: 'make' } }] } });
const operation = (callId: string, summary: string) => ({ callId, tool: 'command_execution', summary, startedAtMs: startMs });

describe('calls that the transcript has and the stream had not', () => {
  it('are those without an answer', () => {
    const path = transcript(codexCall('a', 'echo one'), codexAnswer('a'), codexCall('b', 'make "all"'));
    expect(unannouncedCalls(path, startMs, codexCallsIn, nothing)).toEqual([{ callId: 'b', tool: 'exec_command', summary: 'make "all"', startedAtMs: startMs + 1_000 }]);
  });

  it('are not of an earlier attempt', () => {
    expect(unannouncedCalls(transcript(codexCall('a', 'make')), startMs + 2_000, codexCallsIn, nothing)).toEqual([]);
  });

  it('are not those that the stream told under another name, in flight or just ended', () => {
    const path = transcript(codexCall('a', `echo "it's"`), codexCall('b', 'make'));
    const seen = { pending: [operation('item_2', '/bin/bash -lc make')], justEnded: [operation('item_1', `/bin/bash -lc 'echo "it'"'"'s"'`)] };
    expect(unannouncedCalls(path, startMs, codexCallsIn, seen)).toEqual([]);
  });

  it('are not guessed at where the stream told of as many in other words', () => {
    const path = transcript(codexCall('a', 'apply a patch'), codexCall('b', 'make'));
    expect(unannouncedCalls(path, startMs, codexCallsIn, { pending: [operation('item_1', 'file.txt')], justEnded: [] })).toMatchObject([{ callId: 'b' }]);
  });

  it('are known by their ids with Claude Code', () => {
    const path = transcript(claudeCall('a'), claudeCall('b'), { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'a' }] } });
    expect(unannouncedCalls(path, startMs, claudeCallsIn, nothing)).toMatchObject([{ callId: 'b', tool: 'Bash', summary: '{"command":"make"}' }]);
    expect(unannouncedCalls(path, startMs, claudeCallsIn, { pending: [operation('b', 'make')], justEnded: [] })).toEqual([]);
  });
});
