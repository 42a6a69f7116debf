import { describe, expect, it } from 'vitest';
import { abortUpdate } from '../../../workflows/kaizen-messages.js';
import type { ExperimentUnderTest } from '../../support/experiment-world.js';
import { useExperiments } from '../../support/use-experiments.js';

const experiments = useExperiments();
const isClosed = ({ phase }: { phase: string }) => phase === 'closed';

/** To the watch of its deploy. Sessions come until the verdict; those that came during the deploy would be watched, too. */
async function deployWithoutMore(experiment: ExperimentUnderTest): Promise<void> {
  await experiment.sessionsUntil(({ verdict }) => verdict === 'SHIP');
  const isWatched = ({ phase }: { phase: string }) => phase === 'monitoring';
  if (!isWatched(await experiment.status())) await experiment.sessionsUntil(isWatched, 40, 0);
}

describe('an experiment', () => {
  it('ships what is better step by step, watches it, and keeps it', async () => {
    const experiment = await experiments.run();
    await experiment.until(({ phase }) => phase === 'running');
    const shipped = await experiment.sessionsUntil(({ phase }) => phase === 'deploying');
    expect(shipped).toMatchObject({ verdict: 'SHIP' });
    await experiment.sessionsUntil(({ phase }) => phase === 'monitoring');
    expect(await experiment.published()).toMatchObject({ value: 0.6, rollout: { share: 0.9, control: 0.75 } });
    expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'kept', verdict: 'SHIP' });
    expect(await experiment.published()).toMatchObject({ value: 0.6, rollout: null, enrolment: null });
    expect(experiments.platform.calls()).toEqual(['register', 'allocate 0.5', 'allocate 1', 'decide treatment']);
    expect(await experiments.store.experiment(experiment.plan.id)).toMatchObject({ conclusion: 'kept', phase: 'closed' });
  });

  it('rolls back what does harm, at the first look that shows it', async () => {
    const experiment = await experiments.run({}, { crashes: (value) => (value === 0.75 ? 0.02 : 0.5) });
    await experiment.until(({ phase }) => phase === 'running');
    const closed = await experiment.sessionsUntil(isClosed);
    expect(closed).toMatchObject({ conclusion: 'rolled_back', verdict: 'ROLLBACK' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null, enrolment: null });
    expect(experiments.platform.calls().at(-1)).toBe('abandon');
    expect(experiments.alerts).toMatchObject([{ kind: 'rolled_back', parameter: 'danger_zone' }]);
  });

  it('ends without evidence at its deadline, with the value of control', async () => {
    const experiment = await experiments.run({ deadlineMs: 5 * 60_000 }, { crashes: () => 0.1 });
    await experiment.until(({ phase }) => phase === 'running');
    expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'no_evidence', verdict: 'NO_EVIDENCE' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null, enrolment: null });
  });

  it('is aborted by a person at once', async () => {
    const experiment = await experiments.run();
    await experiment.until(({ phase }) => phase === 'running');
    await experiment.quiet();
    await experiment.handle.executeUpdate(abortUpdate, { args: [{ by: 'anna', reason: 'wrong idea' }] });
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'aborted', reason: expect.stringContaining('anna: wrong idea') as string });
    expect(await experiment.published()).toMatchObject({ value: 0.75, enrolment: null });
  });

  it('watches its deploy for longer where too few sessions come, and then says that it is kept unjudged', async () => {
    const experiment = await experiments.run();
    await experiment.until(({ phase }) => phase === 'running');
    await deployWithoutMore(experiment);
    const { events } = await experiment.quiet();
    const deployedAtMs = events.findLast(({ phase }) => phase === 'deploying')?.atMs ?? 0;
    const closed = await experiment.sessionsUntil(isClosed, 40, 0);
    expect(closed).toMatchObject({ conclusion: 'kept', reason: expect.stringMatching(/^0\.6 is kept unjudged: \d+ of the 20 sessions/) as string });
    expect(closed.events.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^watched for longer, 15m at most/));
    expect((closed.events.at(-1)?.atMs ?? 0) - deployedAtMs).toBeGreaterThanOrEqual(3 * experiment.plan.monitorMs);
    expect(await experiment.published()).toMatchObject({ value: 0.6, rollout: null });
  });

  it('restores what regresses in the time that its watch was made longer by', async () => {
    let hazard = 0.02;
    const experiment = await experiments.run({}, { crashes: (value) => (value === 0.75 ? 0.5 : hazard) });
    await experiment.until(({ phase }) => phase === 'running');
    await deployWithoutMore(experiment);
    await experiment.sessionsUntil(({ reason }) => reason.startsWith('watched for longer'), 40, 0);
    hazard = 1;
    expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'restored', verdict: 'ROLLBACK' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null });
  });

  it('restores what regresses after its deploy within one look', async () => {
    let hazard = 0.02;
    const experiment = await experiments.run({}, { crashes: (value) => (value === 0.75 ? 0.5 : hazard) });
    await experiment.until(({ phase }) => phase === 'running');
    await experiment.sessionsUntil(({ phase }) => phase === 'monitoring');
    hazard = 1;
    expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'restored', verdict: 'ROLLBACK' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null });
  });
});
