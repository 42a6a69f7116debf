import { createAnalysis, foldUnits } from '../../domain/experiments/analysis.js';
import type { ExperimentLook, ExperimentPlan, Verdict } from '../../domain/experiments/experiment.js';
import { lookAt } from '../../domain/experiments/look.js';
import type { Arm, Unit } from '../../domain/experiments/unit.js';
import { decideVerdict } from '../../domain/experiments/verdict.js';

/** How one arm's sessions fare. */
export interface Population {
  /** Chance to crash at all. */
  crash: number;
  /** Mean of the time lost, exponential, ms. */
  lostTimeMs: number;
}

/** Sessions between two looks. */
export const sessionsPerTick = 50;

export interface SimulatedEnd {
  verdict: Exclude<Verdict, 'CONTINUE'>;
  reason: string;
  /** Sessions of both arms when it ended, and those that had the treatment. */
  sessions: number;
  treated: number;
  look: ExperimentLook;
}

/**
 * One experiment from its first session to its verdict, by the very functions that the workflow and its activities use: fold,
 * look and verdict, at every tick. Time is counted in sessions: one matures each millisecond.
 */
export function simulateExperiment(plan: ExperimentPlan, arms: Readonly<Record<Arm, Population>>, random: () => number): SimulatedEnd {
  let state = createAnalysis(plan);
  for (let sessions = 0; ; ) {
    const units = Array.from({ length: sessionsPerTick }, (_, at) => randomUnit(plan.id, sessions + at + 1, arms, random));
    sessions += sessionsPerTick;
    state = foldUnits(state, units);
    const { control, treatment } = state.totals;
    const look = lookAt(plan, state, { atMs: sessions, assigned: { control: control.units, treatment: treatment.units }, lastOutcomeAtMs: sessions });
    const { verdict, reason } = decideVerdict(plan, look, { nowMs: sessions, startedAtMs: 0, failedLooks: 0 });
    if (verdict !== 'CONTINUE') return { verdict, reason, sessions, treated: treatment.units, look };
  }
}

function randomUnit(experimentId: string, position: number, arms: Readonly<Record<Arm, Population>>, random: () => number): Unit {
  const arm = random() < 0.5 ? 'control' : 'treatment';
  const crashed = random() < arms[arm].crash;
  const failedResume = crashed && random() < 0.03;
  return {
    experimentId,
    sessionId: String(position),
    position,
    arm,
    exposedAtMs: position,
    maturedAtMs: position,
    reported: true,
    crashed,
    failedResume,
    resumes: crashed ? 1 : 0,
    failedResumes: failedResume ? 1 : 0,
    checkpoints: 4,
    slowCheckpoints: random() < 0.02 ? 1 : 0,
    tokens: exponential(50_000, random),
    costUsd: 0,
    lostTimeMs: exponential(arms[arm].lostTimeMs, random),
    downtimeMs: 0,
  };
}

function exponential(mean: number, random: () => number): number {
  return -mean * Math.log(1 - random());
}
