import type { MetricName } from '../experiments/metric.js';
import type { NoOpportunity, Opportunity } from '../experiments/opportunity.js';
import type { ParameterName, ParameterValue } from '../parameter-table.js';
import type { SafetyBoundsOptions } from '../safety-bounds.js';
import type { Measurements } from './measurements.js';

/** What a rule looks at. */
export interface RuleFacts {
  now: Measurements;
  /** The window before, of the same length; null where nothing is known of it. */
  before: Measurements | null;
  values: Readonly<Record<ParameterName, ParameterValue>>;
  bounds: SafetyBoundsOptions;
  minimumSessions: number;
}

/** Something to improve, before it is known what an experiment on it takes. */
export type Proposal = Omit<Opportunity, 'type' | 'parameter' | 'plan' | 'metric' | 'currentValue'>;

/** What a rule says: a proposal, or why there is none. */
export type RuleAnswer = Proposal | NoProposal;
export type NoProposal = Pick<NoOpportunity, 'verdict' | 'message'>;

/** A pattern to look for: data, and its test. Rules are independent of each other, and judge one window at a time. */
export interface OpportunityRule {
  type: Opportunity['type'];
  /** What it would change, and what an experiment on that is judged by. */
  parameter: ParameterName;
  metric: MetricName;
  /** What it looks for, one line. */
  description: string;
  /** The chance to claim the pattern where it is not there, 0-1. */
  alpha: number;
  /** Least observations that it judges, of what its test counts. */
  minimum: { count: number; of: string };
  answer(facts: RuleFacts, rule: OpportunityRule): RuleAnswer;
}

/** Of all rules: a false claim costs an experiment, which has a level of its own. */
export const ruleAlpha = 0.05;

export function isProposal(answer: RuleAnswer): answer is Proposal {
  return 'proposedValue' in answer;
}

export function well(message: string): NoProposal {
  return { verdict: 'well', message };
}

/** It is not well, and there is nothing that an experiment could change. */
export function undecidable(message: string): NoProposal {
  return { verdict: 'undecidable', message };
}

/** @param what is not known, as `tokens of a session`. */
export function unknown(what: string): NoProposal {
  return { verdict: 'not_enough_data', message: `nothing is known of ${what}` };
}

/** @returns an answer where there are fewer than the rule wants, else null. */
export function tooFew(count: number, { minimum }: OpportunityRule): NoProposal | null {
  return count >= minimum.count ? null : { verdict: 'not_enough_data', message: `${count} ${minimum.of} of ${minimum.count} wanted` };
}
