import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLocalRecord } from '../../analytics/statsig/local-record.js';
import { checkName } from '../../client/cli/check-name.js';
import { parseCount, parseDuration, parseRatio, parseSize, parseTime } from '../../client/cli/units.js';
import { BadInputError } from '../../client/errors.js';
import { sessionNameSchema } from '../../domain/session.js';
import { agentFor } from '../../host/agents/registry.js';
import { decodeManifest } from '../../host/checkpoints/manifest-record.js';
import { countFrom } from '../../host/checkpoints/transcript-segments.js';
import { NoticeRecords } from '../../host/notices/notice-records.js';
import { NoticeSettingsError, readNoticeSettings } from '../../host/notices/notice-settings.js';
import { SessionFolder } from '../../host/session-folder.js';
import { readWorkerRecord } from '../../host/shim-home.js';
import { refuseDowngrade, TooOldError } from '../../workers/embedded/upgrade.js';
import { readTemporalRecord } from '../../workers/embedded/temporal-server.js';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'shim-fuzz-'));
  for (const folder of ['run', 'notices', 'sessions/s/attempts/000001']) mkdirSync(join(home, folder), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Anything a file may hold: bytes, JSON of any shape, and what looks like a record but is none. */
const words = fc.constantFrom('sessionId', 'pid', 'port', 'version', 'build', 'state', 'reason', 'epoch', 'attemptId', 'exitClass', 'notice', 'deliveries', 'channels', 'signals', 'risk', 'offsets', 'type', 'name', 'url');
const shaped = fc.dictionary(words, fc.oneof(fc.jsonValue(), fc.constantFrom(-0, 5e-324, 1e308, Number.MAX_SAFE_INTEGER)), { maxKeys: 8 });
const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
  shaped.map((value) => Buffer.from(JSON.stringify(value))),
  fc.tuple(shaped, fc.nat(300)).map(([value, cut]) => Buffer.from(JSON.stringify(value)).subarray(0, cut)),
);

