import { Client, Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readService } from '../../workers/embedded/keeper.js';
import { Installation, until, type ScriptedSession } from '../support/installation.js';
import { bundledWorkflows } from '../support/workflow-bundle.js';

/** Whether two tasks come to be given as one is a matter of milliseconds: of so many sessions some have them so. */
const names = ['one', 'two', 'three', 'four', 'five', 'six'];

let codePath: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  codePath = await bundledWorkflows();
});

let shim: Installation;
afterEach(() => shim.remove());

async function historyOf({ name }: ScriptedSession): Promise<temporal.api.history.v1.IHistoryEvent[]> {
  const connection = await Connection.connect({ address: shim.client.address });
  try {
    return (await new Client({ connection }).workflow.getHandle(`session/${name}`).fetchHistory()).events ?? [];
  } finally {
    await connection.close();
  }
}

/** With what keeps it: there is none until somebody starts it. */
function killControlWorker(): void {
  const { keeperPid, pid } = readService(shim.home, 'control-worker');
  for (const each of [keeperPid, pid]) {
    if (each === null) throw new Error('no control worker is running');
    process.kill(each, 'SIGKILL');
  }
}

/** Its attempt of this number runs, and all before it are recorded. */
async function runsAgain(session: ScriptedSession, epoch: number): Promise<void> {
  await until(async () => {
    const status = await session.status();
    return status.state === 'running' && status.epoch === epoch && status.outcomesOwed === 0;
  }, `attempt ${epoch} of ${session.name}`);
}

describe('a control worker that was away', { timeout: 120_000 }, () => {
  it('when commands and ends came, is followed by one that goes on, and what that one did the next can replay', async () => {
    shim = new Installation();
    await shim.up();
    const sessions = await Promise.all(names.map((name) => shim.startScripted(name, ['--items', '1000', '--step-ms', '300'], { policy: { healthyAfterMs: 600_000 } })));
    // A second attempt is recorded, and asks what it is to run with: tasks whose answers lead to nothing.
    await Promise.all(sessions.map((session) => session.untilItem(1)));
    for (const session of sessions) process.kill(session.pid(), 'SIGKILL');
    await Promise.all(sessions.map((session) => runsAgain(session, 2)));

    killControlWorker();
    const commands = sessions.map(({ name }) => shim.client.checkpointNow(name, { by: 'a test' }).catch((error: unknown) => error));
    const last = async (session: ScriptedSession) => (await historyOf(session)).at(-1);
    for (const session of sessions) await until(async () => (await historyOf(session)).some(({ workflowTaskTimedOutEventAttributes: late }) => late), `the command to ${session.name} to be anybody's`);
    for (const session of sessions) process.kill(session.pid(), 'SIGKILL');
    for (const session of sessions) await until(async () => (await last(session))?.workflowExecutionSignaledEventAttributes?.signalName === 'attemptEnded', `the end of ${session.name} to be told`);
    await shim.up();
    await Promise.all(sessions.map((session) => runsAgain(session, 3)));
    await Promise.all(commands);

    for (const session of sessions) {
      const events = await historyOf(session);
      expect(events.some(({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) => accepted), 'the command was taken').toBe(true);
      await Worker.runReplayHistory({ workflowBundle: { codePath } }, { events });
    }
  });
});
