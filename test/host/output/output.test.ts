import { appendFileSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileTail } from '../../../host/output/file-tail.js';
import { LineSplitter, longestLine } from '../../../host/output/line-splitter.js';
import { createRedactor, looksLikeSecret } from '../../../host/output/redaction.js';
import { followLog, readLog, SessionLog } from '../../../host/output/session-log.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-output-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a line splitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }).filter((line) => !/[\r\n]/.test(line))), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter();
        const got: string[] = [];
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const step = cuts[n % cuts.length] ?? 1;
          got.push(...splitter.push(bytes.subarray(at, at + step)));
          at += step;
        }
        expect([...got, ...splitter.end()]).toEqual(lines.map((line) => Buffer.from(line).toString()));
      }),
    );
  });

  it('cuts a line that never ends and goes on with the next', () => {
    const splitter = new LineSplitter();
    const chunk = Buffer.alloc(longestLine / 2, 'x');
    const lines = [chunk, chunk, chunk, chunk, Buffer.from('end\nnext\n')].flatMap((part) => splitter.push(part));
    expect(lines.map((line) => line.length)).toEqual([longestLine + 1, 4]);
    expect(lines.at(-1)).toBe('next');
  });
});

describe('a tail', () => {
  it('delivers what is there and what comes, and goes on from its offset without loss or repetition', async () => {
    const path = join(folder, 'stdout');
    writeFileSync(path, 'one\ntwo\nthr');
    const first = await tailed(path, 0, 2);
    expect(first.lines).toEqual(['one', 'two']);
    appendFileSync(path, 'ee\nfour\n');
    const second = await tailed(path, first.offset, 2);
    expect(second.lines).toEqual(['three', 'four']);
  });

  it('drains to the very end, a last line without a newline too', () => {
    const path = join(folder, 'stdout');
    writeFileSync(path, `${'line\n'.repeat(50_000)}last`);
    const lines: string[] = [];
    const tail = new FileTail(path, 0, (batch) => lines.push(...batch));
    tail.drain();
    tail.close();
    expect(lines).toHaveLength(50_001);
    expect(lines.at(-1)).toBe('last');
  });

  it('takes 100 MB without a newline in bounded memory and without holding up the event loop', async () => {
    const path = join(folder, 'stdout');
    const descriptor = openSync(path, 'w');
    const block = Buffer.alloc(1_048_576, 'y');
    for (let n = 0; n < 100; n += 1) writeSync(descriptor, block);
    writeSync(descriptor, '\ndone\n');
    const before = process.memoryUsage().rss;
    const { lines } = await tailed(path, 0, 2);
    expect(lines.at(-1)).toBe('done');
    expect(process.memoryUsage().rss - before).toBeLessThan(80 * 1_048_576);
    expect(statSync(path).size).toBeGreaterThan(100 * 1_048_576);
  });

  function tailed(path: string, offset: number, count: number): Promise<{ lines: string[]; offset: number }> {
    return new Promise((resolve) => {
      const lines: string[] = [];
      const tail = new FileTail(path, offset, (batch, to) => {
        lines.push(...batch);
        if (lines.length < count) return;
        tail.close();
        resolve({ lines, offset: to });
      });
    });
  }
});

describe('a session log', () => {
  const plain = (text: string) => text;

  it('is redacted, free of control characters, readable by its owner alone, and filtered by attempt', () => {
    new SessionLog(folder, 1, createRedactor(['hunter2-hunter2']), 1_000_000).write('out', ['the key is hunter2-hunter2', '\u001B[31mred\u001B[0m \u0007bell', 'binary \u0000\u0001']);
    new SessionLog(folder, 2, plain, 1_000_000).write('err', ['other']);
    expect(readLog(folder, 1).map(({ text }) => text)).toEqual(['the key is [redacted]', 'red \uFFFDbell', 'binary \uFFFD\uFFFD']);
    expect(readLog(folder).map(({ epoch, stream }) => `${epoch} ${stream}`)).toEqual(['1 out', '1 out', '1 out', '2 err']);
    expect(statSync(join(folder, 'session.log')).mode & 0o777).toBe(0o600);
  });

  it('is rotated by size, five files are kept, and no line between them is lost', () => {
    const log = new SessionLog(folder, 1, plain, 2_000);
    for (let n = 0; n < 400; n += 1) log.write('out', [`line ${n}`]);
    expect(readdirSync(folder).toSorted()).toEqual(['session.log', 'session.log.1', 'session.log.2', 'session.log.3', 'session.log.4']);
    const numbers = readLog(folder).map(({ text }) => Number(text.slice(5)));
    expect(numbers.at(-1)).toBe(399);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  });

  it('can be followed across a rotation', async () => {
    const log = new SessionLog(folder, 1, plain, 300);
    log.write('out', ['before']);
    const seen: string[] = [];
    const all = new Promise<void>((resolve) => {
      const end = followLog(folder, ({ text }) => {
        seen.push(text);
        if (text !== 'line 9') return;
        end();
        resolve();
      });
    });
    for (let n = 0; n < 10; n += 1) {
      log.write('out', [`line ${n}`]);
      await new Promise(setImmediate);
    }
    await all;
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `line ${n}`));
  });
});

describe('redaction', () => {
  it.each([
    ['sk-ant-api03-abcdefghijklmnopqrstuvwxyz', 'an API key'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'a GitHub token'],
    ['AKIAIOSFODNN7EXAMPLE', 'an AWS key id'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9', 'a JSON web token'],
  ])('takes out %s: %s', (secret) => {
    expect(createRedactor([])(`before ${secret} after`)).toBe('before [redacted] after');
  });

  it('takes out the secret part of headers, addresses and assignments', () => {
    const redact = createRedactor([]);
    expect(redact('Authorization: Bearer abcdef123456')).toBe('Authorization: Bearer [redacted]');
    expect(redact('postgres://user:pa55word@host/db')).toBe('postgres://user:[redacted]@host/db');
    expect(redact('API_KEY="abcdef123456" next')).toBe('API_KEY="[redacted]" next');
  });

  it('is linear: a megabyte made to be slow takes no time', () => {
    const redact = createRedactor(['a secret value']);
    for (const text of ['sk-'.repeat(350_000), 'eyJ'.repeat(350_000), 'Bearer '.repeat(150_000), 'token='.repeat(170_000), 'a://b:'.repeat(170_000), '='.repeat(1_000_000)]) {
      const started = performance.now();
      redact(text);
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });

  it('tells arguments that look like secrets', () => {
    expect(looksLikeSecret('sk-ant-api03-abcdefghijklmnopqrstuvwxyz')).not.toBeNull();
    expect(looksLikeSecret('--api-key=abc')).not.toBeNull();
    expect(looksLikeSecret('do it with care')).toBeNull();
    expect(looksLikeSecret('--model=opus')).toBeNull();
  });
});
