import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SafetyBounds, SHIMMetrics, type SafetyViolation } from '../../index.js';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { Store } from '../../analytics/outcomes/store.js';
import type { Arm } from '../../domain/experiments/unit.js';
import { aPlan, aStatus } from '../support/an-experiment.js';
import { assignment, outcome } from './outcomes/records.js';

const bounds = { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } };
const experiment = { id: 'experiment/danger_zone/1' };

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shim-safety-'));
  store = await openStore(join(folder, 'outcomes.db'));
  await store.saveExperiment(aStatus({ plan: aPlan({ horizonMs: 1_000, bounds }) }), 1);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sessions of one arm, long matured, of which the first so many crash. */
async function sessions(arm: Arm, count: number, crashes: number): Promise<void> {
  const all = Array.from({ length: count }, (_, at) => ({ given: assignment({ arm, assignedAtMs: 1_000 + at }), crashed: at < crashes }));
  for (const { given } of all) await store.assign(given);
  await store.record(
    all.map(({ given, crashed }) =>
      outcome({ sessionId: given.sessionId, crashed, exitClass: crashed ? 'crashed' : 'completed', startedAtMs: given.assignedAtMs, runningAtMs: given.assignedAtMs, endedAtMs: given.assignedAtMs + 1 }),
    ),
  );
}

describe('SafetyBounds', () => {
  it('pass no deploy of which nothing is known', async () => {
    expect(await new SafetyBounds(bounds).validate(experiment, store)).toMatchObject({ passed: false, violations: [], evidence: { lastOutcomeAtMs: null } });
  });

  it('tell a violation by the treatment, with its message and its facts', async () => {
    await sessions('control', 100, 2);
    await sessions('treatment', 100, 50);
    const told: SafetyViolation[] = [];
    const safety = new SafetyBounds(bounds);
    safety.on('threshold_violated', (violation) => told.push(violation));
    const validation = await safety.validate(experiment, store);
    expect(validation).toMatchObject({ passed: false, reason: expect.stringMatching(/^crashRate violated in treatment/) as string });
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual(validation.violations);
    expect(told[0]).toMatchObject({ experimentId: experiment.id, finding: { bound: 'crashRate', arm: 'treatment', limit: 0.1 } });
    expect(validation.evidence.arms.treatment.crashes).toEqual({ successes: 50, trials: 100 });
  });

  it('pass a deploy whose bounds are shown to be kept, and none that is stale', async () => {
    await sessions('control', 400, 4);
    await sessions('treatment', 400, 4);
    const crashes = { crashRate: bounds.crashRate };
    expect(await new SafetyBounds(crashes).validate(experiment, store)).toMatchObject({ passed: true, violations: [] });
    const later = new SafetyBounds(crashes, { nowMs: () => Date.now() + 72 * 3_600_000 });
    expect(await later.validate(experiment, store)).toMatchObject({ passed: false, reason: expect.stringContaining('stale') as string });
  });

  it('block no start for which the sessions of control suffice, even where they break a bound themselves', async () => {
    const ofCrashes = { crashRate: { max: 0.1 } };
    const early = new SafetyBounds(ofCrashes, { nowMs: () => 100_000 });
    expect(await early.validate(experiment, store, 'start')).toMatchObject({ passed: false });
    await sessions('control', 300, 100);
    expect(await early.validate(experiment, store, 'start')).toMatchObject({ passed: true });
  });

  it('ask the store beside a SHIMMetrics, which tells no arms apart', async () => {
    await sessions('control', 100, 2);
    await sessions('treatment', 100, 50);
    const safety = new SafetyBounds(bounds, { store: join(folder, 'outcomes.db') });
    expect(await safety.validate(experiment, new SHIMMetrics())).toMatchObject({ passed: false, violations: [{ finding: { bound: 'crashRate' } }] });
  });

  it('refuse bounds that are none', () => {
    expect(() => new SafetyBounds({ crashRate: { max: 2 } })).toThrow(/crashRate/);
  });
});
