import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccountActivities } from '../../activities/account-activities.js';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createSessionChainActivities } from '../../activities/session-chain-activities.js';
import { ExperimentWorld } from './experiment-world.js';
import { createFleetActivities } from '../../activities/fleet-activities.js';
import { fleetScenes } from './fleet-scenes.js';
import { historyScenes } from './history-scenarios.js';
import { experimentScenes } from './kaizen/experiment-scenes.js';
import { kaizenScenes, ledgerScenes, parameterScenes } from './kaizen/history-scenes.js';
import { KaizenWorld } from './kaizen/kaizen-world.js';
import { KeptRecord } from './kept-record.js';
import { poll } from './poll.js';
import { projectRoot } from './project-root.js';
import { WorkflowEnvironment } from './workflow-environment.js';

/**
 * Records anew what the replay tests replay, into test/histories/: all, or those whose names begin as one of the arguments. Do so
 * only where a change of the workflows is meant to leave the old histories behind; what an upgrade meets is kept as `…-before-…`.
 */
async function main(...wanted: string[]): Promise<void> {
  const folder = join(projectRoot(), 'test', 'histories');
  mkdirSync(folder, { recursive: true });
  const isWanted = (name: string) => wanted.length === 0 || wanted.some((start) => name.startsWith(start));
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json') && !name.includes('-before-') && isWanted(name))) rmSync(join(folder, file));
  const write = async ({ client }: WorkflowEnvironment, name: string, workflowId: string) => {
    const history: unknown = JSON.parse(historyToJSON(await client.workflow.getHandle(workflowId).fetchHistory()));
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(withoutMachine(history), null, 1)}\n`);
  };
  await recordSessions(isWanted, write);
  await recordFleets(isWanted, write);
  await recordKaizen(isWanted, write);
  await recordExperiments(isWanted, write);
}

type Write = (environment: WorkflowEnvironment, name: string, workflowId: string) => Promise<void>;

async function recordSessions(isWanted: (name: string) => boolean, write: Write): Promise<void> {
  const record = await KeptRecord.open();
  const environment = await WorkflowEnvironment.create((client) => ({
    ...record.activities,
    ...createSessionChainActivities({ client }),
    ...createAccountActivities({ client }),
    // The time-skipping server lists nothing.
    tellSessions: () => Promise.resolve(0),
  }));
  for (const [name, play] of historyScenes) {
    if (!isWanted(name)) continue;
    const scene = await play(environment, record);
    await write(environment, name, scene.workflowId);
    await scene.leave();
  }
  await environment.close();
  await record.remove();
}

async function recordFleets(isWanted: (name: string) => boolean, write: Write): Promise<void> {
  const record = await KeptRecord.open();
  const environment = await WorkflowEnvironment.create((client) => ({ ...record.activities, ...createFleetActivities({ client }) }));
  for (const [name, play] of Object.entries(fleetScenes)) {
    if (!isWanted(name)) continue;
    const { workflowId, fleet } = await play(environment);
    await poll(() => standsStill(environment, workflowId), Boolean);
    await write(environment, name, workflowId);
    await fleet.dispose();
  }
  await environment.close();
  await record.remove();
}

async function recordKaizen(isWanted: (name: string) => boolean, write: Write): Promise<void> {
  const world = await KaizenWorld.create();
  for (const [name, play] of Object.entries({ ...kaizenScenes, ...parameterScenes, ...ledgerScenes })) {
    if (!isWanted(name)) continue;
    const workflowId = await play(world);
    await world.quiet(workflowId);
    await write(world.environment, name, workflowId);
    await world.reset();
  }
  await world.environment.close();
}

/** Each in a world of its own: a call that failed, or is open, keeps a server from ever skipping time again. */
async function recordExperiments(isWanted: (name: string) => boolean, write: Write): Promise<void> {
  for (const [name, play] of Object.entries(experimentScenes)) {
    if (!isWanted(name)) continue;
    const world = await ExperimentWorld.create();
    const workflowId = await play(world);
    await poll(() => standsStill(world.environment, workflowId), Boolean);
    await write(world.environment, name, workflowId);
    await world.close();
  }
}

/** No call is open, and what was decided is written down: a task that is under way is not always seen in the description. */
async function standsStill(environment: WorkflowEnvironment, workflowId: string): Promise<boolean> {
  const { events } = await environment.client.workflow.getHandle(workflowId).fetchHistory();
  const last = events?.at(-1);
  return !last?.workflowTaskScheduledEventAttributes && !last?.workflowTaskStartedEventAttributes && (await environment.isAtRest(workflowId));
}

/** Stack traces name folders of the machine that recorded; replay does not read them. */
function withoutMachine(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === 'stackTrace' ? [] : [[key, withoutMachine(inner)]])));
}

await main(...process.argv.slice(2));
