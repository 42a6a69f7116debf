import { backoffRule } from './backoff.js';
import { checkpointIntervalRule } from './checkpoint-interval.js';
import { checkpointPerformanceRule } from './checkpoint-performance.js';
import { crashRateRule } from './crash-rate.js';
import { hangDetectionRule } from './hang-detection.js';
import { monitorLatencyRule } from './monitor-latency.js';
import { resumeReliabilityRule } from './resume-reliability.js';
import type { OpportunityRule } from './rule.js';
import { supervisorRestartRule } from './supervisor-restart.js';
import { tokenCostRule } from './token-cost.js';

/** In the order of what they are worth: of two rules with a proposal for one parameter, the first has it. */
export const opportunityRules: readonly OpportunityRule[] = [
  crashRateRule,
  resumeReliabilityRule,
  checkpointIntervalRule,
  hangDetectionRule,
  backoffRule,
  tokenCostRule,
  checkpointPerformanceRule,
  supervisorRestartRule,
  monitorLatencyRule,
];
