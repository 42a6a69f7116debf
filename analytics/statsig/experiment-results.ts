import { createAnalysis, foldUnits } from '../../domain/experiments/analysis.js';
import type { ExperimentPlan } from '../../domain/experiments/experiment.js';
import { lookAt } from '../../domain/experiments/look.js';
import { metrics, type MetricName } from '../../domain/experiments/metric.js';
import type { Arm, ArmTotals, Unit } from '../../domain/experiments/unit.js';
import { fisherTest } from '../../domain/statistics/exact-tests.js';
import type { Arms, Interval } from '../../domain/statistics/interval.js';
import { StatisticsError } from '../../domain/statistics/statistics-error.js';
import { welchTest } from '../../domain/statistics/welch.js';

/** What one arm's sessions came to. */
export interface ArmResults {
  /** Sessions assigned, whatever became of them. */
  sampleSize: number;
  /** A session's mean of each metric; null before the first session. */
  metrics: Record<MetricName, number | null>;
}

/** What Statsig's own Pulse says of one arm: units that were exposed, and the share of them with a crash after it, ratio 0-1. */
export interface PulseArm {
  units: number;
  crashRate: number;
}

export interface ExperimentResults {
  experimentId: string;
  control: ArmResults;
  treatment: ArmResults;
  /** By the e-value at the experiment's level: it holds however often one looks. */
  isSignificant: boolean;
  /** Of the arms as they are, for one look: by Fisher's exact test, for a mean by Welch's; null while it cannot be told. */
  pValue: number | null;
  /** Null while nothing is significant. */
  winner: Arm | null;
  /** Natural logarithm of the e-value, and what it has to reach. */
  logEValue: number;
  logThreshold: number;
  /** Treatment less control; null until both arms have a session. */
  difference: number | null;
  interval: Interval;
  /** One line for people. */
  reason: string;
  /** A cross-check that decides nothing, in the cloud a day old; null where Statsig does not tell. */
  pulse: Arms<PulseArm> | null;
}

/** Judges units in the order of their assignment by the metric and at the level of the plan. */
export function resultsOf(plan: ExperimentPlan, units: readonly Unit[], atMs: number): Omit<ExperimentResults, 'pulse'> {
  const state = foldUnits(createAnalysis(plan), units);
  const { control, treatment } = state.totals;
  const look = lookAt(plan, state, { atMs, assigned: { control: control.units, treatment: treatment.units }, lastOutcomeAtMs: null });
  const { logEValue, logThreshold, difference, interval, sampleRatio } = look;
  // Arms that were filled unevenly are of sessions that are no more alike.
  const isSignificant = logEValue >= logThreshold && difference !== null && difference !== 0 && !sampleRatio.mismatch;
  const better: Arm = (difference ?? 0) < 0 ? 'treatment' : 'control';
  const pValue = pValueOf(plan.metric, state.totals);
  return {
    experimentId: plan.id,
    control: armResults(control),
    treatment: armResults(treatment),
    isSignificant,
    pValue,
    winner: isSignificant ? better : null,
    logEValue,
    logThreshold,
    difference,
    interval,
    reason: reasonOf({ isSignificant, better, mismatch: sampleRatio.mismatch, metric: plan.metric, eValue: Math.exp(logEValue), wanted: Math.exp(logThreshold), sessions: units.length }),
  };
}

function reasonOf({ isSignificant, better, mismatch, metric, eValue, wanted, sessions }: { isSignificant: boolean; better: Arm; mismatch: boolean; metric: MetricName; eValue: number; wanted: number; sessions: number }): string {
  if (mismatch) return 'the arms were filled unevenly: nothing follows from them';
  const evidence = `e-value ${eValue.toPrecision(3)} of ${wanted.toPrecision(3)} wanted, after ${sessions} sessions`;
  return isSignificant ? `${better} has the lower ${metric}: ${evidence}` : `no difference in ${metric} is shown: ${evidence}`;
}

function armResults(totals: ArmTotals): ArmResults {
  const { units } = totals;
  const of = (value: number) => (units === 0 ? null : value);
  return {
    sampleSize: units,
    metrics: {
      crash_rate: of(totals.crashes.successes / units),
      failed_resume_rate: of(totals.sessionsWithFailedResume.successes / units),
      lost_time: of(totals.lostTimeMs.mean),
      downtime: of(totals.downtimeMs.mean),
      tokens: of(totals.tokens.mean),
    },
  };
}

function pValueOf(metric: MetricName, { control, treatment }: Arms<ArmTotals>): number | null {
  if (control.units === 0 || treatment.units === 0) return null;
  if (metrics[metric].kind === 'binary') {
    const of = (totals: ArmTotals) => (metric === 'crash_rate' ? totals.crashes : totals.sessionsWithFailedResume);
    return fisherTest({ control: of(control), treatment: of(treatment) });
  }
  const of = (totals: ArmTotals) => (metric === 'lost_time' ? totals.lostTimeMs : metric === 'downtime' ? totals.downtimeMs : totals.tokens);
  try {
    return welchTest({ control: of(control), treatment: of(treatment) }).pValue;
  } catch (error) {
    if (error instanceof StatisticsError) return null;
    throw error;
  }
}
