import { defaultSafetyOptions, judgeSafety } from '../../domain/safety-bounds.js';
import type { ExperimentLook, ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { ArmTotals } from '../../domain/experiments/unit.js';

/** A plan as the loop makes them: danger_zone, judged by the crash rate. */
export function aPlan(change: Partial<ExperimentPlan> = {}): ExperimentPlan {
  return {
    id: 'experiment/danger_zone/1',
    parameter: 'danger_zone',
    hypothesis: 'A lower danger zone recycles a session before its context makes it crash',
    control: 0.75,
    treatment: 0.6,
    metric: 'crash_rate',
    index: 1,
    alpha: 0.001,
    plannedUnits: 200,
    horizonMs: 3_600_000,
    tickMs: 60_000,
    ramp: [0.2, 0.5, 1],
    unitsPerStep: 20,
    deadlineMs: 7 * 24 * 3_600_000,
    holdback: 0.1,
    monitorMs: 24 * 3_600_000,
    coolDownMs: 24 * 3_600_000,
    bounds: { crashRate: { max: 0.1 } },
    needsApproval: false,
    staleAfterMs: 3_600_000,
    ...change,
  };
}

/** Totals of an arm of which only the crashes matter. */
export function crashTotals(crashed: number, units: number): ArmTotals {
  const none = { n: units, mean: 0, variance: 0 };
  const never = { successes: 0, trials: 0 };
  return {
    units,
    unreported: 0,
    crashes: { successes: crashed, trials: units },
    sessionsWithFailedResume: { successes: 0, trials: units },
    failedResumes: never,
    slowCheckpoints: never,
    failedResumeShare: { n: 0, mean: 0, variance: 0 },
    slowCheckpointShare: { n: 0, mean: 0, variance: 0 },
    tokens: none,
    lostTimeMs: none,
    downtimeMs: none,
  };
}

/** A look at crashes of so many sessions an arm. */
export function aLook(plan: ExperimentPlan, control: ArmTotals, treatment: ArmTotals, change: Partial<ExperimentLook> = {}): ExperimentLook {
  const difference = control.units > 0 && treatment.units > 0 ? treatment.crashes.successes / treatment.units - control.crashes.successes / control.units : null;
  return {
    atMs: 1_800_000_000_000,
    arms: { control, treatment },
    logEValue: 3,
    logThreshold: -Math.log(plan.alpha),
    difference,
    interval: { lower: -0.5, upper: 0.1 },
    better: difference !== null && difference < 0,
    findings: judgeSafety(plan.bounds, { control, treatment }, defaultSafetyOptions),
    harmed: false,
    sampleRatio: { pValue: 1, mismatch: false },
    immature: 0,
    lastOutcomeAtMs: 1_800_000_000_000,
    ...change,
  };
}

export function aStatus(change: Partial<ExperimentStatus> = {}): ExperimentStatus {
  const plan = change.plan ?? aPlan();
  return { plan, phase: 'running', reason: '60 of 200 sessions have matured', verdict: 'CONTINUE', conclusion: null, step: 1, startedAtMs: 1_800_000_000_000, nextLookAtMs: null, look: null, events: [], ...change };
}
