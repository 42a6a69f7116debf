import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyLedger } from '../../../examples/scripted-agent/ledger.js';
import { command } from '../../../host/agents/command.js';
import { resumeBrief } from '../../../host/agents/resume-brief.js';
import type { PendingOperation } from '../../../domain/signals.js';

const program = fileURLToPath(new URL('../../../dist/examples/scripted-agent/scripted-agent.js', import.meta.url));
const everyItemOnce = { lost: [], doubled: [], torn: [] };

let folder: string;
let ledger: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-scripted-'));
  ledger = join(folder, 'ledger');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs one attempt with 4 items; what it left in flight is told to the next as SHIM would: by the brief. */
async function attempt(epoch: number, failures: string[], inFlight: PendingOperation[] = []) {
  const environment: Record<string, string> = { SHIM_CHECKPOINT_DIR: join(folder, 'state'), SHIM_EPOCH: String(epoch), SHIM_RESUME: '0' };
  if (epoch > 1) {
    const brief = join(folder, 'brief.md');
    const facts = { exitClass: 'killed', reason: 'SIGKILL', endedAt: '2026-01-01T00:00:00.000Z', lost: [], withoutHistory: true, messages: 1, toolCalls: 1, checkpoint: null } as const;
    writeFileSync(brief, resumeBrief({ ...facts, epoch, previousEpoch: epoch - 1, inFlight }));
    Object.assign(environment, { SHIM_RESUME: '1', SHIM_RESUME_BRIEF: brief });
  }
  const result = await execa(process.execPath, [program, '--ledger', ledger, '--items', '4', '--step-ms', '2', ...failures], { env: environment, reject: false });
  const parse = command.parser();
  const events = result.stdout.split('\n').flatMap((line) => parse(line));
  const ended = new Set(events.flatMap((event) => (event.kind === 'tool_ended' ? [event.callId] : [])));
  const left = events.flatMap((event) => (event.kind === 'tool_started' && !ended.has(event.callId) ? [{ callId: event.callId, tool: event.tool, summary: event.summary, startedAtMs: 0 }] : []));
  return { result, events, left };
}

const verdict = (items = 4) => verifyLedger(existsSync(ledger) ? readFileSync(ledger, 'utf8') : '', items);

describe('the scripted agent', () => {
  it('does each item once and streams what a supervisor can follow', async () => {
    const { result, events, left } = await attempt(1, []);
    expect(result.exitCode).toBe(0);
    expect(events.filter(({ kind }) => kind === 'tool_started')).toHaveLength(4);
    expect(events.find(({ kind }) => kind === 'started')).toHaveProperty('conversationId');
    expect(events.at(-1)).toMatchObject({ kind: 'result', ok: true });
    expect(left).toEqual([]);
    expect(verdict()).toEqual(everyItemOnce);
  });

  it.each([
    ['before', { lost: [2, 3, 4], doubled: [], torn: [] }],
    ['in', { lost: [3, 4], doubled: [], torn: [2] }],
    ['after', { lost: [3, 4], doubled: [], torn: [] }],
  ])('killed %s its write, looks at the ledger when told of it, and does every item once in the end', async (when, afterwards) => {
    const first = await attempt(1, ['--fail', `kill-${when}`]);
    expect(first.result.signal).toBe('SIGKILL');
    expect(first.left).toHaveLength(1);
    expect(verdict()).toEqual(afterwards);
    const second = await attempt(2, ['--fail', `kill-${when}`], first.left);
    expect(second.result.exitCode).toBe(0);
    expect(verdict()).toEqual(everyItemOnce);
  });

  it.each(['in', 'after'])('repeats blindly what it is not told of: killed %s its write, the ledger shows the item twice', async (when) => {
    await attempt(1, ['--fail', `kill-${when}`]);
    await attempt(2, []);
    expect(verdict().doubled).toEqual([2]);
  });

  it.each([
    ['abort', { signal: 'SIGABRT' }],
    ['exit', { exitCode: 3 }],
    ['out-of-memory', { signal: 'SIGABRT' }],
    ['no-result', { exitCode: 0 }],
  ])('fails for real: %s', async (failure, ending) => {
    const { result, events } = await attempt(1, ['--fail', failure]);
    expect(result).toMatchObject(ending);
    expect(events.filter(({ kind }) => kind === 'result')).toEqual([]);
  });

  it.each([
    ['limit', 'limit_reached'],
    ['overload', 'overloaded'],
    ['auth', 'auth_failed'],
    ['context-full', 'context_full'],
  ])('says what hit it as the real one does: %s', async (failure, exitClass) => {
    const { events } = await attempt(1, ['--fail', failure]);
    expect(events.at(-1)).toMatchObject({ kind: 'result', ok: false, failure: { exitClass } });
  });

  it('fails in as many attempts as it is told, and no more', async () => {
    const flags = ['--fail', 'kill-before', '--fail-attempts', '2'];
    const first = await attempt(1, flags);
    const second = await attempt(2, flags, first.left);
    const third = await attempt(3, flags, second.left);
    expect([first, second, third].map(({ result }) => result.signal)).toEqual(['SIGKILL', 'SIGKILL', undefined]);
    expect(verdict()).toEqual(everyItemOnce);
  });

  it.each([[['--items', 'many']], [['--fail', 'politely']]])('refuses %j', async (flags) => {
    const { result } = await attempt(1, flags);
    expect(result.exitCode).toBe(1);
    expect(existsSync(ledger)).toBe(false);
  });
});

describe('verifyLedger', () => {
  it.each([
    ['each once', 'begin 1 9\nend 1 9\nbegin 2 9\nend 2 9\n', everyItemOnce],
    ['nothing done', '', { lost: [1, 2], doubled: [], torn: [] }],
    ['one begun twice', 'begin 1 9\nbegin 1 10\nend 1 10\nbegin 2 9\nend 2 9\n', { lost: [], doubled: [1], torn: [1] }],
    ['one ended twice', 'begin 1 9\nend 1 9\nend 1 10\nbegin 2 9\nend 2 9\n', { lost: [], doubled: [1], torn: [] }],
    ['one never ended', 'begin 1 9\nend 1 9\nbegin 2 9\n', { lost: [], doubled: [], torn: [2] }],
    ['12 is not 1', 'begin 12 9\nend 12 9\nbegin 2 9\nend 2 9\n', { lost: [1], doubled: [], torn: [] }],
  ])('%s', (_case, text, expected) => {
    expect(verifyLedger(text, 2)).toEqual(expected);
  });
});
