import type { Opportunity } from '../../../domain/experiments/opportunity.js';
import { parameterTable, type ParameterName, type ParameterValue } from '../../../domain/parameter-table.js';

const proposals: Readonly<Record<ParameterName, ParameterValue>> = {
  checkpoint_interval: 2,
  restart_strategy: 'sequential_init',
  resume_strategy: 'brief',
  danger_zone: 0.6,
  backoff_base: 500,
  hang_timeout: 60_000,
};

/** An opportunity as the rules find them: half of the sessions crash, and one tenth would, of 2,000 a day. */
export function anOpportunity(parameter: ParameterName, change: Partial<Opportunity> = {}): Opportunity {
  const { defaultValue, metric } = parameterTable[parameter];
  return {
    type: 'crash_rate',
    parameter,
    pattern: '100 of 200 sessions crashed',
    hypothesis: `${parameter} at ${proposals[parameter]} makes crashes rarer`,
    confidence: 0.99,
    interval: { lower: 0.43, upper: 0.57 },
    impact: -0.8,
    rationale: 'a step down',
    currentValue: defaultValue,
    proposedValue: proposals[parameter],
    sampleSize: 200,
    metric: metric ?? 'crash_rate',
    baseline: { mean: 0.5, standardDeviation: 0.5 },
    plan: { alpha: 0.001, units: 60, durationMs: 86_400_000, sessionsPerDay: 2_000 },
    ...change,
  };
}
