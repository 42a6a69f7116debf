import { appendFileSync, readFileSync } from 'node:fs';
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { openStore } from '../../analytics/outcomes/open-store.js';
import { controlActivities } from '../../workers/control-activities.js';
import { workflowBundle } from '../../workers/workflow-bundle.js';
import { controlQueue } from '../../workflows/messages.js';
import { ScriptedPlatform } from './scripted-platform.js';

/** What a mortal worker is told, by its environment. */
export interface MortalEnvironment {
  MORTAL_ADDRESS: string;
  MORTAL_NAMESPACE: string;
  MORTAL_STORE: string;
  /** A line for each call of an activity: its name, and the id that it keeps when it is tried again. */
  MORTAL_LOG: string;
  /** `<activity>#<n>`: at the n-th such call, the process kills itself before the first try, and after the second has done its work. Never without it. */
  MORTAL_AT?: string;
}

/** A real control worker, a process of its own, that dies by SIGKILL where it is told to. */
async function main(environment: MortalEnvironment): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const { MORTAL_ADDRESS: address, MORTAL_NAMESPACE: namespace } = environment;
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  const activities = controlActivities({ client, store: await openStore(environment.MORTAL_STORE), platform: new ScriptedPlatform(), alerts: { raise: () => Promise.resolve() } });
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    namespace,
    taskQueue: controlQueue,
    workflowBundle: workflowBundle(),
    activities: Object.fromEntries(Object.entries(activities).map(([name, activity]) => [name, mortal(name, activity as Activity, environment)])),
    // A worker that was killed keeps no task.
    stickyQueueScheduleToStartTimeout: '500 ms',
    maxCachedWorkflows: 10,
  });
  await worker.run();
}

type Activity = (input: unknown) => Promise<unknown>;

function mortal(name: string, activity: Activity, { MORTAL_LOG: log, MORTAL_AT: at }: MortalEnvironment): Activity {
  return async (input) => {
    const { activityId, attempt, workflowExecution } = Context.current().info;
    const call = `${name} ${workflowExecution?.workflowId}/${workflowExecution?.runId}/${activityId}`;
    appendFileSync(log, `${call}\n`);
    const dies = at === `${name}#${numberOf(call, name, log)}`;
    if (dies && attempt === 1) process.kill(process.pid, 'SIGKILL');
    const result = await activity(input);
    if (dies && attempt === 2) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

/** Of a call among those of its name, 1 for the first. */
function numberOf(call: string, name: string, log: string): number {
  const calls = readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith(`${name} `));
  return [...new Set(calls)].indexOf(call) + 1;
}

await main(process.env as NodeJS.ProcessEnv & MortalEnvironment);
