/** A recorded event as far as it is billed; JSON as Temporal exports a history. */
export interface BilledEvent {
  eventType: string;
  workflowExecutionStartedEventAttributes?: { parentWorkflowExecution?: object | null; continuedExecutionRunId?: string };
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  activityTaskStartedEventAttributes?: { attempt?: number };
  markerRecordedEventAttributes?: { workflowTaskCompletedEventId?: string };
  upsertWorkflowSearchAttributesEventAttributes?: { searchAttributes: { indexedFields: Record<string, unknown> } };
}

/** Of every kind, how often it comes in a history. */
export interface BillableActions {
  /** Starts by a client, continues-as-new, children. */
  starts: number;
  /** Scheduled, and each retry. */
  activities: number;
  timers: number;
  signals: number;
  updates: number;
  upserts: number;
  /** All markers of one workflow task are one. */
  markers: number;
}

/** Set by the SDK for versions of workflows; not billed. */
const versionAttribute = 'TemporalChangeVersion';

/**
 * Actions of Temporal Cloud in a history, by the event types of its documentation (Temporal Cloud, Actions). What leaves no event
 * is not among them: heartbeats, queries, refused updates. Retries of an activity are known once its last try has an event.
 */
export function countActions(events: readonly BilledEvent[]): BillableActions {
  const count: BillableActions = { starts: 0, activities: 0, timers: 0, signals: 0, updates: 0, upserts: 0, markers: 0 };
  const tasksWithMarkers = new Set<string | undefined>();
  for (const event of events) {
    switch (event.eventType) {
      case 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED': {
        const { parentWorkflowExecution, continuedExecutionRunId } = event.workflowExecutionStartedEventAttributes ?? {};
        // A child's start is in its parent's history: the intent, and the attempt.
        if (!parentWorkflowExecution || continuedExecutionRunId) count.starts += 1;
        break;
      }
      case 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED':
        count.starts += 2;
        break;
      case 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED':
        count.activities += 1;
        break;
      case 'EVENT_TYPE_ACTIVITY_TASK_STARTED':
        count.activities += Math.max(1, event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1;
        break;
      case 'EVENT_TYPE_TIMER_STARTED':
        count.timers += 1;
        break;
      case 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED':
        count.signals += 1;
        break;
      case 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED':
        count.updates += 1;
        break;
      case 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES':
        if (Object.keys(event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes.indexedFields ?? {}).some((name) => name !== versionAttribute)) count.upserts += 1;
        break;
      case 'EVENT_TYPE_MARKER_RECORDED':
        tasksWithMarkers.add(event.markerRecordedEventAttributes?.workflowTaskCompletedEventId);
        break;
    }
  }
  count.markers = tasksWithMarkers.size;
  return count;
}

/** All of them together. */
export function total(actions: BillableActions): number {
  return Object.values(actions).reduce((sum: number, each: number) => sum + each, 0);
}

/**
 * What one round costs of a workflow that does the same again and again.
 *
 * @param begins whether an event begins a round. @returns Actions a round, averaged from the first to the last. @throws RangeError where there are not two
 */
export function actionsPerRound(events: readonly BilledEvent[], begins: (event: BilledEvent) => boolean): number {
  const beginnings = events.flatMap((event, at) => (begins(event) ? [at] : []));
  if (beginnings.length < 2) throw new RangeError(`${beginnings.length} rounds: it takes two to tell what one costs`);
  return total(countActions(events.slice(beginnings[0], beginnings.at(-1)))) / (beginnings.length - 1);
}

/** Temporal Cloud, pay as you go, Business plan and above (docs.temporal.io/cloud/pricing, read 2026-11): up to so many millions a month, USD a million. */
const priceSteps = [
  { upTo: 5, price: 50 },
  { upTo: 10, price: 45 },
  { upTo: 20, price: 40 },
  { upTo: 50, price: 35 },
  { upTo: 100, price: 30 },
  // Beyond 200 million it is a matter of contract: never more than this.
  { upTo: Infinity, price: 25 },
] as const;

/** What so many Actions a month cost, USD; neither storage nor the plan's fee, and none of its included Actions. */
export function priceOf(actions: number): number {
  const millions = actions / 1e6;
  let below = 0;
  let usd = 0;
  for (const { upTo, price } of priceSteps) {
    usd += Math.max(0, Math.min(millions, upTo) - below) * price;
    below = upTo;
  }
  return usd;
}
