import { defaultScope } from '../../../domain/kaizen-mode.js';
import type { ExperimentStatus } from '../../../domain/experiments/experiment.js';
import { abortUpdate, approveUpdate, extendUpdate, ledgerWorkflowId, lookNowSignal, parameterWorkflowId, pauseExperimentUpdate, resumeExperimentUpdate } from '../../../workflows/kaizen-messages.js';
import type { ExperimentUnderTest, ExperimentWorld } from '../experiment-world.js';

/** Plays an experiment in a world of its own. @returns the workflow whose history shows it. */
export type ExperimentScene = (world: ExperimentWorld) => Promise<string>;

const by = 'ada';
const isClosed = ({ phase }: ExperimentStatus) => phase === 'closed';
const isRunning = ({ phase }: ExperimentStatus) => phase === 'running';

async function running(world: ExperimentWorld, ...how: Parameters<ExperimentWorld['run']>): Promise<ExperimentUnderTest> {
  const experiment = await world.run(...how);
  await experiment.until(isRunning);
  await experiment.quiet();
  return experiment;
}

/** Goes on with sessions until it is so. @returns its id. */
async function until(experiment: ExperimentUnderTest, wanted: (status: ExperimentStatus) => boolean): Promise<string> {
  await experiment.sessionsUntil(wanted);
  return experiment.plan.id;
}

/** It looks at once, and comes to rest. @param wanted how it is then; by default it has looked. */
async function looked(experiment: ExperimentUnderTest, wanted?: (status: ExperimentStatus) => boolean): Promise<string> {
  const { nextLookAtMs } = await experiment.quiet();
  await experiment.handle.signal(lookNowSignal, { reason: 'a test wants it' });
  await experiment.until(wanted ?? ((status) => status.nextLookAtMs !== nextLookAtMs));
  await experiment.quiet();
  return experiment.plan.id;
}

async function kept(world: ExperimentWorld): Promise<string> {
  return until(await running(world), isClosed);
}

/** What an experiment does, each by the name of its history. */
export const experimentScenes = {
  'experiment-kept': kept,
  'experiment-kept-unjudged': async (world) => {
    const experiment = await running(world);
    await experiment.sessionsUntil(({ phase }) => phase === 'monitoring');
    await experiment.sessionsUntil(isClosed, 40, 0);
    return experiment.plan.id;
  },
  'experiment-kept-parameter': async (world) => {
    await kept(world);
    return parameterWorkflowId('danger_zone');
  },
  'experiment-kept-ledger': async (world) => {
    await kept(world);
    return ledgerWorkflowId(defaultScope);
  },
  'experiment-rolled_back': async (world) => until(await running(world, {}, { crashes: (value) => (value === 0.75 ? 0.02 : 0.5) }), isClosed),
  'experiment-restored': async (world) => {
    let hazard = 0.02;
    const experiment = await running(world, {}, { crashes: (value) => (value === 0.75 ? 0.5 : hazard) });
    await experiment.sessionsUntil(({ phase }) => phase === 'monitoring');
    hazard = 1;
    return until(experiment, isClosed);
  },
  'experiment-no_evidence': async (world) => until(await running(world, { deadlineMs: 5 * 60_000 }, { crashes: () => 0.1 }), isClosed),
  'experiment-aborted': async (world) => {
    const experiment = await running(world);
    await experiment.handle.executeUpdate(abortUpdate, { args: [{ by, reason: 'wrong idea' }] });
    await experiment.until(isClosed);
    return experiment.plan.id;
  },
  'experiment-cancelled': async (world) => {
    const experiment = await running(world);
    await experiment.handle.cancel();
    await experiment.until(isClosed);
    return experiment.plan.id;
  },
  'experiment-refused': async (world) => {
    const experiment = await world.run({ control: 0.8 });
    await experiment.until(isClosed);
    return experiment.plan.id;
  },
  'experiment-approved': async (world) => {
    const experiment = await world.run({ needsApproval: true });
    await experiment.until(({ phase }) => phase === 'waiting_for_approval');
    await experiment.handle.executeUpdate(approveUpdate, { args: [{ by }] });
    await experiment.until(isRunning);
    return experiment.plan.id;
  },
  'experiment-never-approved': async (world) => {
    const experiment = await world.run({ needsApproval: true });
    await experiment.until(({ phase }) => phase === 'waiting_for_approval');
    await experiment.quiet();
    await world.environment.skip(experiment.plan.deadlineMs + 1);
    await experiment.until(isClosed);
    return experiment.plan.id;
  },
  'experiment-running': async (world) => {
    const experiment = await running(world);
    await experiment.fleet.come(10, await world.environment.now());
    for (let ticks = 0; ticks < 5; ticks += 1) await experiment.tick();
    return experiment.plan.id;
  },
  'experiment-paused': async (world) => {
    const experiment = await running(world);
    await experiment.handle.executeUpdate(pauseExperimentUpdate, { args: [{ by, reason: 'a release' }] });
    await experiment.until(({ phase }) => phase === 'paused');
    await experiment.quiet();
    await experiment.handle.executeUpdate(resumeExperimentUpdate, { args: [{ by }] });
    await experiment.until(isRunning);
    return experiment.plan.id;
  },
  'experiment-extended': async (world) => {
    const experiment = await running(world);
    await experiment.handle.executeUpdate(extendUpdate, { args: [{ by, deadlineMs: 60 * 60_000 }] });
    return experiment.plan.id;
  },
  'experiment-taken-by-a-person': async (world) => {
    const experiment = await running(world);
    await world.set(experiment.plan, 0.7);
    return looked(experiment, isClosed);
  },
  'experiment-look-failed': async (world) => {
    const experiment = await running(world);
    world.breakStore(new Error('the store is away'));
    return looked(experiment, ({ events }) => events.some(({ what }) => what.startsWith('a look failed')));
  },
  'experiment-continued': async (world) => {
    const experiment = await running(world);
    const { runId } = await world.environment.client.workflow.getHandle(experiment.plan.id).describe();
    const isContinued = async () => (await world.environment.client.workflow.getHandle(experiment.plan.id).describe()).runId !== runId;
    while (!(await isContinued())) await looked(experiment);
    return looked(experiment);
  },
} as const satisfies Record<string, ExperimentScene>;
