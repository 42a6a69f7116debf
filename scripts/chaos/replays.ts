import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readTemporalRecord } from '../../workers/embedded/temporal-server.js';
import { workflowBundle } from '../../workers/workflow-bundle.js';

/**
 * Replays every workflow that an installation's server has, as a worker does that has just begun: one that does not come to
 * the same again is lost to its session as soon as its worker is replaced.
 *
 * @param keptIn histories that do not replay are written to this folder, for a test.
 * @returns what does not replay, one line each. @throws Error where the server does not answer, or has none.
 */
export async function notReplaying(home: string, keptIn: string): Promise<string[]> {
  const record = readTemporalRecord(home);
  if (!record) throw new Error('there is no Temporal to ask for histories');
  // What a replay says of itself while it fails is in its error.
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  const connection = await Connection.connect({ address: record.address });
  try {
    const client = new Client({ connection });
    const wrong: string[] = [];
    let replayed = 0;
    // One worker for all: to make one takes longer than to replay.
    for await (const { workflowId, runId, error } of Worker.runReplayHistories({ workflowBundle: workflowBundle() }, client.workflow.list().intoHistories())) {
      replayed += 1;
      if (!error) continue;
      mkdirSync(keptIn, { recursive: true });
      const file = join(keptIn, `${workflowId.replaceAll('/', '-')}-${runId}.json`);
      writeFileSync(file, historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory()));
      wrong.push(`${workflowId} does not replay (${file}): ${error.message}`);
    }
    if (replayed === 0) throw new Error('the server lists no workflow that could be replayed');
    return wrong;
  } finally {
    await connection.close();
  }
}
