import { connect, type TemporalLink } from '../client/connection.js';
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
  const link = await connect(home, {});
  try {
    return (await historyLengths(link, names)).reduce((sum, length) => sum + length, 0);
  } finally {
    await link.connection.close();
  }
}

/** Events in the history of each of these sessions. */
export function historyLengths({ client }: TemporalLink, names: readonly string[]): Promise<number[]> {
  return mapBounded(names, asksAtOnce, async (name) => (await client.workflow.getHandle(sessionWorkflowId(name)).describe()).historyLength);
}

/** Deletes what closed longer ago than this, ms, as Temporal does at the end of its retention, which cannot be less than an hour. */
export async function deleteClosed({ client, connection, namespace }: TemporalLink, olderThanMs: number): Promise<void> {
  const before = new Date(Date.now() - olderThanMs).toISOString();
  const closed: { workflowId: string; runId: string }[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `ExecutionStatus != "Running" AND CloseTime < "${before}"` })) closed.push({ workflowId, runId });
  await mapBounded(closed, asksAtOnce, (workflowExecution) => connection.workflowService.deleteWorkflowExecution({ namespace, workflowExecution }));
}
