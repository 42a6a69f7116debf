import { describe, expect, it } from 'vitest';
import { changedSettings, defaultKaizenSettings, KaizenSettingsError } from '../../../domain/experiments/kaizen-settings.js';
import { interaction } from '../../../domain/experiments/interactions.js';
import { planExperiment } from '../../../domain/experiments/planning.js';
import { parameterNames } from '../../../domain/parameter-table.js';
import { anOpportunity } from '../../support/kaizen/an-opportunity.js';

const input = { id: 'experiment/danger_zone/1', index: 1, alpha: 0.001, needsApproval: false, beside: [] };

describe('the plan of an experiment', () => {
  it('is sized at its own level: a smaller one takes more sessions', () => {
    const units = [0.001, 0.0001].map((alpha) => planExperiment(anOpportunity('danger_zone'), defaultKaizenSettings, { ...input, alpha })).map((planned) => (planned.kind === 'plan' ? planned.plan.plannedUnits : Number.NaN));
    expect(units[1]).toBeGreaterThan(units[0] ?? Number.NaN);
  });

  it('is refused with the sessions it would need where they come too slowly', () => {
    const opportunity = anOpportunity('danger_zone', { plan: { alpha: 0.001, units: 60, durationMs: null, sessionsPerDay: 0.1 } });
    expect(planExperiment(opportunity, defaultKaizenSettings, input)).toMatchObject({ kind: 'undecidable', units: expect.any(Number) as number, message: expect.stringMatching(/would need \d+ sessions, which come in \d+d/) as string });
  });

  it('is refused where sessions never come, and where there is no effect', () => {
    const never = anOpportunity('danger_zone', { plan: { alpha: 0.001, units: 60, durationMs: null, sessionsPerDay: null } });
    expect(planExperiment(never, defaultKaizenSettings, input)).toMatchObject({ kind: 'undecidable', durationMs: null });
    expect(planExperiment(anOpportunity('danger_zone', { impact: 0 }), defaultKaizenSettings, input)).toMatchObject({ kind: 'undecidable', units: null });
  });

  it('has no longer than its deadline, however long may be waited', () => {
    const opportunity = anOpportunity('danger_zone', { plan: { alpha: 0.001, units: 60, durationMs: null, sessionsPerDay: 20 } });
    const settings = { ...defaultKaizenSettings, experiment: { ...defaultKaizenSettings.experiment, deadlineMs: 3_600_000 } };
    expect(planExperiment(opportunity, settings, input).kind).toBe('undecidable');
  });
});

describe('two parameters', () => {
  it('meet alike whichever is named first', () => {
    const pairs = parameterNames.flatMap((one) => parameterNames.filter((other) => other !== one).map((other) => [one, other] as const));
    expect(pairs.map(([one, other]) => interaction(one, other)?.kind)).toEqual(pairs.map(([one, other]) => interaction(other, one)?.kind));
  });

  it.each([
    ['checkpoint_interval', 'hang_timeout', { kind: 'metric', shared: 'lost_time' }],
    ['checkpoint_interval', 'danger_zone', { kind: 'mechanism', shared: 'checkpoints' }],
    ['danger_zone', 'backoff_base', null],
  ] as const)('%s and %s share what they share', (one, other, shared) => {
    expect(interaction(one, other)).toEqual(shared);
  });
});

describe('settings of the loop', () => {
  it.each([
    { change: { atOnce: 6 }, names: /^atOnce: / },
    { change: { experiment: { ...defaultKaizenSettings.experiment, ramp: [0.5, 0.2] } }, names: /^experiment\.ramp: its steps rise/ },
    { change: { experiment: { ...defaultKaizenSettings.experiment, holdback: 0 } }, names: /^experiment\.holdback: / },
    { change: { lookEveryMs: Number.NaN }, names: /^lookEveryMs: / },
  ])('that cannot be are refused by name: $names', ({ change, names }) => {
    expect(() => changedSettings(defaultKaizenSettings, change)).toThrow(KaizenSettingsError);
    expect(() => changedSettings(defaultKaizenSettings, change)).toThrow(names);
  });
});
