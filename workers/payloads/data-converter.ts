import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './payload-codec.js';
import { payloadKeysFile, readPayloadKeys } from '../../host/payload-keys.js';

/**
 * What clients and workers talk to Temporal with: encrypting where this machine has payload keys. A key that is made or brought later is
 * taken up with the first payload that needs it, so that who runs already understands who has begun since.
 *
 * @throws PayloadKeysError
 */
export function dataConverter(home: string, environment: NodeJS.ProcessEnv = process.env): DataConverter {
  const read = () => readPayloadKeys(payloadKeysFile(home, environment));
  return { payloadCodecs: [new EncryptionCodec(read(), read)] };
}
