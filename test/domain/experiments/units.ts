import type { Arm, Unit } from '../../../domain/experiments/unit.js';

const hour = 3_600_000;

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
