import type { ExperimentPlan } from '../../domain/experiments/experiment.js';
import { partRandom } from '../part-random.js';
import { simulateExperiment } from './simulated-experiment.js';

/** How many sessions a harmful treatment was given to before it was taken back. */
export interface HarmResult {
  runs: number;
  /** Of them, rolled back. */
  stopped: number;
  /** Sessions with the treatment at the end, of all runs, ascending. */
  treated: number[];
}

const never = Number.MAX_SAFE_INTEGER;

function planOf(plannedUnits: number, deadlineMs: number, metric: ExperimentPlan['metric']): ExperimentPlan {
  return {
    id: 'experiment/danger_zone/1',
    parameter: 'danger_zone',
    hypothesis: 'the proposed value is better',
    control: 0.75,
    treatment: 0.9,
    metric,
    index: 1,
    alpha: 0.001,
    plannedUnits,
    horizonMs: 1,
    tickMs: 1,
    ramp: [1],
    unitsPerStep: 1,
    deadlineMs,
    holdback: 0.1,
    monitorMs: 1,
    coolDownMs: 0,
    bounds: { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } },
    needsApproval: false,
    staleAfterMs: never,
  };
}

/** A treatment whose sessions crash so many times as often as control's; experiments by another metric than crashes, so that it is the bounds that stop it. */
export function simulateHarm({ runs, controlCrash, times, seed }: { runs: number; controlCrash: number; times: number; seed: number }): HarmResult {
  const plan = planOf(1_000, 20_000, 'lost_time');
  const ends = Array.from({ length: runs }, (_, run) => {
    const control = { crash: controlCrash, lostTimeMs: 60_000 };
    return simulateExperiment(plan, { control, treatment: { ...control, crash: controlCrash * times } }, partRandom(`a treatment that harms, ${controlCrash}`, seed + run));
  });
  return { runs, stopped: ends.filter(({ verdict }) => verdict === 'ROLLBACK').length, treated: ends.map(({ treated }) => treated).toSorted((one, other) => one - other) };
}

/** Of treatments that are no other than control, the share that is rolled back or shipped within so many sessions. */
export function simulateNoHarm({ runs, crash, sessions, seed }: { runs: number; crash: number; sessions: number; seed: number }): { runs: number; rolledBack: number; shipped: number } {
  const plan = planOf(sessions / 2, sessions, 'crash_rate');
  const arm = { crash, lostTimeMs: 60_000 };
  const verdicts = Array.from({ length: runs }, (_, run) => simulateExperiment(plan, { control: arm, treatment: arm }, partRandom(`a treatment that is no other, ${crash}`, seed + run)).verdict);
  return { runs, rolledBack: verdicts.filter((verdict) => verdict === 'ROLLBACK').length, shipped: verdicts.filter((verdict) => verdict === 'SHIP').length };
}

/** @param ascending numbers. */
export function quantileOf(ascending: readonly number[], probability: number): number {
  return ascending[Math.min(ascending.length - 1, Math.ceil(probability * ascending.length) - 1)] ?? 0;
}
