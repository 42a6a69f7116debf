import { createHmac } from 'node:crypto';
import type { Notice } from '../../domain/notice.js';
import type { WebhookChannel } from '../../domain/notice-channels.js';
import { DeliveryError } from './delivery-error.js';
import { readPrivateFile } from './notice-settings.js';

/** Headers of a webhook's request. */
export const webhookHeaders = {
  /** The notice's id: the same one again is the same notice. */
  id: 'shim-notice-id',
  /** When the request was made, Unix seconds. */
  timestamp: 'shim-timestamp',
  /** `sha256=` and the signature in hex. */
  signature: 'shim-signature',
} as const;

/** Answers after which another try may succeed; of the others only those of 500 and more. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/** HMAC-SHA256 (RFC 2104) over the timestamp, a dot and the body, in hex: a receiver that also looks at the timestamp takes no old request for a new one. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

/** Posts a notice, with its line as `text` too, which chat programs show. @throws DeliveryError. */
export async function postNotice(channel: WebhookChannel, notice: Notice, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ ...notice, text: notice.line });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const headers = {
    'content-type': 'application/json',
    [webhookHeaders.id]: notice.id,
    [webhookHeaders.timestamp]: timestamp,
    [webhookHeaders.signature]: `sha256=${signatureOf(secretOf(channel, environment), timestamp, body)}`,
  };
  let response: Response;
  try {
    response = await fetch(channel.url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.any([signal, AbortSignal.timeout(channel.timeoutSeconds * 1_000)]) });
  } catch (error) {
    signal.throwIfAborted();
    throw new DeliveryError(wordsOf(error, channel.timeoutSeconds), true, { cause: error });
  }
  // Nothing of the answer's body is wanted, and unread it would keep the connection.
  await response.body?.cancel();
  if (response.ok) return;
  const why = response.status >= 300 && response.status < 400 ? 'answered with a redirect, which is not followed' : 'answered';
  throw new DeliveryError(`the webhook ${why} (${response.status})`, response.status >= 500 || passing.has(response.status));
}

/** fetch says of every network error that it failed; what went wrong is its cause's. */
function wordsOf(error: unknown, timeoutSeconds: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `the webhook did not answer within ${timeoutSeconds} s`;
  const cause = error instanceof Error ? error.cause : null;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null;
  return `the webhook cannot be reached${code === null ? '' : ` (${code})`}`;
}

function secretOf({ secretEnv, secretFile }: WebhookChannel, environment: NodeJS.ProcessEnv): string {
  const secret = secretEnv === undefined ? secretInFile(secretFile ?? '') : environment[secretEnv];
  if (secret) return secret;
  throw new DeliveryError(secretEnv === undefined ? `the file of the secret, ${secretFile}, is empty` : `the host worker's environment has no ${secretEnv}; set it and run: shim down, shim up`, false);
}

function secretInFile(path: string): string {
  const text = readPrivateFile(path);
  if (text === null) throw new DeliveryError(`there is no file ${path} with the secret`, false);
  return text.replace(/\r?\n$/, '');
}
