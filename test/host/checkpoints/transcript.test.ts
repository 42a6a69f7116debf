import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TranscriptState } from '../../../domain/checkpoint.js';
import { countFrom, isUnchanged, recordTranscript, verifySegments } from '../../../host/checkpoints/transcript-segments.js';
import { flipBit, newFolder, removeFolders } from './session.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = newFolder();
  path = join(newFolder(), 'transcript.jsonl');
});
afterEach(removeFolders);

const isMessage = (entry: Record<string, unknown>) => entry['type'] === 'message';

async function record(before: TranscriptState | null = null): Promise<TranscriptState> {
  const state = await recordTranscript(folder, path, before, isMessage);
  if (state === null) throw new Error('no transcript was found');
  return state;
}

function say(text: string): void {
  appendFileSync(path, `${JSON.stringify({ type: 'message', text })}\n`);
}

function segmentsOf(generation: number): string[] {
  return readdirSync(join(folder, String(generation)))
    .filter((name) => name.endsWith('.gz'))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function together(generation = 1): Buffer {
  return Buffer.concat(segmentsOf(generation).map((name) => gunzipSync(readFileSync(join(folder, String(generation), name)))));
}

describe('a recorded transcript', () => {
  it('is the same bytes, up to the last line end, in segments that are only ever added', async () => {
    say('one');
    const first = await record();
    say('two');
    appendFileSync(path, '{"type":"message","text":"to');
    const second = await record(first);
    expect(second).toMatchObject({ generation: 1, lines: 2, messages: 2, malformedLines: 0 });
    expect(segmentsOf(1)).toEqual([`0-${first.validatedBytes}.jsonl.gz`, `${first.validatedBytes}-${second.validatedBytes}.jsonl.gz`]);
    appendFileSync(path, 'rn"}\n');
    const third = await record(second);
    expect(third.messages).toBe(3);
    expect(together().equals(readFileSync(path))).toBe(true);
    for (const state of [first, second, third]) expect(await verifySegments(folder, state)).toBeNull();
  });

  it('that has not grown by a line is the state from before', async () => {
    say('one');
    const first = await record();
    expect(await record(first)).toBe(first);
    appendFileSync(path, '{"torn');
    expect(await record(first)).toBe(first);
  });

  it('is none where there is no file, or where a FIFO lies in wait', async () => {
    expect(await recordTranscript(folder, path, null, isMessage)).toBeNull();
    execFileSync('mkfifo', [path]);
    expect(await recordTranscript(folder, path, null, isMessage)).toBeNull();
    expect(await countFrom(path, 0, isMessage)).toMatchObject({ lines: 0 });
  });

  it('names its malformed lines by number, whatever they are made of', async () => {
    const lines = ['{"type":"message"}', '{"type":"mess', '', '[1]', 'null', '{"type":"message"}\0', '\ufffd\0\u001b[0m', '{"type":"other"}', '{"type":"message"}'];
    writeFileSync(path, `${lines.join('\n')}\n`);
    const state = await record();
    expect(state).toMatchObject({ lines: 9, messages: 2, malformedLines: 5, malformedAt: [2, 4, 5, 6, 7] });
    writeFileSync(path, 'x\n'.repeat(100), { flag: 'a' });
    const later = await record(state);
    expect(later.malformedLines).toBe(105);
    expect(later.malformedAt).toHaveLength(20);
    expect(later.malformedAt[5]).toBe(10);
  });

  it.each([
    ['was replaced by another', () => writeFileSync(path, `${JSON.stringify({ type: 'message', text: 'new' }).padEnd(300)}\n`)],
    ['became shorter', () => truncateSync(path, 30)],
    ['was changed near its end', () => flipBit(path, statSync(path).size - 10)],
  ])('begins a new generation when it %s', async (_what, rewrite) => {
    for (const text of ['one', 'two', 'three', 'four']) say(text);
    const first = await record();
    rewrite();
    expect(await isUnchanged(first)).toBe(false);
    const second = await record(first);
    expect(second.generation).toBe(2);
    expect(await verifySegments(folder, second)).toBeNull();
    expect(await verifySegments(folder, first)).toBeNull();
  });

  it('takes up again where a checkpoint that came to nothing has left more behind', async () => {
    say('one');
    const first = await record();
    say('two');
    await record(first);
    say('three');
    const again = await record(first);
    expect(again.messages).toBe(3);
    expect(await verifySegments(folder, again)).toBeNull();
    expect(await verifySegments(folder, first)).toBeNull();
  });

  it('keeps a short state however many segments it has', async () => {
    let state: TranscriptState | null = null;
    for (let at = 0; at < 1_000; at += 1) {
      say(`${at}`);
      state = await record(state);
    }
    expect(segmentsOf(1)).toHaveLength(1_000);
    expect(JSON.stringify(state).length).toBeLessThan(1_000);
    expect(state && (await verifySegments(folder, state))).toBeNull();
    expect(together().equals(readFileSync(path))).toBe(true);
  });
});

describe('altered segments', () => {
  it('are found by their hash, each of them, and missing ones too', async () => {
    say('one');
    const first = await record();
    say('two');
    const second = await record(first);
    const [, name = ''] = segmentsOf(1);
    flipBit(join(folder, '1', name));
    expect(await verifySegments(folder, second)).toBe(`transcript segment ${name} is missing or was altered`);
    expect(await verifySegments(folder, first)).toBeNull();
    rmSync(join(folder, '1', name));
    expect(await verifySegments(folder, second)).toContain('is missing or was altered');
  });

  it('cannot be hidden by a change of their list', async () => {
    say('one');
    const state = await record();
    flipBit(join(folder, '1', 'segments.jsonl'));
    expect(await verifySegments(folder, state)).toBe('the list of transcript segments is missing or was altered');
  });
});

describe('long transcripts', () => {
  it('are cut after lines, into segments of at most 2 MB', async () => {
    writeFileSync(path, `${JSON.stringify({ type: 'message', text: 'y'.repeat(700_000) })}\n`.repeat(7));
    const state = await record();
    expect(state.messages).toBe(7);
    expect(segmentsOf(1)).toHaveLength(4);
    expect(together().equals(readFileSync(path))).toBe(true);
    expect(await verifySegments(folder, state)).toBeNull();
  });

  it('of one line of 20 MB are parsed like any other, and the event loop goes on meanwhile', async () => {
    writeFileSync(path, `{"type":"message"}\n${JSON.stringify({ type: 'message', text: 'z'.repeat(20_000_000) })}\n{"type":"message"}\n{"type":"message","text":"${'z'.repeat(500_000)}\n`);
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    await delay(5);
    delays.reset();
    const state = await record();
    delays.disable();
    expect(state).toMatchObject({ lines: 4, messages: 3, malformedLines: 1, malformedAt: [4] });
    // 20 ms is the aim on a machine of one's own; here other tests take the processor away.
    expect(delays.max / 1e6).toBeLessThan(100);
    expect(await verifySegments(folder, state)).toBeNull();
    expect(await countFrom(path, 0, isMessage)).toEqual({ lines: 4, messages: 3, malformedLines: 1, malformedAt: [4] });
  });

  it('with a line that nothing could parse are kept, and that line is malformed', async () => {
    writeFileSync(path, `{"type":"message"}\n`);
    for (let at = 0; at < 65; at += 1) appendFileSync(path, Buffer.alloc(1_048_576, 0x7b));
    appendFileSync(path, `\n{"type":"message"}\n`);
    const counts = await countFrom(path, 0, isMessage);
    expect(counts).toEqual({ lines: 3, messages: 2, malformedLines: 1, malformedAt: [2] });
  });
});
