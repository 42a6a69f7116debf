import { checkParameterValue, parameterTable, ParameterValueError, type ParameterName, type ParameterValue } from '../parameter-table.js';
import type { ExperimentPlan } from './experiment.js';
import type { PlanningSettings } from './planning.js';

/** What a person wants to try. */
export interface WishToTry {
  parameter: ParameterName;
  value: ParameterValue;
  /** Sessions of both arms before anything may be shipped. */
  units: number;
  hypothesis: string;
}

/** What an experiment by hand is given besides. */
export interface GivenByHand extends Pick<ExperimentPlan, 'id' | 'index' | 'alpha'> {
  /** What sessions have now. */
  control: ParameterValue;
}

/**
 * The plan of an experiment that a person asked for: no opportunity says what to expect, so that the person says how many sessions it
 * is worth.
 *
 * @throws ParameterValueError where the parameter cannot have the value, has it already, or is not experimented on.
 */
export function planByHand({ parameter, value, units, hypothesis }: WishToTry, { experiment, bounds, coolDownMs }: PlanningSettings, { control, id, index, alpha }: GivenByHand): ExperimentPlan {
  const { metric } = parameterTable[parameter];
  if (metric === null) throw new ParameterValueError(`${parameter} is only observed: no experiment on it can be judged by sessions`);
  const treatment = checkParameterValue(parameter, value);
  if (treatment === control) throw new ParameterValueError(`${parameter} is ${control} already`);
  return { ...experiment, id, parameter, hypothesis, control, treatment, metric, index, alpha, plannedUnits: units, coolDownMs, bounds, needsApproval: false };
}
