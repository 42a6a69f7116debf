import { createBernoulliEProcess, defaultDifferences, updateBernoulliEProcess, type BernoulliEProcessState } from '../statistics/bernoulli-e-process.js';
import { createChangeDetector, updateChangeDetector, type ChangeDetectorState } from '../statistics/change-detector.js';
import type { Arms, Proportion } from '../statistics/interval.js';
import { createSampleRatio, updateSampleRatio, type SampleRatioState } from '../statistics/sample-ratio.js';
import { addTrials, addUnit, noTotals } from './arm-totals.js';
import type { ExperimentPlan } from './experiment.js';
import type { ArmTotals, Unit } from './unit.js';

/** Level of the intervals that harm and non-inferiority are read from, both ends together. */
export const intervalAlpha = 0.05;

/** Differences that a guard's interval can end at; the margins that are judged are among them. */
const guardDifferences = [-0.5, -0.2, -0.1, -0.05, -0.02, 0, 0.02, 0.05, 0.1, 0.2, 0.5];

/** An e-process and the units that wait for their block: a block is full once both arms have a unit, whatever they came to. */
export interface BlockedEProcess {
  process: BernoulliEProcessState;
  waiting: Arms<Proportion>;
}

/** All that an experiment's units came to so far. Plain JSON, constant in size. */
export interface AnalysisState {
  /** Of the last unit that was taken in; 0 before the first. */
  position: number;
  totals: Arms<ArmTotals>;
  /** Sessions with a crash, and sessions with a failed resume: the metric that decides, or guards beside it. */
  crashes: BlockedEProcess;
  failedResumes: BlockedEProcess;
  /** Sessions without a crash that told nothing: their outcomes may be lost in one arm. */
  silences: BlockedEProcess;
  sampleRatio: SampleRatioState;
  /** Watches crashes of the deployed value against the rate that control had; null before the deploy. */
  detector: ChangeDetectorState | null;
}

/** Before the first unit. @param watch of what is deployed: the crash rate that it must not rise above, strictly inside (0, 1). */
export function createAnalysis({ metric }: Pick<ExperimentPlan, 'metric'>, watch: { crashRate: number } | null = null): AnalysisState {
  const process = (differences: readonly number[]): BlockedEProcess => ({
    process: createBernoulliEProcess({ alpha: intervalAlpha, differences }),
    waiting: { control: { successes: 0, trials: 0 }, treatment: { successes: 0, trials: 0 } },
  });
  return {
    position: 0,
    totals: { control: noTotals, treatment: noTotals },
    crashes: process(metric === 'crash_rate' ? defaultDifferences : guardDifferences),
    failedResumes: process(metric === 'failed_resume_rate' ? defaultDifferences : guardDifferences),
    silences: process([]),
    sampleRatio: createSampleRatio([0.5, 0.5]),
    detector: watch && createChangeDetector({ kind: 'bernoulli', baseline: watch.crashRate, alpha: falseAlarm }),
  };
}

/** One false alarm in so many deployed sessions on average, were they to crash as often as control did. */
const falseAlarm = 1e-4;

/**
 * Takes matured units in, in order of their positions: the same units in whatever batches come to the same state. Units that
 * were taken in before are passed over.
 *
 * @throws RangeError where a unit is missing between two.
 */
export function foldUnits(state: AnalysisState, units: readonly Unit[]): AnalysisState {
  const next = { ...state, totals: { ...state.totals } };
  for (const unit of units) {
    if (unit.position <= next.position) continue;
    if (unit.position !== next.position + 1) throw new RangeError(`unit ${unit.position} of ${unit.experimentId} came after unit ${next.position}`);
    take(next, unit);
  }
  return next;
}

function take(next: AnalysisState, unit: Unit): void {
  const { arm } = unit;
  next.position = unit.position;
  next.totals[arm] = addUnit(next.totals[arm], unit);
  next.crashes = takeTrial(next.crashes, arm, unit.crashed);
  next.failedResumes = takeTrial(next.failedResumes, arm, unit.failedResume);
  // Among those that did not crash: a treatment that prevents crashes has more sessions that are still running, and are silent.
  if (!unit.crashed) next.silences = takeTrial(next.silences, arm, !unit.reported);
  next.sampleRatio = updateSampleRatio(next.sampleRatio, arm === 'control' ? [1, 0] : [0, 1]);
  if (next.detector && arm === 'treatment') next.detector = updateChangeDetector(next.detector, { events: unit.crashed ? 1 : 0, exposure: 1 });
}

function takeTrial({ process, waiting }: BlockedEProcess, arm: keyof Arms<unknown>, success: boolean): BlockedEProcess {
  const block = { ...waiting, [arm]: addTrials(waiting[arm], success ? 1 : 0, 1) };
  if (block.control.trials === 0 || block.treatment.trials === 0) return { process, waiting: block };
  return { process: updateBernoulliEProcess(process, block), waiting: { control: { successes: 0, trials: 0 }, treatment: { successes: 0, trials: 0 } } };
}

