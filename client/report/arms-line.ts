import type { ExperimentStatus } from '../../domain/experiments/experiment.js';
import { formatTimes, valueOf } from './plain-verdict.js';

/** An experiment in one line: where it is, both arms, and the evidence. */
export function describeArms({ plan, phase, conclusion, look, reason }: ExperimentStatus): string {
  const change = `${plan.parameter} ${plan.control} -> ${plan.treatment}`;
  if (look === null) return `${change}: ${conclusion ?? phase}, ${reason}`;
  const { control, treatment } = look.arms;
  const arms = `${plan.metric} ${valueOf(control, plan)} (${control.units}) and ${valueOf(treatment, plan)} (${treatment.units})`;
  return `${change}: ${conclusion ?? phase}, ${arms}, evidence ${formatTimes(look.logEValue)} of ${formatTimes(look.logThreshold)}${conclusion === null ? '' : `; ${reason}`}`;
}
