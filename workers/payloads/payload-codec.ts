import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ApplicationFailure, METADATA_ENCODING_KEY, ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { PayloadKeys } from '../../host/payload-keys.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** As Temporal's own samples name it, so that their tools know such a payload. */
const encoding = 'binary/encrypted';
const keyIdName = 'encryption-key-id';
const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Type of the failure where a payload was encrypted with a key that this process does not have. */
export const unknownPayloadKey = 'UnknownPayloadKey';

/**
 * Encrypts payloads by AES-256-GCM (NIST SP 800-38D): data is nonce (12 bytes), ciphertext, tag (16); the key's id is in the
 * metadata and authenticated with the data. Payloads that are not encrypted are read as they are: they are from before.
 */
export class EncryptionCodec implements PayloadCodec {
  /**
   * @param keys null where there are none yet: payloads go out as they are.
   * @param readAgain asked where a payload comes that was encrypted with a key that is not known; what it returns is used from then on.
   */
  constructor(
    private keys: PayloadKeys | null,
    private readonly readAgain: () => PayloadKeys | null = () => null,
  ) {}

  encode(payloads: Payload[]): Promise<Payload[]> {
    const { keys } = this;
    return Promise.resolve(keys === null ? payloads : payloads.map((payload) => encrypted(payload, keys)));
  }

  /** @throws ApplicationFailure UnknownPayloadKey, retried: the key may be brought. @throws ValueError where the data was altered. */
  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => (textOf(payload, METADATA_ENCODING_KEY) === encoding ? this.decrypted(payload) : payload)));
  }

  private decrypted(payload: Payload): Payload {
    const id = textOf(payload, keyIdName) ?? '';
    const key = this.keyOf(id);
    const data = Buffer.from(payload.data ?? []);
    if (data.length < nonceBytes + tagBytes) throw new ValueError('an encrypted payload was cut');
    const opening = createDecipheriv(cipher, key, data.subarray(0, nonceBytes)).setAAD(Buffer.from(id)).setAuthTag(data.subarray(data.length - tagBytes));
    try {
      return PayloadMessage.decode(Buffer.concat([opening.update(data.subarray(nonceBytes, data.length - tagBytes)), opening.final()]));
    } catch (error) {
      throw new ValueError('an encrypted payload was altered, or is of another key of the same id', error);
    }
  }

  /** A key that was made or brought since the keys were read is found where it is first needed. A file that is gone takes none away. */
  private keyOf(id: string): Buffer {
    if (this.keys?.keys.has(id) !== true) this.keys = this.readAgain() ?? this.keys;
    return known(this.keys?.keys.get(id), id);
  }
}

function encrypted(payload: Payload, { current, keys }: PayloadKeys): Payload {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, known(keys.get(current), current), nonce).setAAD(Buffer.from(current));
  const sealed = Buffer.concat([nonce, sealing.update(PayloadMessage.encode(payload).finish()), sealing.final(), sealing.getAuthTag()]);
  return { metadata: { [METADATA_ENCODING_KEY]: Buffer.from(encoding), [keyIdName]: Buffer.from(current) }, data: sealed };
}

function known(key: Buffer | undefined, id: string): Buffer {
  if (!key) throw ApplicationFailure.retryable(`payloads are encrypted with key ${id}, which this machine does not have`, unknownPayloadKey);
  return key;
}

function textOf({ metadata }: Payload, name: string): string | null {
  const value = metadata?.[name];
  return value ? Buffer.from(value).toString('utf8') : null;
}
