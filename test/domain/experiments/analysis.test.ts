import { describe, expect, it } from 'vitest';
import { createAnalysis, foldUnits, type AnalysisState } from '../../../domain/experiments/analysis.js';
import type { ExperimentLook, ExperimentPlan } from '../../../domain/experiments/experiment.js';
import { lookAt } from '../../../domain/experiments/look.js';
import type { Unit } from '../../../domain/experiments/unit.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../../domain/statistics/bernoulli-e-process.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { aPlan } from '../../support/an-experiment.js';
import { randomUnits, unit } from './units.js';

const plan = (change: Partial<ExperimentPlan> = {}) => aPlan({ bounds: {}, ...change });

function look(ofPlan: ExperimentPlan, state: AnalysisState): ExperimentLook {
  const { control, treatment } = state.totals;
  return lookAt(ofPlan, state, { atMs: 1, assigned: { control: control.units, treatment: treatment.units }, lastOutcomeAtMs: 1 });
}

function foldInBatches(ofPlan: ExperimentPlan, units: Unit[], size: number): AnalysisState {
  let state = createAnalysis(ofPlan, { crashRate: 0.1 });
  for (let from = 0; from < units.length; from += size) state = foldUnits(state, units.slice(from, from + size));
  return state;
}

describe('the analysis of an experiment', () => {
  const few = randomUnits(2_000, { control: { crash: 0.2 }, treatment: { crash: 0.05 } }, seededRandom(1));

  it('comes to the same whatever the batches, and whatever is told twice', () => {
    const at = plan();
    const whole = foldInBatches(at, few, few.length);
    expect(foldInBatches(at, few, 1)).toEqual(whole);
    expect(foldInBatches(at, few, 7)).toEqual(whole);
    expect(foldUnits(whole, few)).toEqual(whole);
  });

  it('refuses units with one missing between', () => {
    expect(() => foldUnits(createAnalysis(plan()), [unit(1, 'control'), unit(3, 'treatment')])).toThrow(/unit 3 .* came after unit 1/);
  });

  it('is JSON of a constant size', () => {
    const state = foldUnits(createAnalysis(plan()), few);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(JSON.stringify(foldUnits(createAnalysis(plan()), randomUnits(100, { control: { crash: 0.1 }, treatment: { crash: 0.1 } }, seededRandom(2)))).length).toBeLessThan(6_000);
    expect(JSON.stringify(state).length).toBeLessThan(6_000);
  });

  it('counts evidence by blocks that end once both arms have a unit, whatever they came to', () => {
    const units = [unit(1, 'control', { crashed: true }), unit(2, 'control'), unit(3, 'treatment'), unit(4, 'treatment'), unit(5, 'control', { crashed: true }), unit(6, 'treatment')];
    let expected = createBernoulliEProcess({ alpha: 0.05, differences: [] });
    expected = updateBernoulliEProcess(expected, { control: { successes: 1, trials: 2 }, treatment: { successes: 0, trials: 1 } });
    expected = updateBernoulliEProcess(expected, { control: { successes: 1, trials: 1 }, treatment: { successes: 0, trials: 1 } });
    const state = foldUnits(createAnalysis(plan()), units);
    expect(look(plan(), state).logEValue).toBe(bernoulliEProcessResult(expected).logEValue);
    expect(state.crashes.waiting).toEqual({ control: { successes: 0, trials: 0 }, treatment: { successes: 0, trials: 1 } });
  });

  it('tells the better arm, by how much, and that nothing is amiss', () => {
    const seen = look(plan(), foldUnits(createAnalysis(plan()), few));
    expect(seen.logEValue).toBeGreaterThan(seen.logThreshold);
    expect(seen).toMatchObject({ better: true, harmed: false, findings: [], immature: 0, sampleRatio: { mismatch: false } });
    expect(seen.difference).toBeLessThan(-0.1);
  });

  it('tells harm: of the metric itself, and of crashes whatever the metric', () => {
    const worse = randomUnits(600, { control: { crash: 0.05 }, treatment: { crash: 0.2 } }, seededRandom(3));
    expect(look(plan(), foldUnits(createAnalysis(plan()), worse))).toMatchObject({ better: false, harmed: true });
    const ofTokens = plan({ metric: 'tokens' });
    expect(look(ofTokens, foldUnits(createAnalysis(ofTokens), worse)).findings).toMatchObject([{ bound: 'crashRate', arm: 'treatment', verdict: 'violated', kind: 'relative' }]);
  });

  it('judges means once the burn-in is over', () => {
    const ofTokens = plan({ metric: 'tokens', plannedUnits: 1_000 });
    const tokens = randomUnits(2_000, { control: { crash: 0.05 }, treatment: { crash: 0.05 } }, seededRandom(4), (arm, random) => ({ tokens: (arm === 'control' ? 1_000 : 600) * (0.5 + random()) }));
    const early = look(ofTokens, foldUnits(createAnalysis(ofTokens), tokens.slice(0, 100)));
    expect(early).toMatchObject({ logEValue: 0, difference: null, better: false, harmed: false });
    const late = look(ofTokens, foldUnits(createAnalysis(ofTokens), tokens));
    expect(late.logEValue).toBeGreaterThan(late.logThreshold);
    expect(late.better).toBe(true);
  });

  it('sees that one arm loses sessions, and that one arm loses outcomes', () => {
    const equal = { control: { crash: 0.1 }, treatment: { crash: 0.1 } };
    const renumber = (units: Unit[]) => units.map((one, at) => ({ ...one, position: at + 1 }));
    const all = randomUnits(2_000, equal, seededRandom(5));
    const lostSessions = renumber(all.filter(({ arm, position }) => arm === 'control' || position % 5 !== 0));
    expect(look(plan(), foldUnits(createAnalysis(plan()), lostSessions)).sampleRatio.mismatch).toBe(true);
    const lostOutcomes = all.map((one) => (one.arm === 'treatment' && one.position % 5 === 0 ? { ...one, reported: false, crashed: false } : one));
    expect(look(plan(), foldUnits(createAnalysis(plan()), lostOutcomes)).sampleRatio.mismatch).toBe(true);
    expect(look(plan(), foldUnits(createAnalysis(plan()), all)).sampleRatio.mismatch).toBe(false);
  });

  it('does not take a treatment that prevents the only ends there are for one whose outcomes are lost', () => {
    const endless = randomUnits(2_000, { control: { crash: 0.5 }, treatment: { crash: 0.05 } }, seededRandom(6)).map((one) => ({ ...one, reported: one.crashed }));
    expect(look(plan(), foldUnits(createAnalysis(plan()), endless)).sampleRatio.mismatch).toBe(false);
  });

  it('raises an alarm where what is deployed crashes more than control did', () => {
    const watched = createAnalysis(plan(), { crashRate: 0.1 });
    const deployed = (crash: number) => look(plan(), foldUnits(watched, randomUnits(1_000, { control: { crash }, treatment: { crash } }, seededRandom(7)))).findings;
    expect(deployed(0.05)).toEqual([]);
    expect(deployed(0.4)).toMatchObject([{ bound: 'crashRate', verdict: 'violated', arm: 'treatment' }]);
  });

  it('takes a few new units in at once, however many came before', () => {
    const many = randomUnits(100_000, { control: { crash: 0.1 }, treatment: { crash: 0.1 } }, seededRandom(8));
    const state = foldUnits(createAnalysis(plan()), many.slice(0, -100));
    const before = performance.now();
    look(plan(), foldUnits(state, many.slice(-100)));
    expect(performance.now() - before).toBeLessThan(50);
  });
});
