import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogLine } from '../../../host/output/log-line.js';
import { logStart } from '../../../host/output/log-files.js';
import { followLog, readLog } from '../../../host/output/read-log.js';
import { createRedactor } from '../../../host/output/redaction.js';
import { SessionLog } from '../../../host/output/session-log.js';

const noLimit = 1e9;

let parent: string;
let folder: string;
let ends: (() => void)[];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'shim-log-'));
  folder = join(parent, 'log');
  ends = [];
});

afterEach(() => {
  for (const end of ends) end();
  rmSync(parent, { recursive: true });
});

function openLog({ epoch = 1, maxBytes = noLimit, secrets = [] as string[] } = {}): SessionLog {
  return new SessionLog(folder, epoch, createRedactor(secrets), maxBytes);
}

const texts = (lines: readonly LogLine[]) => lines.map(({ text }) => text);

function follow(epoch?: number): LogLine[] {
  const seen: LogLine[] = [];
  ends.push(followLog(folder, readLog(folder).end, (line) => seen.push(line), epoch));
  return seen;
}

describe('SessionLog', () => {
  it('writes lines that say when, in which attempt and from where, into files for the owner alone', () => {
    openLog({ epoch: 3 }).write('out', ['hello | world']);
    openLog({ epoch: 3 }).write('err', ['oh']);
    openLog({ epoch: 4 }).write('shim', ['attempt 4 began']);
    expect(readFileSync(join(folder, 'session.log'), 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 3 out \| hello \| world\n/);
    expect(readLog(folder).lines).toMatchObject([
      { epoch: 3, stream: 'out', text: 'hello | world' },
      { epoch: 3, stream: 'err', text: 'oh' },
      { epoch: 4, stream: 'shim', text: 'attempt 4 began' },
    ]);
    expect(statSync(join(folder, 'session.log')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('holds no secret: not one with a colour inside, not one across the cut of a long line, not a key line by line', () => {
    const secret = 'correct-horse-battery';
    const log = openLog({ secrets: [secret] });
    log.write('out', [`say ${secret}`, 'correct-\u001b[1mhorse\u001b[0m-battery', `${'x'.repeat(65_530)}${secret}`]);
    log.write('err', ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'AgEAAoIBAQ==']);
    log.write('err', ['BKcwggSjAgEAAoIBAQ==', '-----END PRIVATE KEY-----', 'plain words']);
    const written = readFileSync(join(folder, 'session.log'), 'utf8');
    expect(written).not.toMatch(/horse|correct|MIIE|AgEA|BKcw/);
    expect(texts(readLog(folder).lines).slice(-2)).toEqual(['-----END PRIVATE KEY-----', 'plain words']);
  });

  it('leaves what only looks like the middle of a key alone', () => {
    openLog().write('out', ['grep -----BEGIN PRIVATE KEY-----', 'no file matches, really', 'word']);
    expect(texts(readLog(folder).lines).slice(1)).toEqual(['no file matches, really', 'word']);
  });

  it('keeps a terminal safe: colours, titles, bells, 8-bit controls and turned text are gone', () => {
    openLog().write('out', ['\u001b[31mred\u001b[0m\t1', '\u001b]0;title\u0007x', 'a\u0000b\u009b2Jc', 'x\u202ey', '🚀 ünï']);
    expect(texts(readLog(folder).lines)).toEqual(['red\t1', 'x', 'a\uFFFDbc', 'x\uFFFDy', '🚀 ünï']);
  });

  it('cannot be made to hold a line that nobody wrote', () => {
    openLog().write('shim', ['ended\n2026-01-01T00:00:00.000Z 9 shim | forged']);
    expect(readLog(folder).lines).toHaveLength(1);
  });

  it('cuts a line of a megabyte', () => {
    openLog().write('out', ['y '.repeat(524_288)]);
    expect(texts(readLog(folder).lines)[0]).toHaveLength(65_537);
  });

  it('rotates by size and keeps five files, the oldest lines first when read', () => {
    const log = openLog({ maxBytes: 1_000 });
    for (let n = 0; n < 300; n += 1) log.write('out', [`line ${n}`]);
    expect(readdirSync(folder).sort()).toEqual(['session.log', 'session.log.1', 'session.log.2', 'session.log.3', 'session.log.4']);
    const numbers = texts(readLog(folder).lines).map((text) => Number(text.split(' ')[1]));
    expect(numbers.at(-1)).toBe(299);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    expect(Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).size))).toBeLessThan(1_100);
  });

  it('goes on with the size that an earlier worker left', () => {
    openLog({ maxBytes: 100 }).write('out', ['z'.repeat(200)]);
    openLog({ maxBytes: 100 }).write('out', ['next']);
    expect(readFileSync(join(folder, 'session.log'), 'utf8')).toContain('next');
    expect(readFileSync(join(folder, 'session.log.1'), 'utf8')).toContain('zzz');
  });

  it('says that it cannot be written, and when it can, how much is missing', () => {
    const log = openLog();
    log.write('out', ['one']);
    renameSync(folder, `${folder}.away`);
    writeFileSync(folder, '');
    expect(() => log.write('out', ['two', 'three'])).toThrow('ENOTDIR');
    rmSync(folder);
    renameSync(`${folder}.away`, folder);
    log.write('out', ['four']);
    expect(texts(readLog(folder).lines)).toEqual(['one', '2 lines are missing here: the log could not be written', 'four']);
  });
});

describe('readLog', () => {
  it('is empty where there is no log yet, and starts there', () => {
    expect(readLog(folder)).toEqual({ lines: [], end: logStart });
  });

  it('gives the lines of one attempt alone', () => {
    openLog({ epoch: 1 }).write('out', ['a']);
    openLog({ epoch: 2 }).write('out', ['b']);
    expect(texts(readLog(folder, 2).lines)).toEqual(['b']);
  });
});

describe('followLog', () => {
  it('shows what comes after the end that was read, of one attempt if asked', async () => {
    openLog({ epoch: 1 }).write('out', ['before']);
    const all = follow();
    const second = follow(2);
    openLog({ epoch: 1 }).write('out', ['x']);
    openLog({ epoch: 2 }).write('out', ['y']);
    await vi.waitFor(() => expect(texts(all)).toEqual(['x', 'y']));
    await vi.waitFor(() => expect(texts(second)).toEqual(['y']));
  });

  it('misses nothing that was written between reading and following', () => {
    const log = openLog();
    log.write('out', ['before']);
    const { end } = readLog(folder);
    log.write('out', ['between']);
    const seen: LogLine[] = [];
    ends.push(followLog(folder, end, (line) => seen.push(line)));
    expect(texts(seen)).toEqual(['between']);
  });

  it('goes on across rotations, several between two looks too', async () => {
    const log = openLog({ maxBytes: 400 });
    log.write('out', ['before']);
    const seen = follow();
    for (let n = 0; n < 25; n += 1) log.write('out', [`line ${n}`]);
    await vi.waitFor(() => expect(texts(seen)).toEqual(Array.from({ length: 25 }, (_, n) => `line ${n}`)));
  });

  it('begins with a log that is made only then', async () => {
    const seen = follow();
    openLog().write('out', ['first']);
    await vi.waitFor(() => expect(texts(seen)).toEqual(['first']));
  });
});
