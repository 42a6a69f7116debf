import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';

/** A client that waits longer than this to try again makes every return of the server slower, ms. */
const maxReconnectBackoffMs = 500;
const retryMs = 250;

/** Connections of one worker process, to the Temporal that the SDK's environment configuration names (TEMPORAL_ADDRESS…). */
export interface TemporalConnections {
  native: NativeConnection;
  client: Connection;
  namespace: string;
}

/** Connects, and waits for as long as the server is away. */
export async function connectToTemporal(logger: Logger): Promise<TemporalConnections> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const channelArgs = { 'grpc.max_reconnect_backoff_ms': maxReconnectBackoffMs, 'grpc.initial_reconnect_backoff_ms': 100 };
  for (;;) {
    try {
      const client = await Connection.connect({ ...connectionOptions, channelArgs });
      const native = await NativeConnection.connect(connectionOptions);
      return { native, client, namespace: namespace ?? 'default' };
    } catch (error) {
      logger.warn({ address: connectionOptions.address, error: error instanceof Error ? error.message : String(error) }, 'waiting for Temporal');
      await delay(retryMs);
    }
  }
}
