import { connect } from '../client/connection.js';
import { mapBounded } from '../domain/concurrency.js';
import { readWorkerRecord } from '../host/shim-home.js';
import { sessionWorkflowId } from '../workflows/messages.js';

const asksAtOnce = 32;

/** Requests to Temporal that the workers have made so far, by operation. */
export async function requestsOf(home: string): Promise<Record<string, number>> {
  const made: Record<string, number> = {};
  for (const worker of ['control-worker', 'host-worker'] as const) {
    const port = readWorkerRecord(home, worker)?.metricsPort;
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const [, labels = '', value] of text.matchAll(/^temporal_(?:long_)?request_total\{(.*)\} (\d+)/gm)) {
      const operation = /operation="(\w+)"/.exec(labels)?.[1] ?? 'unknown';
      made[operation] = (made[operation] ?? 0) + Number(value);
    }
  }
  return made;
}

/** Events in the histories of these sessions. */
export async function historyEvents(home: string, names: readonly string[]): Promise<number> {
  const { client, connection } = await connect(home, {});
  try {
    const lengths = await mapBounded(names, asksAtOnce, async (name) => (await client.workflow.getHandle(sessionWorkflowId(name)).describe()).historyLength);
    return lengths.reduce((sum, length) => sum + length, 0);
  } finally {
    await connection.close();
  }
}
