import { describe, expect, it } from 'vitest';
import { StatsigUnavailableError } from '../../../analytics/statsig/statsig-error.js';
import type { ExperimentStatus } from '../../../domain/experiments/experiment.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { outcome } from '../../analytics/outcomes/records.js';
import { useExperiments } from '../../support/use-experiments.js';

const experiments = useExperiments();
const minute = 60_000;
const isClosed = ({ phase }: ExperimentStatus) => phase === 'closed';
const isRunning = ({ phase }: ExperimentStatus) => phase === 'running';
const harmful = (value: unknown) => (value === 0.75 ? 0.02 : 0.6);

describe('an experiment', () => {
  it('is rolled back while Statsig is away: what Statsig is owed is kept for the mirror', async () => {
    const experiment = await experiments.run({}, { crashes: harmful });
    await experiment.until(isRunning);
    await experiment.quiet();
    experiments.platform.away = new StatsigUnavailableError('nobody answers');
    expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'rolled_back' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, enrolment: null });
    expect(await experiments.store.owed(10)).toMatchObject([{ kind: 'console', body: { call: 'abandon' } }]);
  });

  it('goes on after its store was gone for a while, and decides nothing meanwhile', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await experiment.sessions(30);
    await experiment.quiet();
    experiments.breakStore(new Error('database is locked'));
    await experiments.environment.skip(minute);
    await experiment.until(({ events }) => events.some(({ what }) => what.startsWith('a look failed')));
    expect(await experiment.status()).toMatchObject({ phase: 'running', verdict: 'CONTINUE', conclusion: null });
    experiments.breakStore(null);
    expect(await experiment.sessionsUntil(({ phase }) => phase === 'deploying')).toMatchObject({ verdict: 'SHIP' });
  });

  it('of which one arm loses sessions never ships, however good it looks', async () => {
    const random = seededRandom(11);
    const experiment = await experiments.run({ plannedUnits: 200 }, { loses: (arm) => arm === 'treatment' && random() < 0.6 });
    await experiment.until(isRunning);
    const closed = await experiment.sessionsUntil(({ phase, look }) => phase === 'closed' || look?.sampleRatio.mismatch === true, 40, 60);
    expect(closed.verdict).not.toBe('SHIP');
    expect(closed.look?.sampleRatio.mismatch).toBe(true);
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'no_evidence', reason: expect.stringContaining('not comparable') as string });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null });
  });

  it('takes no notice of what is told late, or twice', async () => {
    const told: string[] = [];
    const experiment = await experiments.run({ plannedUnits: 10_000 }, { crashes: () => 0.1 });
    await experiment.until(isRunning);
    await experiment.sessions(40);
    const before = await experiment.tick();
    expect(before.look?.immature).toBe(0);
    const units = await experiments.store.unitsAfter(experiment.plan.id, 0, 1_000);
    for (const { sessionId, exposedAtMs } of units) {
      const late = outcome({ sessionId, crashed: true, exitClass: 'crashed', startedAtMs: exposedAtMs, runningAtMs: exposedAtMs, endedAtMs: exposedAtMs + 2 });
      await experiments.store.record([late, late]);
      told.push(late.attemptId);
    }
    const after = await experiment.tick();
    expect(told.length).toBeGreaterThan(0);
    expect(after.look?.arms).toEqual(before.look?.arms);
  });

  it('that is begun twice is one experiment; another on the same parameter is refused', async () => {
    const experiment = await experiments.run();
    await experiment.until(isRunning);
    await expect(experiments.run()).rejects.toThrow(/already started/i);
    const other = await experiments.run({ id: 'experiment/danger_zone/2' });
    expect(await other.until(isClosed)).toMatchObject({ conclusion: 'refused' });
    expect(await experiment.published()).toMatchObject({ enrolment: { experimentId: 'experiment/danger_zone/1' } });
  });

  it('planned for another value than the present one is refused', async () => {
    const experiment = await experiments.run({ control: 0.7 });
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'refused', reason: 'danger_zone is 0.75 now, not the 0.7 that this was planned for' });
  });
});
