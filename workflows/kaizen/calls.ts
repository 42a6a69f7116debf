import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ActivityCancellationType, ParentClosePolicy, proxyActivities, startChild } from '@temporalio/workflow';
import type { DetectActivities, DetectInput } from '../../activities/detect-activities.js';
import type { EntityActivities } from '../../activities/entity-activities.js';
import type { KaizenActivities } from '../../activities/kaizen-activities.js';
import { planDetails, planSummary } from '../../domain/experiments/plan-text.js';
import { kaizenSearchAttributes, type RunExperimentInput } from '../kaizen-messages.js';
import { controlQueue } from '../messages.js';

/** What the loop asks of the world, each with a summary. Who does not answer for long is asked again at the next look. */
export function kaizenCalls(scope: string) {
  const options = {
    taskQueue: controlQueue,
    startToCloseTimeout: '1 min',
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s', maximumAttempts: 5 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  } as const;
  const { survey, planExperiment } = proxyActivities<KaizenActivities>(options);
  const { detectOpportunities } = proxyActivities<DetectActivities>(options);
  const { issueAlpha } = proxyActivities<EntityActivities>(options);
  return {
    survey: (experiments: string[]) => survey.executeWithOptions({ summary: 'how parameters, experiments and levels stand' }, [{ scope, experiments }]),
    detect: (input: DetectInput) => detectOpportunities.executeWithOptions({ summary: 'look for opportunities' }, [input]),
    issueAlpha: (experimentId: string) => issueAlpha.executeWithOptions({ summary: `a level for ${experimentId}` }, [{ scope, experimentId }]),
    plan: (input: Parameters<KaizenActivities['planExperiment']>[0]) => planExperiment.executeWithOptions({ summary: `plan ${input.input.id}` }, [input]),
    begin,
  };
}

export type KaizenCalls = ReturnType<typeof kaizenCalls>;

/**
 * Begins an experiment that outlives this run and this workflow; it is found again by its id.
 *
 * @returns false where a workflow of that id is, or was, there already.
 */
async function begin(input: RunExperimentInput): Promise<boolean> {
  const { id, parameter } = input.plan;
  try {
    await startChild('runExperiment', {
      workflowId: id,
      args: [input],
      taskQueue: controlQueue,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // The store knows an experiment by its id for good: none is ever used twice.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: [
        { key: kaizenSearchAttributes.parameter, value: parameter },
        { key: kaizenSearchAttributes.phase, value: 'acquiring' },
      ],
      staticSummary: planSummary(input.plan),
      staticDetails: planDetails(input.plan),
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
