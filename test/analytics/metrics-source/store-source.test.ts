import { describe, expect, it } from 'vitest';
import { OpportunityDetector } from '../../../analytics/detector/opportunity-detector.js';
import { StoreSource } from '../../../analytics/metrics-source/store-source.js';
import { noPredictions, scorePredictions } from '../../../domain/crash-prediction.js';
import { measureSessions } from '../../../domain/opportunity-rules/measure-sessions.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { attemptByContext, sessionOf } from '../../domain/opportunity-rules/simulated-sessions.js';
import { describeOnEach } from '../outcomes/store-places.js';

const dayMs = 86_400_000;

/** Forty sessions a day for ten days, which end one after another; late in the context they crash. */
function sessionsUntil(nowMs: number) {
  const random = seededRandom(21);
  return Array.from({ length: 400 }, (_, at) => {
    const endedAtMs = nowMs - 1_000 - ((399 - at) * 10 * dayMs) / 400;
    return sessionOf([{ ...attemptByContext(random, (use) => (use > 0.6 ? 0.2 : 0.005)), startedAtMs: endedAtMs - 60_000, runningAtMs: endedAtMs - 60_000, endedAtMs }]);
  });
}

describeOnEach('the outcome store as a source', ({ open }) => {
  it('gives what its sessions came to, over what it covers of the window', async () => {
    const store = await open();
    const nowMs = Date.now();
    const sessions = sessionsUntil(nowMs);
    await store.record(sessions.flatMap(({ attempts }) => attempts));
    const measured = await new StoreSource(store).measure({ fromMs: nowMs - 14 * dayMs, untilMs: nowMs });
    const { fromMs, newestAtMs } = measured;
    expect(measured).toEqual(measureSessions(sessions, { fromMs, untilMs: nowMs, newestAtMs }));
    expect(nowMs - fromMs).toBeCloseTo(10 * dayMs - 10 * dayMs / 400 + 61_000, -2);
    expect(Date.now() - (newestAtMs ?? 0)).toBeLessThan(60_000);
  });

  it('tells how well the risk zone foretold a crash, of those attempts that lived long enough to be foretold', async () => {
    const store = await open();
    const nowMs = Date.now();
    const endedAtMs = nowMs - 1_000;
    const attempts = [
      ...Array.from({ length: 3 }, () => ({ zoneBeforeEnd: 'danger', exitClass: 'crashed', crashed: true }) as const),
      { zoneBeforeEnd: 'danger', exitClass: 'completed', crashed: false } as const,
      ...Array.from({ length: 2 }, () => ({ zoneBeforeEnd: 'safe', exitClass: 'killed', crashed: true }) as const),
      ...Array.from({ length: 4 }, () => ({ zoneBeforeEnd: 'warning', exitClass: 'completed', crashed: false }) as const),
      { zoneBeforeEnd: null, exitClass: 'crashed', crashed: true } as const,
      { zoneBeforeEnd: 'danger', exitClass: 'stopped', crashed: false } as const,
    ];
    await store.record(attempts.flatMap((attempt) => sessionOf([{ ...attempt, startedAtMs: endedAtMs - 90_000, runningAtMs: endedAtMs - 90_000, endedAtMs }]).attempts));
    const { predictions } = await new StoreSource(store).measure({ fromMs: nowMs - dayMs, untilMs: nowMs });
    expect(predictions).toEqual({ truePositives: 3, falsePositives: 1, falseNegatives: 2, trueNegatives: 4 });
    expect(scorePredictions(predictions ?? noPredictions)).toEqual({ accuracy: 0.7, precision: 0.75, recall: 0.6 });
  });

  it('has no telemetry before the first outcome', async () => {
    const { found, notFound } = await new OpportunityDetector(new StoreSource(await open())).look();
    expect(found).toEqual([]);
    expect(notFound[0]).toMatchObject({ verdict: 'not_enough_data', message: 'there is no telemetry' });
  });

  it('lets the detector find, plan by the flow of sessions, and replay', async () => {
    const store = await open();
    await store.record(sessionsUntil(Date.now()).flatMap(({ attempts }) => attempts));
    const detector = new OpportunityDetector(new StoreSource(store));
    const [opportunity] = await detector.detectOpportunities();
    expect(opportunity).toMatchObject({ type: 'crash_rate', parameter: 'danger_zone', proposedValue: 0.6, plan: { sessionsPerDay: expect.closeTo(40, 0) }, replay: { parameter: 'danger_zone', sessions: 400, proposedValue: 0.6 } });
    expect(opportunity?.plan.durationMs).toBeGreaterThan(dayMs);
    const replayed = opportunity?.replay?.figures[0];
    expect(replayed?.proposed).toBeLessThan((replayed?.present ?? 0) / 2);
    expect(replayed?.interval.upper).toBeLessThan(0);
  });

  it('lets the detector say how long it would take where that is too long, with all it found', async () => {
    const store = await open();
    await store.record(sessionsUntil(Date.now()).flatMap(({ attempts }) => attempts));
    const { found, notFound } = await new OpportunityDetector(new StoreSource(store)).look({ longestMs: dayMs });
    expect(found).toEqual([]);
    expect(notFound.find(({ verdict }) => verdict === 'undecidable')).toMatchObject({
      type: 'crash_rate',
      message: expect.stringMatching(/danger_zone 0\.75 -> 0\.6 would take \d+ sessions, .* by the present 40 a day, and 1d is the longest allowed/),
      opportunity: { parameter: 'danger_zone', proposedValue: 0.6, replay: { sessions: 400 } },
    });
  });
});

describe('a store that fails', () => {
  it('fails the look: nothing is taken for well', async () => {
    const gone = new Error('database is locked');
    const source = new StoreSource({ sessionsBetween: () => Promise.reject(gone), lastOutcomeAtMs: () => Promise.resolve(1) });
    await expect(new OpportunityDetector(source).detectOpportunities()).rejects.toBe(gone);
  });
});
