import type { ExperimentStatus } from '../../domain/experiments/experiment.js';
import { formatTimes, isDeployed, valueOf } from './plain-verdict.js';

/** An experiment in one line: where it is, both arms, and the evidence. */
export function describeArms(status: ExperimentStatus): string {
  const { plan, phase, conclusion, look, reason } = status;
  const change = `${plan.parameter} ${plan.control} -> ${plan.treatment}`;
  if (look === null) return `${change}: ${conclusion ?? phase}, ${reason}`;
  const { control, treatment } = look.arms;
  const arms = `${plan.metric} ${valueOf(control, plan)} (${control.units}) and ${valueOf(treatment, plan)} (${treatment.units})`;
  // What was deployed is looked at for harm alone: its evidence was there before.
  const evidence = isDeployed(status) ? ' since the deploy' : `, evidence ${formatTimes(look.logEValue)} of ${formatTimes(look.logThreshold)}`;
  return `${change}: ${conclusion ?? phase}, ${arms}${evidence}${conclusion === null ? '' : `; ${reason}`}`;
}
