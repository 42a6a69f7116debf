import type { WorkflowHandle } from '@temporalio/client';

/** Names of the activities that a workflow has asked for and has no answer of; `task` while a task of its own is open. Unlike a description, its history never lags behind. */
export async function openCalls(workflow: Pick<WorkflowHandle, 'fetchHistory'>): Promise<string[]> {
  const open = new Map<string, string>();
  for (const event of (await workflow.fetchHistory()).events ?? []) {
    const { activityTaskScheduledEventAttributes: call, workflowTaskScheduledEventAttributes: task } = event;
    const answer = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes ?? event.activityTaskCanceledEventAttributes;
    const over = event.workflowTaskCompletedEventAttributes ?? event.workflowTaskFailedEventAttributes ?? event.workflowTaskTimedOutEventAttributes;
    if (call) open.set(String(event.eventId), call.activityType?.name ?? '');
    if (task) open.set(String(event.eventId), 'task');
    for (const ended of [answer, over]) open.delete(String(ended?.scheduledEventId));
  }
  return [...open.values()];
}
