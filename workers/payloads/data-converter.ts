import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './payload-codec.js';
import { payloadKeysFile, readPayloadKeys } from '../../host/payload-keys.js';

/**
 * What clients and workers talk to Temporal with: encrypting where this machine has payload keys.
 *
 * @throws PayloadKeysError
 */
export function dataConverter(home: string, environment: NodeJS.ProcessEnv = process.env): DataConverter {
  const keys = readPayloadKeys(payloadKeysFile(home, environment));
  return keys === null ? {} : { payloadCodecs: [new EncryptionCodec(keys)] };
}
