import { judgeSafety, defaultSafetyOptions, type SafetyFinding } from '../safety-bounds.js';
import type { Arms, Interval, SampleSummary } from '../statistics/interval.js';
import { createMeanSequence, meanSequenceResult, updateMeanSequence } from '../statistics/mean-sequence.js';
import { sampleRatioResult } from '../statistics/sample-ratio.js';
import { changeDetectorResult } from '../statistics/change-detector.js';
import { bernoulliEProcessResult } from '../statistics/bernoulli-e-process.js';
import { intervalAlpha, type AnalysisState, type BlockedEProcess } from './analysis.js';
import type { ExperimentLook, ExperimentPlan } from './experiment.js';
import type { MetricName } from './metric.js';
import type { ArmTotals } from './unit.js';

/** What a look takes from elsewhere than the units. */
export interface LookContext {
  /** Unix ms. */
  atMs: number;
  /** Sessions that were assigned, matured or not. */
  assigned: Arms<number>;
  lastOutcomeAtMs: number | null;
}

/** Level at which arms are taken to have been filled unevenly, or one of them to be losing its outcomes. */
const mismatchAlpha = 0.001;

/** What is known now. The numbers may be looked at at any time. */
export function lookAt(plan: ExperimentPlan, state: AnalysisState, { atMs, assigned, lastOutcomeAtMs }: LookContext): ExperimentLook {
  const { control, treatment } = state.totals;
  const { logEValue, difference, interval } = primaryEvidence(plan, state);
  return {
    atMs,
    arms: { control, treatment },
    logEValue,
    logThreshold: -Math.log(plan.alpha),
    difference,
    interval,
    better: difference !== null && difference < 0,
    findings: findingsOf(plan, state),
    // A null at the very end of the interval is rejected, too.
    harmed: interval.lower !== null && interval.lower >= 0 && difference !== null && difference > 0,
    sampleRatio: sampleRatioOf(state),
    immature: Math.max(0, assigned.control + assigned.treatment - control.units - treatment.units),
    lastOutcomeAtMs,
  };
}

interface PrimaryEvidence {
  logEValue: number;
  difference: number | null;
  interval: Interval;
}

function primaryEvidence(plan: ExperimentPlan, state: AnalysisState): PrimaryEvidence {
  const { metric } = plan;
  const { control, treatment } = state.totals;
  switch (metric) {
    case 'crash_rate':
      return { ...binaryEvidence(state.crashes), difference: shareDifference(control, treatment, 'crashes') };
    case 'failed_resume_rate':
      return { ...binaryEvidence(state.failedResumes), difference: shareDifference(control, treatment, 'sessionsWithFailedResume') };
    case 'lost_time':
    case 'downtime':
    case 'tokens':
      return meanEvidence(plan, { control: summaryOf(control, metric), treatment: summaryOf(treatment, metric) });
  }
}

function binaryEvidence({ process }: BlockedEProcess): Pick<PrimaryEvidence, 'logEValue' | 'interval'> {
  const { logEValue, interval } = bernoulliEProcessResult(process);
  return { logEValue, interval };
}

/** Of the units that wait for their block, too. */
function shareDifference(control: ArmTotals, treatment: ArmTotals, of: 'crashes' | 'sessionsWithFailedResume'): number | null {
  if (control.units === 0 || treatment.units === 0) return null;
  return treatment[of].successes / treatment[of].trials - control[of].successes / control[of].trials;
}

function summaryOf(totals: ArmTotals, metric: Exclude<MetricName, 'crash_rate' | 'failed_resume_rate'>): SampleSummary {
  return { lost_time: totals.lostTimeMs, downtime: totals.downtimeMs, tokens: totals.tokens }[metric];
}

/** The e-value is tuned to the level that decides, the interval to its own. */
function meanEvidence({ alpha, plannedUnits }: ExperimentPlan, arms: Arms<SampleSummary>): PrimaryEvidence {
  const at = (level: number) => meanSequenceResult(updateMeanSequence(updateMeanSequence(createMeanSequence({ alpha: level, plannedUnits }), 'control', arms.control), 'treatment', arms.treatment));
  const { interval, difference } = at(intervalAlpha);
  return { logEValue: at(alpha).logEValue, difference, interval };
}

/**
 * The bounds that a person set, and one that nobody has to set: whatever an experiment is about, it must not be shown to raise
 * the crash rate.
 */
export function findingsOf(plan: Pick<ExperimentPlan, 'bounds' | 'metric' | 'plannedUnits'>, state: AnalysisState): SafetyFinding[] {
  const crashes = bernoulliEProcessResult(state.crashes.process).interval;
  const options = { ...defaultSafetyOptions, alpha: intervalAlpha, plannedSessions: Math.max(1, Math.ceil(plan.plannedUnits / 2)) };
  const findings = judgeSafety(plan.bounds, state.totals, options, { crashes, sessionsWithFailedResume: bernoulliEProcessResult(state.failedResumes.process).interval });
  if (plan.metric !== 'crash_rate' && crashes.lower !== null && crashes.lower >= 0) findings.push(raised(crashes));
  const { detector } = state;
  if (detector && changeDetectorResult(detector).alarm) findings.push(regressed(detector.baseline, state.totals.treatment));
  return findings;
}

function raised(interval: Interval): SafetyFinding {
  return { bound: 'crashRate', arm: 'treatment', verdict: 'violated', kind: 'relative', limit: 0, interval, message: `crashRate violated in treatment: more of its sessions crash than of control's, by ${interval.lower} to ${interval.upper}` };
}

function regressed(baseline: number, { crashes }: ArmTotals): SafetyFinding {
  const message = `crashRate violated in treatment: ${crashes.successes} of ${crashes.trials} sessions crashed since the deploy, an alarm against the ${baseline.toPrecision(3)} that control had`;
  return { bound: 'crashRate', arm: 'treatment', verdict: 'violated', kind: 'absolute', limit: baseline, interval: { lower: baseline, upper: null }, message };
}

function sampleRatioOf(state: AnalysisState): ExperimentLook['sampleRatio'] {
  const assigned = sampleRatioResult(state.sampleRatio, mismatchAlpha);
  const silent = bernoulliEProcessResult(state.silences.process);
  const pValue = Math.min(assigned.pValue, silent.pValue);
  return { pValue, mismatch: pValue <= mismatchAlpha };
}
