import { z } from 'zod';
import { withoutKeys, type StatsigConnection } from './connection.js';
import { exchange, type Answer } from './exchange.js';
import { StatsigRefusedError, StatsigUnavailableError } from './statsig-error.js';
import type { SdkEvent } from './sdk.js';

/** What the SDK says of itself with each batch. */
const sdk = { sdkType: 'statsig-server-node', sdkVersion: '6.5.2' };

const answerSchema = z.looseObject({ success: z.literal(true) });

/** Sends events to log_event, and knows whether they came: the SDK itself does not tell. */
export class EventLog {
  constructor(
    private readonly connection: StatsigConnection,
    /** For an answer, ms. */
    private readonly timeoutMs: number,
  ) {}

  /** @throws StatsigUnavailableError, StatsigRefusedError. */
  async send(events: readonly SdkEvent[]): Promise<void> {
    const { status, text } = await this.post(JSON.stringify({ events, statsigMetadata: sdk }));
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) throw new StatsigRefusedError(status, `Statsig refused events with ${status}: ${withoutKeys(text, this.connection)}`);
    // A page of a proxy, however friendly its status, is no receipt.
    if (status < 200 || status >= 300 || !isReceipt(text)) throw new StatsigUnavailableError(`Statsig answered events with ${status} and no receipt`);
  }

  private async post(body: string): Promise<Answer> {
    const { address, secretKey } = this.connection;
    try {
      const headers = { 'STATSIG-API-KEY': secretKey, 'STATSIG-SDK-TYPE': sdk.sdkType, 'STATSIG-SDK-VERSION': sdk.sdkVersion, 'content-type': 'application/json' };
      return await exchange(`${address}/v1/log_event`, { method: 'POST', headers, body }, this.timeoutMs);
    } catch (error) {
      throw new StatsigUnavailableError('Statsig did not answer log_event', { cause: error });
    }
  }
}

function isReceipt(text: string): boolean {
  try {
    return answerSchema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** An event of a session in the SDK's own form. @param atMs Unix ms; the same event told again is the same to the letter. */
export function sessionEvent(eventName: string, sessionId: string | null, metadata: Record<string, unknown>, atMs: number): SdkEvent {
  return { eventName, user: sessionId === null ? { customIDs: {} } : { userID: sessionId }, value: null, metadata, time: atMs };
}
