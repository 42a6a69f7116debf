import { describe, expect, it } from 'vitest';
import { actionsPerRound, countActions, priceOf, total, type BilledEvent } from '../../bench/billable-actions.js';

const event = (eventType: string, attributes: Omit<BilledEvent, 'eventType'> = {}): BilledEvent => ({ eventType: `EVENT_TYPE_${eventType}`, ...attributes });
const upsert = (...names: string[]) => event('UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', { upsertWorkflowSearchAttributesEventAttributes: { searchAttributes: { indexedFields: Object.fromEntries(names.map((name) => [name, {}])) } } });
const none = { starts: 0, activities: 0, timers: 0, signals: 0, updates: 0, upserts: 0, markers: 0 };

describe('the Actions in a history', () => {
  it('are one for each start, activity, timer, signal, update and upsert', () => {
    const events = ['WORKFLOW_EXECUTION_STARTED', 'ACTIVITY_TASK_SCHEDULED', 'TIMER_STARTED', 'WORKFLOW_EXECUTION_SIGNALED', 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED'].map((type) => event(type));
    expect(countActions([...events, upsert('ShimState', 'ShimReason')])).toEqual({ starts: 1, activities: 1, timers: 1, signals: 1, updates: 1, upserts: 1, markers: 0 });
  });

  it('are none for what is not billed', () => {
    const free = ['WORKFLOW_TASK_SCHEDULED', 'WORKFLOW_TASK_COMPLETED', 'ACTIVITY_TASK_COMPLETED', 'TIMER_FIRED', 'TIMER_CANCELED', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW', 'WORKFLOW_EXECUTION_COMPLETED'];
    expect(countActions([...free.map((type) => event(type)), upsert('TemporalChangeVersion')])).toEqual(none);
  });

  it('are one more for each retry of an activity', () => {
    expect(countActions([event('ACTIVITY_TASK_SCHEDULED'), event('ACTIVITY_TASK_STARTED', { activityTaskStartedEventAttributes: { attempt: 4 } })])).toEqual({ ...none, activities: 4 });
  });

  it('of a child are two, in the history of its parent', () => {
    expect(countActions([event('START_CHILD_WORKFLOW_EXECUTION_INITIATED'), event('CHILD_WORKFLOW_EXECUTION_STARTED')])).toEqual({ ...none, starts: 2 });
    const child = { parentWorkflowExecution: { workflowId: 'kaizen/default' } };
    expect(countActions([event('WORKFLOW_EXECUTION_STARTED', { workflowExecutionStartedEventAttributes: { ...child, continuedExecutionRunId: '' } })])).toEqual(none);
    expect(countActions([event('WORKFLOW_EXECUTION_STARTED', { workflowExecutionStartedEventAttributes: { ...child, continuedExecutionRunId: 'a-run' } })])).toEqual({ ...none, starts: 1 });
  });

  it('are one for all markers of a workflow task', () => {
    const marker = (workflowTaskCompletedEventId: string) => event('MARKER_RECORDED', { markerRecordedEventAttributes: { workflowTaskCompletedEventId } });
    expect(countActions([marker('4'), marker('4'), marker('9')])).toEqual({ ...none, markers: 2 });
  });

  it('come together', () => {
    expect(total({ starts: 1, activities: 2, timers: 3, signals: 4, updates: 5, upserts: 6, markers: 7 })).toBe(28);
  });
});

describe('a round of a workflow', () => {
  const begins = ({ eventType }: BilledEvent) => eventType === 'EVENT_TYPE_TIMER_STARTED';

  it('costs what comes between one beginning and the next', () => {
    const round = [event('TIMER_STARTED'), event('TIMER_FIRED'), event('ACTIVITY_TASK_SCHEDULED'), event('ACTIVITY_TASK_COMPLETED')];
    expect(actionsPerRound([event('WORKFLOW_EXECUTION_STARTED'), ...round, ...round, ...round], begins)).toBe(2);
  });

  it('cannot be told from one alone', () => {
    expect(() => actionsPerRound([event('TIMER_STARTED')], begins)).toThrow(RangeError);
  });
});

describe('the price of a month', () => {
  it.each([
    { millions: 0, usd: 0 },
    { millions: 1, usd: 50 },
    { millions: 11.25, usd: 525 },
    { millions: 200, usd: 250 + 225 + 400 + 1_050 + 1_500 + 2_500 },
  ])('is $usd USD for $millions million Actions', ({ millions, usd }) => {
    expect(priceOf(millions * 1e6)).toBeCloseTo(usd, 6);
  });
});
