import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileTail } from '../../../host/output/file-tail.js';
import { longestLine } from '../../../host/output/line-splitter.js';

const mebibyte = 1_048_576;

let folder: string;
let path: string;
let tails: FileTail[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-tail-'));
  path = join(folder, 'stdout');
  tails = [];
  writeFileSync(path, '');
});

afterEach(() => {
  for (const tail of tails) tail.close();
  rmSync(folder, { recursive: true });
});

/** A tail and what it delivered. */
function follow(offset = 0) {
  const seen: { lines: string[]; offset: number } = { lines: [], offset };
  const tail = new FileTail(path, offset, (lines, to) => {
    seen.lines.push(...lines);
    seen.offset = to;
  });
  tails.push(tail);
  return { tail, seen };
}

describe('FileTail', () => {
  it('delivers lines as another process writes them', async () => {
    const { seen } = follow();
    const writer = spawn('sh', ['-c', `for i in 1 2 3; do echo "line $i"; done >> '${path}'`]);
    await once(writer, 'exit');
    await vi.waitFor(() => expect(seen.lines).toEqual(['line 1', 'line 2', 'line 3']));
  });

  it('keeps half a line and half a character until the rest comes', async () => {
    const { seen } = follow();
    const euro = Buffer.from('one\n€');
    appendFileSync(path, euro.subarray(0, 5));
    await vi.waitFor(() => expect(seen.lines).toEqual(['one']));
    appendFileSync(path, Buffer.concat([euro.subarray(5), Buffer.from(' two\n')]));
    await vi.waitFor(() => expect(seen.lines).toEqual(['one', '€ two']));
  });

  it('goes on where an earlier tail stopped: half a line is read again, whole, and nothing is lost or doubled', async () => {
    const first = follow();
    appendFileSync(path, 'one\ntwo\nthr');
    await vi.waitFor(() => expect(first.seen.lines).toEqual(['one', 'two']));
    first.tail.close();
    appendFileSync(path, 'ee\nfour\n');
    const second = follow(first.seen.offset);
    await vi.waitFor(() => expect(second.seen.lines).toEqual(['three', 'four']));
  });

  it('drains to the end, with a last line that has no newline, and has nothing more then', () => {
    appendFileSync(path, 'one\ntwo');
    const { tail, seen } = follow();
    tail.drain();
    tail.drain();
    expect(seen).toEqual({ lines: ['one', 'two'], offset: 7 });
  });

  it('drains in turns as well, and a tail that is closed meanwhile ends it', async () => {
    appendFileSync(path, 'one\ntwo');
    const { tail, seen } = follow();
    await tail.drainInTurns();
    expect(seen).toEqual({ lines: ['one', 'two'], offset: 7 });
    const draining = tail.drainInTurns();
    tail.close();
    await draining;
  });

  it('drains to an end although somebody writes faster than it reads', async () => {
    const more = 'y\n'.repeat(20_000);
    appendFileSync(path, more);
    let offset = 0;
    const tail = new FileTail(path, 0, (_lines, to) => {
      offset = to;
      appendFileSync(path, more);
    });
    tail.drain();
    expect(offset).toBeGreaterThanOrEqual(more.length);
    const present = statSync(path).size;
    await tail.drainInTurns();
    tail.close();
    expect(offset).toBeGreaterThanOrEqual(present);
  });

  it('passes on what fails in the one who takes the lines, to whoever drains', async () => {
    appendFileSync(path, 'one\n');
    const tail = new FileTail(path, 0, () => {
      throw new Error('no more');
    });
    const draining = tail.drainInTurns();
    expect(() => tail.drain()).toThrow('no more');
    tail.close();
    await draining;
  });

  it('reads a file that its writer has emptied from the start', async () => {
    const { seen } = follow();
    appendFileSync(path, 'before\n');
    await vi.waitFor(() => expect(seen.lines).toEqual(['before']));
    truncateSync(path);
    await vi.waitFor(() => expect(seen.lines).toEqual(['before']));
    appendFileSync(path, 'new\n');
    await vi.waitFor(() => expect(seen).toEqual({ lines: ['before', 'new'], offset: 4 }));
  });

  it('survives binary output', () => {
    const noise = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7_919) % 256));
    appendFileSync(path, noise);
    const { tail, seen } = follow();
    tail.drain();
    expect(seen.lines.length).toBeGreaterThan(100);
    expect(seen.offset).toBe(noise.length);
  });

  it('keeps one endless line of 1 GB in bounded memory and says where a later tail need not look again', async () => {
    execFileSync('truncate', ['-s', '1G', path]);
    const { tail, seen } = follow();
    const before = process.memoryUsage().rss;
    await tail.drainInTurns();
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * mebibyte);
    expect(seen.lines.map((line) => line.length)).toEqual([longestLine + 1]);
    expect(seen.offset).toBeGreaterThan(1_022 * mebibyte);
  });

  it('lets the event loop go on while two tails are flooded', async () => {
    const line = `${JSON.stringify({ type: 'assistant', text: 'x'.repeat(150) })}\n`;
    writeFileSync(path, line.repeat(Math.ceil((16 * mebibyte) / line.length)));
    const [one, two] = [follow(), follow()];
    const turns = { bytes: [] as number[], on: true };
    let before = 0;
    const watchTurns = () => {
      turns.bytes.push(one.seen.offset + two.seen.offset - before);
      before = one.seen.offset + two.seen.offset;
      if (turns.on) setImmediate(watchTurns);
    };
    watchTurns();
    await Promise.all([one.tail.drainInTurns(), two.tail.drainInTurns()]);
    turns.on = false;
    expect(one.seen.offset).toBe(statSync(path).size);
    expect(two.seen.lines.length).toBe(one.seen.lines.length);
    // Nobody's clock is trusted on a busy machine: what counts is that there were turns between, and both tails had theirs.
    expect(turns.bytes.filter((bytes) => bytes > 0).length).toBeGreaterThan(2);
  });
});
