import type { ExperimentPlan } from '../../../domain/experiments/experiment.js';
import type { Arm, Unit } from '../../../domain/experiments/unit.js';

const hour = 3_600_000;

/** A plan like the loop's own, of the metric that sessions crash. */
export function plan(change: Partial<ExperimentPlan> = {}): ExperimentPlan {
  return {
    id: 'experiment/danger_zone/1',
    parameter: 'danger_zone',
    hypothesis: 'an earlier danger_zone prevents crashes',
    control: 0.75,
    treatment: 0.6,
    metric: 'crash_rate',
    index: 1,
    alpha: 0.001,
    plannedUnits: 400,
    horizonMs: hour,
    tickMs: hour / 4,
    ramp: [0.2, 1],
    unitsPerStep: 40,
    deadlineMs: 30 * 24 * hour,
    holdback: 0.1,
    monitorMs: 7 * 24 * hour,
    bounds: {},
    needsApproval: false,
    staleAfterMs: 24 * hour,
    ...change,
  };
}

/** A session that nothing happened to. */
export function unit(position: number, arm: Arm, change: Partial<Unit> = {}): Unit {
  return {
    experimentId: 'experiment/danger_zone/1',
    sessionId: `session-${position}`,
    position,
    arm,
    exposedAtMs: position,
    maturedAtMs: position + hour,
    reported: true,
    crashed: false,
    failedResume: false,
    resumes: 1,
    failedResumes: 0,
    checkpoints: 5,
    slowCheckpoints: 0,
    tokens: 1_000,
    costUsd: 0,
    lostTimeMs: 0,
    downtimeMs: 0,
    ...change,
  };
}

export interface Hazards {
  /** Of one arm's session, 0-1. */
  crash: number;
  failedResume?: number;
}

/** Sessions as they would come, half to each arm. @param count how many, the first at position 1. */
export function randomUnits(count: number, hazards: Record<Arm, Hazards>, random: () => number, metricOf: (arm: Arm, random: () => number) => Partial<Unit> = () => ({})): Unit[] {
  return Array.from({ length: count }, (_, at) => {
    const arm = random() < 0.5 ? 'control' : 'treatment';
    const { crash, failedResume = 0.02 } = hazards[arm];
    const crashed = random() < crash;
    const resumeFails = crashed && random() < failedResume;
    return unit(at + 1, arm, { crashed, failedResume: resumeFails, resumes: crashed ? 1 : 0, failedResumes: resumeFails ? 1 : 0, slowCheckpoints: random() < 0.02 ? 1 : 0, tokens: Math.round(1_000 * -Math.log(1 - random())), ...metricOf(arm, random) });
  });
}
