import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ParameterActivities } from '../../activities/parameter-activities.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import { controlQueue } from '../messages.js';
import { summarize } from '../one-line.js';

type Publication = Parameters<ParameterActivities['publishParameter']>[0];

/** The activities of a parameter as its entity uses them, each with a summary. They are tried until they succeed. */
export function parameterCalls(name: ParameterName) {
  const { readPublished, publishParameter, pushParameter, isOpen } = proxyActivities<ParameterActivities>({
    taskQueue: controlQueue,
    startToCloseTimeout: '15 s',
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '5 s' },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
  return {
    readPublished: () => readPublished.executeWithOptions({ summary: `what stands in the store of ${name}` }, [{ name }]),
    publish: (publication: Publication) =>
      publishParameter.executeWithOptions({ summary: `publish ${name} ${publication.value}, version ${publication.version}` }, [publication]),
    push: (version: number, value: ParameterValue) =>
      pushParameter.executeWithOptions({ startToCloseTimeout: '10 min', heartbeatTimeout: '30 s', summary: `tell running sessions of ${name} ${value}` }, [{ name, version }]),
    isOpen: (workflowId: string) => isOpen.executeWithOptions({ summary: summarize(`is ${workflowId} still open`) }, [{ workflowId }]),
  };
}

export type ParameterCalls = ReturnType<typeof parameterCalls>;
