import { describe, expect, it } from 'vitest';
import { describeKaizen } from '../../../client/cli/kaizen-text.js';
import { defaultKaizenSettings } from '../../../domain/experiments/kaizen-settings.js';
import type { Opportunity } from '../../../domain/experiments/opportunity.js';
import type { KaizenStatus } from '../../../workflows/kaizen-messages.js';

const nowMs = 1_800_000_000_000;
const opportunity: Opportunity = {
  type: 'checkpoint_interval',
  parameter: 'checkpoint_interval',
  pattern: 'checkpoints every 10m',
  hypothesis: 'fewer minutes lose less',
  confidence: 0.999,
  interval: { lower: 1, upper: 3 },
  impact: -0.4,
  rationale: 'Young-Daly',
  currentValue: 10,
  proposedValue: 2,
  sampleSize: 60,
  metric: 'lost_time',
  baseline: { mean: 60_000, standardDeviation: 30_000 },
  plan: { alpha: 0.001, units: 900, durationMs: 15_552_000_000, sessionsPerDay: 5 },
  replay: {
    parameter: 'checkpoint_interval',
    currentValue: 10,
    proposedValue: 2,
    sessions: 60,
    attempts: 80,
    figures: [{ name: 'work lost a session', unit: 'ms', present: 60_000, proposed: 12_000, interval: { lower: -60_000, upper: -30_000 } }],
    assumptions: ['Crashes would have come when they came.'],
  },
};

function status(change: Partial<KaizenStatus>): KaizenStatus {
  return { scope: 'default', state: 'running', settings: defaultKaizenSettings, lastLookAtMs: nowMs - 1_000, nextLookAtMs: nowMs + 60_000, looks: 1, found: [], notFound: [], experiments: [], reason: 'the last look found nothing', problem: null, ...change };
}

describe('shim kaizen, for a person', () => {
  it.each([
    ['found', status({ found: [{ opportunity, action: 'observe: would try it' }] }), 'observe: would try it'],
    ['that would take too long', status({ notFound: [{ type: 'checkpoint_interval', verdict: 'undecidable', message: 'it would need 900 sessions', opportunity }] }), 'it would need 900 sessions'],
  ])('tells an opportunity %s: why, how many sessions it takes, and what recorded ones would have come to', (_which, loop, done) => {
    const text = describeKaizen(loop, nowMs);
    expect(text).toMatch(/opportunity +checkpoint_interval: 10m -> 2m/);
    expect(text).toMatch(/it takes +900 sessions, by 5 sessions a day in about 180d/);
    expect(text).toMatch(/replayed +work lost a session: 1m -> 12 s \(change between -1m and -30 s, 60 recorded sessions\)/);
    expect(text).toMatch(/if +Crashes would have come when they came\./);
    expect(text).toContain(done);
  });

  it('says how to make it look where it has not yet', () => {
    expect(describeKaizen(status({ looks: 0, lastLookAtMs: null }), nowMs)).toContain('make it: shim kaizen look');
  });
});
