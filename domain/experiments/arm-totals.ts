import type { Proportion, SampleSummary } from '../statistics/interval.js';
import type { ArmTotals, Unit } from './unit.js';

const none: Proportion = { successes: 0, trials: 0 };
const nothing: SampleSummary = { n: 0, mean: 0, variance: 0 };

/** Of an arm before its first unit. */
export const noTotals: ArmTotals = {
  units: 0,
  unreported: 0,
  crashes: none,
  sessionsWithFailedResume: none,
  failedResumes: none,
  slowCheckpoints: none,
  failedResumeShare: nothing,
  slowCheckpointShare: nothing,
  tokens: nothing,
  lostTimeMs: nothing,
  downtimeMs: nothing,
};

/** An arm's totals with one more unit. */
export function addUnit(totals: ArmTotals, unit: Unit): ArmTotals {
  return {
    units: totals.units + 1,
    unreported: totals.unreported + (unit.reported ? 0 : 1),
    crashes: addTrials(totals.crashes, unit.crashed ? 1 : 0, 1),
    sessionsWithFailedResume: addTrials(totals.sessionsWithFailedResume, unit.failedResume ? 1 : 0, 1),
    failedResumes: addTrials(totals.failedResumes, unit.failedResumes, unit.resumes),
    slowCheckpoints: addTrials(totals.slowCheckpoints, unit.slowCheckpoints, unit.checkpoints),
    failedResumeShare: addShare(totals.failedResumeShare, unit.failedResumes, unit.resumes),
    slowCheckpointShare: addShare(totals.slowCheckpointShare, unit.slowCheckpoints, unit.checkpoints),
    tokens: addValue(totals.tokens, unit.tokens),
    lostTimeMs: addValue(totals.lostTimeMs, unit.lostTimeMs),
    downtimeMs: addValue(totals.downtimeMs, unit.downtimeMs),
  };
}

export function addTrials({ successes, trials }: Proportion, moreSuccesses: number, moreTrials: number): Proportion {
  return { successes: successes + moreSuccesses, trials: trials + moreTrials };
}

/** A session that had none of them has no share. */
function addShare(summary: SampleSummary, part: number, whole: number): SampleSummary {
  return whole === 0 ? summary : addValue(summary, part / whole);
}

/** A summary with one more observation (Welford 1962). */
export function addValue({ n, mean, variance }: SampleSummary, value: number): SampleSummary {
  const shift = value - mean;
  const nextMean = mean + shift / (n + 1);
  return { n: n + 1, mean: nextMean, variance: n === 0 ? 0 : (variance * (n - 1) + shift * (value - nextMean)) / n };
}
