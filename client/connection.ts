import { createConnection } from 'node:net';
import type { Client, Connection } from '@temporalio/client';
import { ShimDownError } from './errors.js';
import { readTemporalRecord } from './temporal-record.js';

/** A server that is there answers at once; one that is not shall not hold a person up, ms. */
const connectTimeoutMs = 3_000;
/** A longer wait between attempts makes every return of the server slower, ms. */
const maxReconnectBackoffMs = 500;

/** Which Temporal is meant, before anybody has tried to reach it. */
export interface TemporalTarget {
  address: string;
  /** The person's own configuration names it, so that it is not ours to start. */
  external: boolean;
  /** Base address of the Web UI; null where it is not known. */
  uiUrl: string | null;
}

/** An open connection; whoever opens it closes it. */
export interface TemporalLink extends TemporalTarget {
  client: Client;
  connection: Connection;
  namespace: string;
}

/** Whether the environment names a Temporal of the person's own. */
export function namesTemporal(environment: NodeJS.ProcessEnv): boolean {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some((name) => Boolean(environment[name]));
}

/**
 * Connects to the Temporal that the SDK's environment configuration names, else to the embedded one of $SHIM_HOME.
 *
 * @throws ShimDownError if there is none, or it does not answer. @throws PayloadKeysError
 */
export async function connect(home: string, environment: NodeJS.ProcessEnv = process.env): Promise<TemporalLink> {
  const external = namesTemporal(environment);
  const embedded = external ? null : readTemporalRecord(home);
  if (!external && (!embedded || (await isRefused(embedded.address)))) throw new ShimDownError('nothing is running; run: shim up');
  // Imported here, for it takes a fifth of a second that a command without Temporal need not pay.
  const [{ Client, Connection }, { loadClientConnectConfig }, { dataConverter }] = await Promise.all([import('@temporalio/client'), import('@temporalio/envconfig'), import('../workers/payloads/data-converter.js')]);
  const converter = dataConverter(home, environment);
  const config = external ? loadClientConnectConfig({ overrideEnvVars: given(environment) }) : null;
  const address = embedded?.address ?? config?.connectionOptions.address ?? 'localhost:7233';
  const options = {
    ...config?.connectionOptions,
    address,
    connectTimeout: connectTimeoutMs,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': maxReconnectBackoffMs },
  };
  const namespace = config?.namespace ?? 'default';
  try {
    const connection = await Connection.connect(options);
    return { client: new Client({ connection, namespace, dataConverter: converter }), connection, namespace, address, external, uiUrl: embedded?.uiUrl ?? environment['SHIM_UI_URL'] ?? null };
  } catch (error) {
    const wayOn = external ? 'check TEMPORAL_ADDRESS and that it is up' : 'run: shim up';
    throw new ShimDownError(`Temporal does not answer at ${address}; ${wayOn}`, { cause: error });
  }
}

/** Whether nobody listens at a loopback address: known at once, where the SDK would try until its time is up. */
function isRefused(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: Number(port) });
    socket.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}

function given(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
