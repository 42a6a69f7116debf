import { describe, expect, it } from 'vitest';
import { OpportunityDetector, SHIMMetrics } from '../../../index.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { reportOf } from '../attempt-reports.js';

/** Sessions of one attempt each, whose hazard grows with their context use where it is said to. */
function feed(metrics: SHIMMetrics, sessions: number, hazardAt: (contextUse: number) => number): void {
  const random = seededRandom(7);
  for (let session = 0; session < sessions; session += 1) {
    let use = 0.025;
    while (use < 0.75 && random() >= hazardAt(use)) use += 0.05;
    const exitClass = use < 0.75 ? 'crashed' : 'completed';
    metrics.attemptEnded(reportOf({ sessionId: `session-${session}`, attemptId: `attempt-${session}`, exitClass, maxContextUse: use, endedAtMs: 600_000 }), 'command');
  }
}

describe('OpportunityDetector over SHIMMetrics', () => {
  it('proposes an earlier danger zone where crashes come at high context use', async () => {
    const metrics = new SHIMMetrics();
    feed(metrics, 400, (use) => (use > 0.6 ? 0.2 : 0.005));
    const opportunities = await new OpportunityDetector(metrics).detectOpportunities();
    expect(opportunities).toMatchObject([{ type: 'crash_rate', parameter: 'danger_zone', metric: 'crash_rate', currentValue: 0.75, proposedValue: 0.6, sampleSize: 400 }]);
    expect(opportunities[0]?.confidence).toBeGreaterThan(0.999);
    expect(opportunities[0]?.impact).toBeLessThan(-0.5);
    expect(opportunities[0]?.plan.units).toBeGreaterThan(20);
  });

  it('finds nothing before there is anything to find, and says why', async () => {
    const { found, notFound } = await new OpportunityDetector(new SHIMMetrics()).look();
    expect(found).toEqual([]);
    expect(new Set(notFound.map(({ message }) => message))).toEqual(new Set(['there is no telemetry']));
  });

  it('says how many sessions are lacking', async () => {
    const metrics = new SHIMMetrics();
    feed(metrics, 31, (use) => (use > 0.6 ? 0.2 : 0.005));
    const { found, notFound } = await new OpportunityDetector(metrics).look();
    expect(found).toEqual([]);
    expect(notFound).toContainEqual({ type: 'crash_rate', verdict: 'not_enough_data', message: '31 sessions of 50 wanted' });
  });

  it('makes no second opportunity of a parameter that is open, cooling down or frozen', async () => {
    const metrics = new SHIMMetrics();
    feed(metrics, 400, (use) => (use > 0.6 ? 0.2 : 0.005));
    const detector = new OpportunityDetector(metrics);
    for (const verdict of ['open', 'cooling_down', 'frozen'] as const) {
      const { found, notFound } = await detector.look({ parameters: { danger_zone: { value: 0.75, taken: { verdict, reason: 'experiment/danger_zone/1' } } } });
      expect(found).toEqual([]);
      expect(notFound.find(({ type }) => type === 'crash_rate')).toMatchObject({ verdict, message: expect.stringContaining('danger_zone: experiment/danger_zone/1') });
    }
  });
});
