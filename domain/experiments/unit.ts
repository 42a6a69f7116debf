import type { Proportion, SampleSummary } from '../statistics/interval.js';
import type { MetricName } from './metric.js';

export type Arm = 'control' | 'treatment';

/**
 * A session of an experiment, matured: what it had come to at the horizon after its exposure, whatever happened since. Fixed
 * once and for all: what is told later changes nothing, so that evidence can be counted up unit by unit.
 */
export interface Unit {
  experimentId: string;
  sessionId: string;
  /** 1, 2, 3… within its experiment, in the order of maturing. */
  position: number;
  arm: Arm;
  /** Unix ms. */
  exposedAtMs: number;
  maturedAtMs: number;
  /** At least one attempt had ended and told its outcome; a session without one is counted all the same. */
  reported: boolean;
  crashed: boolean;
  /** A resumed attempt never came to run. */
  failedResume: boolean;
  resumes: number;
  failedResumes: number;
  checkpoints: number;
  /** Checkpoints that took longer than the bound on them. */
  slowCheckpoints: number;
  tokens: number;
  costUsd: number;
  lostTimeMs: number;
  downtimeMs: number;
}

/** A session's value of a metric: 0 or 1 for a binary one. */
export function unitValue(unit: Unit, metric: MetricName): number {
  switch (metric) {
    case 'crash_rate':
      return unit.crashed ? 1 : 0;
    case 'failed_resume_rate':
      return unit.failedResume ? 1 : 0;
    case 'lost_time':
      return unit.lostTimeMs;
    case 'downtime':
      return unit.downtimeMs;
    case 'tokens':
      return unit.tokens;
  }
}

/** What one arm's matured sessions came to. */
export interface ArmTotals {
  units: number;
  unreported: number;
  crashes: Proportion;
  /** Sessions, and those with a failed resume. */
  sessionsWithFailedResume: Proportion;
  failedResumes: Proportion;
  slowCheckpoints: Proportion;
  /** A session's share of resumes that failed and of checkpoints that were slow, of the sessions that had any. */
  failedResumeShare: SampleSummary;
  slowCheckpointShare: SampleSummary;
  tokens: SampleSummary;
  lostTimeMs: SampleSummary;
  downtimeMs: SampleSummary;
}
