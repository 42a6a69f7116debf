import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import type { StatsigServer as Server } from 'statsig-node';
import { z } from 'zod';
import { withoutKeys, type StatsigConnection } from './connection.js';
import { exchange } from './exchange.js';
import { StatsigUnavailableError } from './statsig-error.js';

// As CommonJS has it: what a default import gives depends on who loads it.
const { StatsigServer } = createRequire(import.meta.url)('statsig-node') as { StatsigServer: typeof Server };

export type Sdk = Server;

/** One event as the SDK makes it, exposures included. Of what it holds only these are looked at. */
export const sdkEventSchema = z.looseObject({ eventName: z.string() });
export type SdkEvent = z.infer<typeof sdkEventSchema>;

const batchSchema = z.looseObject({ events: z.array(sdkEventSchema) });

/** How often the SDK looks for changes by itself, ms: its lower limit. */
const pollMs = 5_000;

export interface SdkOptions {
  connection: StatsigConnection;
  /** For a download of specs, ms; the SDK has no limit of its own. */
  timeoutMs: number;
  /** What a download of specs brought, as text. */
  onSpecs: (text: string) => void;
  /** Keeps events for good. Where it rejects, the SDK tries again for a while. */
  keep: (events: SdkEvent[]) => Promise<void>;
}

/**
 * The unmodified statsig-node, with its traffic led through here: specs are fetched from the connection's address and from
 * nowhere else, and events are kept for the mirror in place of being sent, for the SDK drops a batch after its retries.
 *
 * Initialising does not fail where Statsig is away: the SDK goes on looking for specs.
 */
export function createSdk({ connection, timeoutMs, onSpecs, keep }: SdkOptions): Sdk {
  const { address, secretKey } = connection;
  const network = async (url: string, request: RequestInit): Promise<Response> => {
    if (url === `${address}/v1/log_event`) {
      await keep(eventsOf(request.body));
      return Response.json({ success: true }, { status: 202 });
    }
    if (!url.startsWith(`${address}/v1/`)) throw new StatsigUnavailableError('nothing is sent elsewhere');
    // Not the SDK's own words: they hold the address, and that holds the key.
    const { status, text } = await exchange(url, request, timeoutMs).catch((error: unknown) => {
      throw new StatsigUnavailableError(`Statsig did not answer: ${withoutKeys(String(error), connection)}`);
    });
    if (status !== 200) throw new StatsigUnavailableError(`Statsig answered the SDK with ${status}`);
    return new Response(text);
  };
  const sdk = new StatsigServer(secretKey, {
    api: `${address}/v1`,
    networkOverrideFunc: network,
    rulesUpdatedCallback: onSpecs,
    rulesetsSyncIntervalMs: pollMs,
    disableDiagnostics: true,
    initStrategyForIP3Country: 'none',
    initStrategyForIDLists: 'none',
  });
  confineErrorBoundary(sdk, network);
  return sdk;
}

/**
 * The SDK reports its own errors to a fixed address, stack, key and all, and loses the override on the way to that reporter: it is
 * given once more.
 *
 * @throws Error where the SDK is built otherwise.
 */
function confineErrorBoundary(sdk: Sdk, network: (url: string, request: RequestInit) => Promise<Response>): void {
  const boundary: unknown = Reflect.get(sdk, '_errorBoundary');
  if (typeof boundary !== 'object' || boundary === null || !('networkOverrideFunc' in boundary)) throw new Error('this statsig-node cannot be kept from sending its errors away');
  boundary.networkOverrideFunc = network;
}

function eventsOf(body: RequestInit['body']): SdkEvent[] {
  const text = typeof body === 'string' ? body : gunzipSync(body as Uint8Array).toString('utf8');
  // Its diagnostics are about itself: how long its calls took.
  return batchSchema.parse(JSON.parse(text)).events.filter(({ eventName }) => eventName !== 'statsig::diagnostics');
}
