import { describe, expect, it } from 'vitest';
import { abortUpdate, approveUpdate, extendUpdate, freezeUpdate, lookNowSignal, parameterWorkflowId, pauseExperimentUpdate, resumeExperimentUpdate } from '../../../workflows/kaizen-messages.js';
import { useExperiments } from '../../support/use-experiments.js';

const experiments = useExperiments();
const minute = 60_000;
const isClosed = ({ phase }: { phase: string }) => phase === 'closed';
const isRunning = ({ phase }: { phase: string }) => phase === 'running';
const anna = { by: 'anna', reason: 'as I like' };

describe('a person and an experiment', () => {
  it('that wants approval: nothing is registered or enrolled before it is given', async () => {
    const experiment = await experiments.run({ needsApproval: true });
    await experiment.until(({ phase }) => phase === 'waiting_for_approval');
    expect(experiments.platform.calls()).toEqual([]);
    expect((await experiment.published())?.enrolment ?? null).toBeNull();
    await experiment.quiet();
    expect(await experiment.handle.executeUpdate(approveUpdate, { args: [{ by: 'anna' }] })).toMatchObject({ phase: 'waiting_for_approval' });
    expect((await experiment.until(isRunning)).events.map(({ what }) => what)).toContain('approved by anna');
  });

  it('that nobody approves is refused at its deadline', async () => {
    const experiment = await experiments.run({ needsApproval: true, deadlineMs: 10 * minute });
    await experiment.until(({ phase }) => phase === 'waiting_for_approval');
    await experiment.quiet();
    await experiments.environment.skip(11 * minute);
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'refused', reason: 'nobody approved it before its deadline' });
  });

  it('pauses it: nobody new comes in, harm is still looked for, and rolled back', async () => {
    let hazard = 0.02;
    const experiment = await experiments.run({ plannedUnits: 10_000 }, { crashes: (value) => (value === 0.75 ? 0.02 : hazard) });
    await experiment.until(isRunning);
    await experiment.quiet();
    const before = await experiments.environment.now();
    await experiment.fleet.come(10, before);
    hazard = 0.6;
    await experiment.fleet.come(80, before + 100);
    await experiment.handle.executeUpdate(pauseExperimentUpdate, { args: [anna] });
    await experiment.until(({ phase }) => phase === 'paused');
    await experiment.quiet();
    const seen = experiment.fleet.values.length;
    await experiment.fleet.come(20, await experiments.environment.now());
    expect(experiment.fleet.values.slice(seen)).toEqual(Array.from({ length: 20 }, () => 0.75));
    await experiment.tick();
    await experiment.tick();
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'rolled_back', verdict: 'ROLLBACK' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, enrolment: null });
  });

  it('resumes it, and the pause does not bring the deadline nearer', async () => {
    const experiment = await experiments.run({ deadlineMs: 4 * minute }, { crashes: () => 0.1 });
    await experiment.until(isRunning);
    await experiment.quiet();
    await experiment.handle.executeUpdate(pauseExperimentUpdate, { args: [anna] });
    await experiment.until(({ phase }) => phase === 'paused');
    for (let ticks = 0; ticks < 6; ticks += 1) expect(await experiment.tick()).toMatchObject({ phase: 'paused' });
    await experiment.handle.executeUpdate(resumeExperimentUpdate, { args: [{ by: 'anna' }] });
    await experiment.until(isRunning);
    expect(await experiment.tick()).toMatchObject({ phase: 'running' });
    expect(await experiment.sessionsUntil(isClosed, 8, 2)).toMatchObject({ conclusion: 'no_evidence' });
  });

  it('extends it: the deadline is put off by so much', async () => {
    const experiment = await experiments.run({ deadlineMs: 2 * minute }, { crashes: () => 0.1 });
    await experiment.until(isRunning);
    await experiment.quiet();
    const status = await experiment.handle.executeUpdate(extendUpdate, { args: [{ by: 'anna', deadlineMs: 5 * minute }] });
    expect(status.plan.deadlineMs).toBe(7 * minute);
    for (let ticks = 0; ticks < 4; ticks += 1) expect(await experiment.tick()).toMatchObject({ phase: 'running' });
    await expect(experiment.handle.executeUpdate(extendUpdate, { args: [{ by: 'anna', deadlineMs: -1 }] })).rejects.toThrow();
  });

  it('sets the parameter in the middle of it: the experiment ends, and that value stays', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await experiment.sessions(10);
    await experiments.set(experiment.plan, 0.5);
    await experiment.tick();
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'aborted', reason: 'danger_zone was changed from outside to 0.5' });
    expect(await experiment.published()).toMatchObject({ value: 0.5, enrolment: null, rollout: null });
  });

  it('sets the parameter during its deploy: that value stays', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await experiment.sessionsUntil(({ phase }) => phase === 'deploying');
    await experiment.quiet();
    await experiments.set(experiment.plan, 0.5);
    await experiment.tick();
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'aborted' });
    expect(await experiment.published()).toMatchObject({ value: 0.5, rollout: null });
  });

  it('freezes the parameter: no experiment takes it', async () => {
    await experiments.setUp({ parameter: 'danger_zone' });
    await experiments.environment.client.workflow.getHandle(parameterWorkflowId('danger_zone')).executeUpdate(freezeUpdate, { args: [{ by: 'anna', reason: 'holidays' }] });
    const experiment = await experiments.run();
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'refused', reason: 'danger_zone is frozen by anna: holidays' });
  });

  it('aborts it after the deploy: control is restored', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await experiment.sessionsUntil(({ phase }) => phase === 'monitoring');
    await experiment.quiet();
    await experiment.handle.executeUpdate(abortUpdate, { args: [anna] });
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'restored' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null });
  });

  it('cancels its workflow: it is aborted, and all is taken back', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await experiment.quiet();
    await experiment.handle.cancel();
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'aborted', reason: expect.stringContaining('cancelled') as string });
    expect(await experiment.published()).toMatchObject({ value: 0.75, enrolment: null });
  });

  it('asks for a look: it is taken at once', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await experiment.quiet();
    await experiment.handle.signal(lookNowSignal, { reason: 'an alert' });
    expect((await experiment.until(({ look }) => look !== null)).look?.arms.control.units).toBe(0);
  });
});
