import { formatDuration } from '../duration.js';
import { checkParameterValue, type ParameterName } from '../parameter-table.js';
import type { SafetyBoundsOptions } from '../safety-bounds.js';
import { decidability } from './decidability.js';
import type { ExperimentPlan } from './experiment.js';
import { unitsToFind } from './experiment-size.js';
import type { Opportunity } from './opportunity.js';

/** What all experiments of a scope have in common. Durations in ms. */
export interface PlanningSettings {
  experiment: Pick<ExperimentPlan, 'horizonMs' | 'tickMs' | 'ramp' | 'unitsPerStep' | 'deadlineMs' | 'holdback' | 'monitorMs' | 'staleAfterMs'>;
  bounds: SafetyBoundsOptions;
  coolDownMs: number;
  /** One that would take longer by the present flow of sessions is not begun. */
  longestMs: number;
}

/** What one experiment is given besides. */
export interface PlanningInput extends Pick<ExperimentPlan, 'id' | 'index' | 'alpha' | 'needsApproval'> {
  /** Parameters with an experiment that runs beside it, and what they share with it; said in the hypothesis. */
  beside: readonly { parameter: ParameterName; shared: string }[];
}

export type Planned =
  | { kind: 'plan'; plan: ExperimentPlan; durationMs: number }
  /** It could not be decided in time; `units` is null where the effect is too small to plan for at all. */
  | { kind: 'undecidable'; units: number | null; durationMs: number | null; message: string };

/**
 * The experiment that an opportunity takes, its size planned at the level that it was issued; or how many sessions it would need.
 *
 * @throws ParameterValueError where the opportunity's values are none of the parameter's; StatisticsError where the level or the baseline is out of range.
 */
export function planExperiment(opportunity: Opportunity, settings: PlanningSettings, { id, index, alpha, needsApproval, beside }: PlanningInput): Planned {
  const { parameter, metric, baseline, impact, currentValue, proposedValue, hypothesis } = opportunity;
  const { experiment, bounds, coolDownMs, longestMs } = settings;
  const units = unitsToFind({ metric, baseline, impact, alpha });
  if (units === null) return { kind: 'undecidable', units, durationMs: null, message: `${parameter} ${currentValue} -> ${proposedValue}: the effect is too small to plan for` };
  const availableMs = Math.min(longestMs, experiment.deadlineMs);
  const decided = decidability(units, availableMs, { ...experiment, sessionsPerDay: opportunity.plan.sessionsPerDay ?? 0 });
  if (!decided.decidable) {
    const takes = decided.durationMs === null ? 'and sessions come too seldom to say when' : `which come in ${formatDuration(decided.durationMs)}`;
    const message = `${parameter} ${currentValue} -> ${proposedValue} would need ${units} sessions, ${takes}; there is time for ${decided.unitsInTime} (${formatDuration(availableMs)})`;
    return { kind: 'undecidable', units, durationMs: decided.durationMs, message };
  }
  const plan: ExperimentPlan = {
    ...experiment,
    id,
    parameter,
    hypothesis: [hypothesis, ...beside.map((other) => `beside an experiment on ${other.parameter}, with which it shares ${other.shared}: the effect is that over both of its arms`)].join('; '),
    control: checkParameterValue(parameter, currentValue),
    treatment: checkParameterValue(parameter, proposedValue),
    metric,
    index,
    alpha,
    plannedUnits: units,
    coolDownMs,
    bounds,
    needsApproval,
  };
  return { kind: 'plan', plan, durationMs: decided.durationMs };
}
