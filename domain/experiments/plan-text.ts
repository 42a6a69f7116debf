import type { ExperimentPlan } from './experiment.js';
import { metrics } from './metric.js';

/** An experiment in one line, as a question. */
export function planSummary({ parameter, control, treatment }: ExperimentPlan): string {
  return `is ${parameter} ${treatment} better than ${control}?`;
}

/** What an experiment is, as markdown; the hypothesis, which may be a person's own words, as one that cannot carry tags. */
export function planDetails({ parameter, control, treatment, metric, hypothesis, plannedUnits }: ExperimentPlan): string {
  return [
    `- what it does: gives half of the sessions in it ${parameter} ${treatment}, the others ${control}, and compares them`,
    `- hypothesis: \`${hypothesis.replace(/[\s`]+/g, ' ').trim().slice(0, 300)}\``,
    `- judged by: ${metrics[metric].description}; less is better`,
    `- sessions: ${plannedUnits} have to count before ${treatment} may be deployed; what does harm is taken back at once`,
  ].join('\n');
}
