import { formatDuration } from '../duration.js';
import { sampleRatioTest } from '../statistics/sample-ratio.js';
import type { ExperimentLook, ExperimentPlan, Verdict } from './experiment.js';
import { formatDifference } from './format-metric.js';
import { metrics } from './metric.js';

/** What a verdict depends on beside the look. */
export interface VerdictContext {
  /** Unix ms. */
  nowMs: number;
  /** When the experiment began to run, Unix ms; pauses put it off. */
  startedAtMs: number;
  /** Looks in a row that failed. */
  failedLooks: number;
}

export interface Decision {
  verdict: Verdict;
  /** One line for people. */
  reason: string;
}

/** Looks that may fail in a row: past it nobody can see any more whether the treatment does harm. */
export const failedLooksAllowed = 12;

/** An experiment is given up once nothing was told for so many times what makes telemetry stale. */
export const staleTimesAllowed = 3;

/** P-value of a single look at the ratio of the arms below which nothing is shipped. */
const oddRatio = 0.01;

/**
 * What to do now. Harm comes first, whatever else is amiss; then whether anything can be seen at all; then whether the arms are
 * comparable; then the evidence. Where anything is amiss nothing is shipped, and at the deadline control's value stays.
 *
 * @param look the newest that succeeded; null before the first.
 */
export function decideVerdict(plan: ExperimentPlan, look: ExperimentLook | null, context: VerdictContext): Decision {
  const harm = look && harmIn(plan, look);
  if (harm) return { verdict: 'ROLLBACK', reason: harm };
  const isOver = context.nowMs >= context.startedAtMs + plan.deadlineMs;
  const doubt = doubtOf(plan, look, context);
  if (doubt) return doubt.fatal || isOver ? { verdict: 'NO_EVIDENCE', reason: doubt.reason } : { verdict: 'CONTINUE', reason: doubt.reason };
  const lacking = look ? whatLacks(plan, look) : 'nothing was looked at yet';
  if (lacking === null && look) return { verdict: 'SHIP', reason: `treatment is better by ${formatDifference(Math.abs(look.difference ?? 0), metrics[plan.metric].unit)}, at an e-value of ${show(Math.exp(Math.min(look.logEValue, 700)))} where ${show(1 / plan.alpha)} is wanted` };
  return isOver ? { verdict: 'NO_EVIDENCE', reason: `the deadline came: ${lacking}` } : { verdict: 'CONTINUE', reason: lacking ?? '' };
}

/** What is deployed is taken back only for harm. @returns null where there is none. */
export function harmIn({ metric }: ExperimentPlan, { findings, harmed, difference }: ExperimentLook): string | null {
  const violation = findings.find(({ arm, verdict }) => arm === 'treatment' && verdict === 'violated');
  if (violation) return violation.message;
  return harmed ? `treatment is worse: its metric is higher by ${formatDifference(difference ?? 0, metrics[metric].unit)}` : null;
}

function doubtOf(plan: ExperimentPlan, look: ExperimentLook | null, { nowMs, startedAtMs, failedLooks }: VerdictContext): { fatal: boolean; reason: string } | null {
  if (failedLooks > 0) return { fatal: failedLooks >= failedLooksAllowed, reason: `${failedLooks} looks in a row failed, at ${failedLooksAllowed} it is given up` };
  if (!look) return null;
  const silentMs = nowMs - Math.max(startedAtMs, look.lastOutcomeAtMs ?? 0);
  if (silentMs > plan.staleAfterMs) return { fatal: silentMs > staleTimesAllowed * plan.staleAfterMs, reason: `no outcome of any session came for ${formatDuration(silentMs)}` };
  // Arms that were once filled unevenly do not become comparable again.
  if (look.sampleRatio.mismatch) return { fatal: true, reason: `the arms are not comparable: ${look.arms.control.units} and ${look.arms.treatment.units} units, p = ${show(look.sampleRatio.pValue)} for their ratio and their silences` };
  return null;
}

/** What is missing for a deploy; null where nothing is. */
function whatLacks(plan: ExperimentPlan, { arms, logEValue, logThreshold, better, findings }: ExperimentLook): string | null {
  const units = arms.control.units + arms.treatment.units;
  if (units < plan.plannedUnits) return `${units} of ${plan.plannedUnits} units have matured`;
  if (logEValue < logThreshold) return `an e-value of ${show(Math.exp(logEValue))}, where ${show(1 / plan.alpha)} is wanted`;
  // The sequential test is slow to show an uneven split of few units; a deploy waits already where one look finds it odd.
  if (units > 0 && sampleRatioTest([arms.control.units, arms.treatment.units], [1, 1]).pValue < oddRatio) return `the arms came unevenly, ${arms.control.units} and ${arms.treatment.units} units: more are waited for`;
  if (!better) return 'there is a difference, but treatment is not the better one';
  const unshown = findings.find(({ arm, verdict }) => arm === 'treatment' && verdict !== 'passed');
  return unshown ? unshown.message : null;
}

function show(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
