import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { RunExperimentInput } from '../kaizen-messages.js';
import type { Experiment } from './experiment.js';

/** Each look carries the analysis twice: the history is kept short. */
const historyEventsKept = 500;

/** Continues as new where the history is long; whatever was asked for meanwhile is carried over. */
export async function continueWhenLong(experiment: Experiment): Promise<void> {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  if (!continueAsNewSuggested && historyLength <= historyEventsKept) return;
  await condition(allHandlersFinished);
  await continueAsNew<(input: RunExperimentInput) => Promise<unknown>>(experiment.carry());
}
