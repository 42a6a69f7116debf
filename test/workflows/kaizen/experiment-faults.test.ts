import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebhookError } from '../../../analytics/alerts.js';
import { StatsigPlatform } from '../../../analytics/statsig/statsig-platform.js';
import { StatsigUnavailableError } from '../../../analytics/statsig/statsig-error.js';
import type { ExperimentStatus } from '../../../domain/experiments/experiment.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { outcome } from '../../analytics/outcomes/records.js';
import { BadServer } from '../../support/bad-server.js';
import { poll } from '../../support/poll.js';
import { useExperiments } from '../../support/use-experiments.js';

const experiments = useExperiments();
const minute = 60_000;
const isClosed = ({ phase }: ExperimentStatus) => phase === 'closed';
const isRunning = ({ phase }: ExperimentStatus) => phase === 'running';
const harmful = (value: unknown) => (value === 0.75 ? 0.02 : 0.6);

/** Sessions that have matured. */
function units({ look }: ExperimentStatus): number {
  return (look?.arms.control.units ?? 0) + (look?.arms.treatment.units ?? 0);
}

/** What a Statsig that is not well says to whatever it is asked. */
const illAnswers: { how: string; answer: RequestListener }[] = [
  { how: 'is slow', answer: () => undefined },
  { how: 'answers garbage', answer: (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>down for maintenance') },
  { how: 'answers half of what it should', answer: (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"x"') },
];

/** Has the experiment ask this Statsig, by the real client, while the work lasts. */
async function withStatsig<T>(answer: RequestListener, work: () => Promise<T>): Promise<T> {
  const server = await BadServer.start(answer);
  const real = StatsigPlatform.opening({ connection: { address: server.address, secretKey: 'secret-test', consoleKey: 'console-test' }, outbox: experiments.store, console: { timeoutMs: 200, retries: 0 }, specsTimeoutMs: 200 });
  experiments.platform.behind = real;
  try {
    return await work();
  } finally {
    experiments.platform.behind = null;
    await real.opened;
    await real.close();
    await server.stop();
  }
}

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

  it.each(illAnswers)('is rolled back while Statsig $how: what it is owed is kept for the mirror', async ({ answer }) => {
    const experiment = await experiments.run({}, { crashes: harmful });
    await experiment.until(isRunning);
    await experiment.quiet();
    await withStatsig(answer, async () => {
      expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'rolled_back' });
    });
    expect(await experiment.published()).toMatchObject({ value: 0.75, enrolment: null });
    expect(await experiments.store.owed(10)).toMatchObject([{ kind: 'console', body: { call: 'abandon' } }]);
  });

  it.each(illAnswers)('begins only once Statsig is well, where it $how at first: until then no session is in it', async ({ answer }) => {
    const experiment = await withStatsig(answer, async () => {
      const begun = await experiments.run();
      await begun.until(({ reason }) => reason.startsWith('registers'));
      await poll(
        () => begun.handle.describe(),
        ({ raw }) => (raw.pendingActivities ?? []).some(({ activityType, attempt }) => activityType?.name === 'registerExperiment' && (attempt ?? 0) > 1),
      );
      expect(await begun.published()).toBeNull();
      return begun;
    });
    await experiment.until(isRunning);
    expect(await experiment.published()).toMatchObject({ enrolment: { experimentId: experiment.plan.id } });
  });

  it('whose store is full ships nothing, and takes back what it gave as soon as there is room', async () => {
    const experiment = await experiments.run({ plannedUnits: 10_000, deadlineMs: 24 * 60 * minute });
    await experiment.until(isRunning);
    await experiment.sessions(60);
    await experiment.quiet();
    experiments.fillStore(new Error('database or disk is full'));
    let status = await experiment.status();
    while (status.phase !== 'restoring') {
      expect(status.phase).toBe('running');
      const { nextLookAtMs } = status;
      await experiments.environment.skip(minute);
      status = await experiment.until((now) => now.phase === 'restoring' || (now.nextLookAtMs !== nextLookAtMs && now.events.at(-1)?.what.startsWith('a look failed') === true));
    }
    expect(status).toMatchObject({ verdict: 'NO_EVIDENCE', reason: expect.stringContaining('looks in a row failed') as string });
    expect(await experiment.published()).toMatchObject({ enrolment: { experimentId: experiment.plan.id } });
    experiments.fillStore(null);
    expect(await experiment.until(isClosed)).toMatchObject({ conclusion: 'no_evidence' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, rollout: null, enrolment: null });
  });

  it('is rolled back though the webhook takes no alert', async () => {
    const experiment = await experiments.run({}, { crashes: harmful });
    await experiment.until(isRunning);
    experiments.breakWebhook(new WebhookError('the webhook answered 500'));
    expect(await experiment.sessionsUntil(isClosed)).toMatchObject({ conclusion: 'rolled_back' });
    expect(await experiment.published()).toMatchObject({ value: 0.75, enrolment: null });
    expect(experiments.alerts.map(({ kind }) => kind)).toEqual(['rolled_back', 'rolled_back', 'rolled_back']);
  });

  it('counts each session once, and decides, where the clock of those who begin sessions is set back', async () => {
    const experiment = await experiments.run({ plannedUnits: 200 });
    await experiment.until(isRunning);
    await experiment.sessions(60);
    const before = await experiment.quiet();
    await experiment.fleet.come(60, (await experiments.environment.now()) - 0.75 * minute);
    await experiment.sessions(0);
    const after = await experiment.quiet();
    expect(units(after)).toBe(units(before) + 60);
    expect(await experiment.sessionsUntil(({ verdict }) => verdict === 'SHIP')).toMatchObject({ verdict: 'SHIP' });
    const counted = await experiments.store.unitsAfter(experiment.plan.id, 0, 10_000);
    expect(counted.map(({ position }) => position)).toEqual(counted.map((_unit, at) => at + 1));
    expect(new Set(counted.map(({ sessionId }) => sessionId)).size).toBe(counted.length);
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