describe('a file of $SHIM_HOME with anything in it', () => {
  const session = () => new SessionFolder(home, 's');
  const attempt = () => session().attempt(1);
  it.each<[file: string, read: () => unknown]>([
    ['sessions/s/spec.json', () => session().spec()],
    ['sessions/s/state.json', () => session().state()],
    ['sessions/s/tombstone.json', () => session().tombstone()],
    ['sessions/s/attempts/000001/attempt.json', () => attempt().record()],
    ['sessions/s/attempts/000001/live.json', () => attempt().live()],
    ['sessions/s/attempts/000001/report.json', () => attempt().report()],
    ['sessions/s/attempts/000001/receipt.json', () => attempt().receipt()],
    ['sessions/s/attempts/000001/decision.json', () => attempt().decision()],
    ['run/host-worker.json', () => readWorkerRecord(home, 'host-worker')],
    ['run/temporal.json', () => readTemporalRecord(home)],
    ['run/statsig.json', () => readLocalRecord(home)],
  ])('%s reads as nothing or as a record, and nothing is thrown', (file, read) => {
    fc.assert(
      fc.property(content, (bytes) => {
        writeFileSync(join(home, file), bytes);
        const seen = read();
        expect(seen === null || typeof seen === 'object' || typeof seen === 'string').toBe(true);
      }),
    );
  });

  it('report.sent counts as sent only where it is whole', () => {
    const whole = JSON.stringify({ atMs: 1_700_000_000_000 });
    for (let cut = 0; cut < whole.length; cut += 1) {
      writeFileSync(join(home, 'sessions/s/attempts/000001/report.sent'), whole.slice(0, cut));
      expect(attempt().isReported()).toBe(false);
    }
  });

  it('version.json refuses an older SHIM or lets it pass, and nothing else is thrown', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        writeFileSync(join(home, 'version.json'), bytes);
        expectOnly(TooOldError, () => refuseDowngrade(home, { version: '0.1.0', id: '0.1.0+x' }));
      }),
    );
  });

  it('notices.json is settings, or an error that says what is wrong', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        writeFileSync(join(home, 'notices.json'), bytes, { mode: 0o600 });
        expectOnly(NoticeSettingsError, () => readNoticeSettings(home));
      }),
    );
  });

  it('a record of a notice is passed over', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        writeFileSync(join(home, 'notices', 'n-1.json'), bytes);
        expect(new NoticeRecords(home).all()).toEqual([]);
      }),
    );
  });

  it('a manifest of a checkpoint is one, or what is wrong with it', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        expect(typeof decodeManifest(bytes.toString('utf8'))).toBe('string');
      }),
    );
  });

  it('a transcript is counted, line by line, whatever is in it', async () => {
    const path = join(home, 'transcript.jsonl');
    await fc.assert(
      fc.asyncProperty(fc.array(content, { maxLength: 6 }), async (lines) => {
        writeFileSync(path, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
        const { messages, malformedLines } = await countFrom(path, 0, agentFor('claude-code').isMessage);
        expect(messages).toBeGreaterThanOrEqual(0);
        expect(malformedLines).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('a line of an agent with anything in it', () => {
  const kinds = fc.constantFrom('system', 'assistant', 'user', 'result', 'rate_limit_event', 'thread.started', 'turn.completed', 'turn.failed', 'item.started', 'item.completed', 'error');
  const line = fc.record({ type: kinds, subtype: fc.oneof(fc.constantFrom('init', 'success', 'error_max_turns', 'permission_denied', 'api_retry'), fc.jsonValue()), is_error: fc.oneof(fc.boolean(), fc.jsonValue()), message: fc.jsonValue(), item: fc.jsonValue(), usage: fc.jsonValue(), result: fc.jsonValue(), errors: fc.jsonValue(), tool_name: fc.jsonValue(), rate_limit_info: fc.jsonValue(), session_id: fc.jsonValue() }, { requiredKeys: ['type'] });

  it.each(['claude-code', 'codex'] as const)('of %s is events, and what says it is an error is no success', (kind) => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (entries) => {
        const parse = agentFor(kind).parser();
        for (const entry of entries) {
          const events = parse(JSON.stringify(entry));
          const succeeded = events.some((event) => event.kind === 'result' && event.ok);
          const isFailure = entry.type === 'turn.failed' || entry.type === 'error' || (entry.type === 'result' && (entry.is_error === true || (typeof entry.subtype === 'string' && entry.subtype.startsWith('error'))));
          expect(succeeded && isFailure).toBe(false);
        }
      }),
    );
  });
});

describe('a word of a command line', () => {
  const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.tuple(fc.double(), fc.constantFrom('', 'ms', 's', 'm', 'h', 'd', 'KB', 'GiB')).map(([number, unit]) => `${number}${unit}`), fc.tuple(fc.nat(), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'MB')).map(([number, unit]) => `${number}${unit}`));

  it.each([
    ['a duration', parseDuration],
    ['a size', parseSize],
    ['a count', parseCount],
    ['a ratio', parseRatio],
    ['a time', (text: string) => parseTime(text, 1_700_000_000_000)],
  ] as const)('as %s is a finite number that is not negative, or refused', (_what, parse) => {
    fc.assert(
      fc.property(word, (text) => {
        const value = expectOnly([InvalidArgumentError, BadInputError], () => parse(text));
        expect(value === undefined || (Number.isFinite(value) && value >= 0)).toBe(true);
      }),
    );
  });

  it('as a name is one that is safe as a folder, or refused', () => {
    fc.assert(
      fc.property(word, (text) => {
        const name = expectOnly(BadInputError, () => checkName(text));
        expect(name === undefined || (sessionNameSchema.safeParse(name).success && !/[/\0]|\.\./.test(name))).toBe(true);
      }),
    );
  });
});

type ErrorClass = abstract new (...args: never[]) => Error;

/** Runs it; undefined where it throws one of these. Any other throw is the test's failure. */
function expectOnly<T>(expected: ErrorClass | readonly ErrorClass[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if ([expected].flat().some((each) => error instanceof each)) return undefined;
    throw error;
  }
}
