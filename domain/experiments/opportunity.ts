import type { Replay } from '../attempt-replay/replay.js';
import type { ParameterName, ParameterValue } from '../parameter-table.js';
import type { Interval } from '../statistics/interval.js';
import type { MetricName } from './metric.js';

/** Something that an experiment on one parameter may improve. */
export interface Opportunity {
  /** Of the rule that found it. */
  type: 'checkpoint_interval' | 'checkpoint_performance' | 'resume_reliability' | 'supervisor_restart' | 'monitor_latency' | 'token_cost' | 'crash_rate' | 'hang_detection' | 'backoff';
  parameter: ParameterName;
  /** What was seen, one line with its numbers. */
  pattern: string;
  /** What the experiment claims, one line. */
  hypothesis: string;
  /** Confidence that the pattern is real: 1 less the p-value of the rule's test, ratio 0-1. */
  confidence: number;
  /** Of the metric that the rule looks at. */
  interval: Interval;
  /** Expected change of the experiment's metric as a share of its present value, ratio; negative is a decrease. */
  impact: number;
  /** Where `proposedValue` comes from: theory, such as the Young-Daly interval with its own interval, or a step in a direction. */
  rationale: string;
  currentValue: ParameterValue;
  proposedValue: ParameterValue;
  /** Sessions that the pattern was seen in. */
  sampleSize: number;
  metric: MetricName;
  /** Control's value of the metric as it is now: a rate, or the mean and the standard deviation of a session. */
  baseline: { mean: number; standardDeviation: number };
  /** The experiment that it would take at the level it was planned with. */
  plan: { alpha: number; units: number; durationMs: number | null; sessionsPerDay: number | null };
  /** What recorded attempts would have come to, where that can be computed and a source keeps them. */
  replay?: Replay;
}

/** A rule that looked and found nothing, and why: enough is measured and it is well, or too little is known. */
export interface NoOpportunity {
  type: Opportunity['type'];
  verdict: 'well' | 'not_enough_data' | 'open' | 'cooling_down' | 'frozen' | 'undecidable';
  /** One line for people, with the numbers: `31 sessions of 50 wanted`. */
  message: string;
  /** What it would have been, where an experiment on it would take too long. */
  opportunity?: Opportunity;
}
