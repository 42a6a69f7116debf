import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { historyScenes } from './history-scenarios.js';
import { KeptRecord } from './kept-record.js';
import { projectRoot } from './project-root.js';
import { WorkflowEnvironment } from './workflow-environment.js';

/**
 * Records anew what the replay tests replay, into test/histories/. Do so only where a change of the workflows is meant to
 * leave the old histories behind.
 */
async function main(): Promise<void> {
  const folder = join(projectRoot(), 'test', 'histories');
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) rmSync(join(folder, file));
  const record = await KeptRecord.open();
  const environment = await WorkflowEnvironment.create(() => record.activities);
  for (const [name, play] of historyScenes) {
    const scene = await play(environment);
    const history: unknown = JSON.parse(historyToJSON(await environment.client.workflow.getHandle(scene.workflowId).fetchHistory()));
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(withoutMachine(history), null, 1)}\n`);
    await scene.leave();
  }
  await environment.close();
  await record.remove();
}

/** Stack traces name folders of the machine that recorded; replay does not read them. */
function withoutMachine(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === 'stackTrace' ? [] : [[key, withoutMachine(inner)]])));
}

await main();
