import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EncryptionCodec, unknownPayloadKey } from '../../../workers/payloads/payload-codec.js';
import { PayloadKeysError, readPayloadKeys, rotatePayloadKeys, type PayloadKeys } from '../../../host/payload-keys.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-keys-'));
  file = join(folder, 'payload-keys.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function keys(): PayloadKeys {
  const read = readPayloadKeys(file);
  if (!read) throw new Error('no keys');
  return read;
}

const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload ?? {});

describe('an encrypted payload', () => {
  beforeEach(() => {
    rotatePayloadKeys(file);
  });

  it('comes back as it was, whatever it is, and shows nothing of it meanwhile', async () => {
    const codec = new EncryptionCodec(keys());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.json({ maxDepth: 3 })), async (values) => {
        const encoded = await codec.encode(values.map(payloadOf));
        expect((await codec.decode(encoded)).map(valueOf)).toEqual(values);
      }),
      { numRuns: 100 },
    );
    const [secret] = await codec.encode([payloadOf('the launch code')]);
    expect(Buffer.from(secret?.data ?? []).toString('latin1')).not.toContain('launch');
    expect(Object.keys(secret?.metadata ?? {})).toEqual(['encoding', 'encryption-key-id']);
  });

  it('is never the same twice', async () => {
    const codec = new EncryptionCodec(keys());
    const [one, other] = await codec.encode([payloadOf(1), payloadOf(1)]);
    expect(one?.data).not.toEqual(other?.data);
  });

  it('is opened with a key that was made since the keys were read, which closes what goes out from then on', async () => {
    const read = () => readPayloadKeys(file);
    const [before, never] = [new EncryptionCodec(keys(), read), new EncryptionCodec(null, read)];
    rotatePayloadKeys(file);
    const [fresh] = await new EncryptionCodec(keys()).encode([payloadOf('new')]);
    for (const codec of [before, never]) {
      expect((await codec.decode([fresh ?? {}])).map(valueOf)).toEqual(['new']);
      const [out] = await codec.encode([payloadOf('out')]);
      expect(Buffer.from(out?.metadata?.['encryption-key-id'] ?? []).toString()).toBe(keys().current);
    }
    rmSync(file);
    await expect(async () => before.decode([{ ...fresh, metadata: { ...fresh?.metadata, 'encryption-key-id': Buffer.from('k-none') } }])).rejects.toMatchObject({ type: unknownPayloadKey });
    expect((await before.decode([fresh ?? {}])).map(valueOf)).toEqual(['new']);
  });

  it('is opened by the key that closed it, after another became the current one', async () => {
    const [before] = await new EncryptionCodec(keys()).encode([payloadOf('old')]);
    const { current } = keys();
    rotatePayloadKeys(file);
    expect(keys().current).not.toBe(current);
    expect((await new EncryptionCodec(keys()).decode([before ?? {}])).map(valueOf)).toEqual(['old']);
  });

  it('of a key that is not here is refused by its id, to be tried again when it is', async () => {
    const [foreign] = await new EncryptionCodec(keys()).encode([payloadOf('x')]);
    const { current } = keys();
    rmSync(file);
    rotatePayloadKeys(file);
    await expect(async () => new EncryptionCodec(keys()).decode([foreign ?? {}])).rejects.toMatchObject({ type: unknownPayloadKey, nonRetryable: false, message: expect.stringContaining(current) });
  });

  it.each([0, 12, 40, -1])('that was altered at byte %i, or cut, is refused', async (at) => {
    const codec = new EncryptionCodec(keys());
    const [payload] = await codec.encode([payloadOf('a text of some length, so that there is something to alter')]);
    const data = Buffer.from(payload?.data ?? []);
    const index = at < 0 ? data.length + at : at;
    data[index] = (data[index] ?? 0) ^ 1;
    await expect(async () => codec.decode([{ ...payload, data }])).rejects.toThrow(/altered/);
    await expect(async () => codec.decode([{ ...payload, data: data.subarray(0, 20) }])).rejects.toThrow(/cut/);
  });
});

describe('a payload from before there were keys', () => {
  it('is read as it is', async () => {
    rotatePayloadKeys(file);
    expect((await new EncryptionCodec(keys()).decode([payloadOf({ plain: true })])).map(valueOf)).toEqual([{ plain: true }]);
  });
});

describe('the file of payload keys', () => {
  it('is for its owner alone', () => {
    rotatePayloadKeys(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    expect(() => readPayloadKeys(file)).toThrow(PayloadKeysError);
  });

  it('that is not there means that nothing is encrypted', () => {
    expect(readPayloadKeys(file)).toBeNull();
  });

  it.each(['', '{', '{"current":"a","keys":{}}', '{"current":"a","keys":{"a":"c2hvcnQ="}}'])('with %j in it is refused, and what is in it is not told', (text) => {
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => readPayloadKeys(file)).toThrow(/is no file of payload keys$/);
  });
});
