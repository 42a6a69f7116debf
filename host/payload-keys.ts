import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './replace-file.js';

const keyBytes = 32;

const recordSchema = z.object({
  /** What new payloads are encrypted with. */
  current: z.string(),
  /** By id; those that were current before still open what they closed. Base64. */
  keys: z.record(z.string().regex(/^[A-Za-z0-9-]{1,40}$/), z.base64()),
});

/** Keys that payloads are encrypted with before they go to Temporal. */
export interface PayloadKeys {
  current: string;
  keys: ReadonlyMap<string, Buffer>;
}

/** Thrown where the key file cannot be used: going on without it would send what should be encrypted. */
export class PayloadKeysError extends Error {
  override name = 'PayloadKeysError';
}

/** $SHIM_PAYLOAD_KEYS, or payload-keys.json of the home folder. */
export function payloadKeysFile(home: string, environment: NodeJS.ProcessEnv): string {
  return environment['SHIM_PAYLOAD_KEYS'] ?? join(home, 'payload-keys.json');
}

/**
 * Reads the keys; null where there is no such file, which means that payloads are not encrypted.
 *
 * @throws PayloadKeysError where the file is not what it should be, or others can read it.
 */
export function readPayloadKeys(file: string): PayloadKeys | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new PayloadKeysError(`${file} cannot be read`, { cause: error });
  }
  if ((statSync(file).mode & 0o077) !== 0) throw new PayloadKeysError(`${file} can be read by others: chmod 600 ${file}`);
  try {
    const { current, keys } = recordSchema.parse(JSON.parse(text));
    const decoded = new Map(Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64')]));
    if (!decoded.has(current)) throw new Error('the current key is not among the keys');
    if ([...decoded.values()].some((key) => key.length !== keyBytes)) throw new Error(`a key has ${keyBytes} bytes`);
    return { current, keys: decoded };
  } catch (error) {
    // The message of a parser may show what it read.
    throw new PayloadKeysError(`${file} is no file of payload keys`, error instanceof SyntaxError ? {} : { cause: error });
  }
}

/**
 * Makes a new key the current one, in a new file where there is none. Those before are kept: they open what is in Temporal.
 *
 * @returns the id of the new key. @throws PayloadKeysError
 */
export function rotatePayloadKeys(file: string): string {
  const before = readPayloadKeys(file);
  const id = `k-${randomBytes(6).toString('hex')}`;
  const keys = Object.fromEntries([...(before?.keys ?? []), [id, randomBytes(keyBytes)] as const].map(([name, key]) => [name, key.toString('base64')]));
  replaceFile(file, `${file}.new`, `${JSON.stringify({ current: id, keys }, null, 2)}\n`);
  return id;
}
