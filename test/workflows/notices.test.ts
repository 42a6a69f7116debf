import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { pauseUpdate, resetUpdate, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import { openCalls } from '../support/open-calls.js';
import { poll } from '../support/poll.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';
import { bundledWorkflows } from '../support/workflow-bundle.js';

const sessions = useSessions();
const by = { by: 'test' };
/** A host that is away is noticed after 10 s, which pass for real; ms. */
const awayPatienceMs = 20_000;

describe('a session tells its host what people are to hear', () => {
  it('once it has finished, before it closes', async () => {
    const session = await sessions.supervise({ script: ['killed', 'completed'] });
    await session.handle.result();
    expect(session.host.of('takeNotice').map(({ input }) => input)).toMatchObject([{ id: `${session.spec.sessionId}-1`, kind: 'finished', state: 'completed', attempt: 2, line: expect.stringContaining('is completed: it was completed') }]);
  });

  it('each time it has failed, and what is needed for that', async () => {
    const session = await sessions.supervise({ script: ['auth_failed', 'misconfigured'] });
    await session.reaches('failed');
    expect((await session.host.nth('takeNotice', 1)).input).toMatchObject({ kind: 'needs_person', need: 'login' });
    await session.handle.executeUpdate(resetUpdate, { args: [by] });
    expect((await session.host.nth('takeNotice', 2)).input).toMatchObject({ id: `${session.spec.sessionId}-2`, kind: 'failed', need: null, attempt: 2 });
  });

  it('where its agent was not allowed what it wanted to do', async () => {
    const session = await sessions.supervise({ script: [{ exitClass: 'completed', denied: ['Bash: make deploy'] }] });
    await session.handle.result();
    expect(session.host.of('takeNotice').map(({ input }) => input)).toMatchObject([{ kind: 'needs_person', need: 'permission', line: expect.stringContaining('for want of a permission: Bash: make deploy') }]);
  });

  it('and nothing of what a person did to it', async () => {
    const session = await sessions.supervise({});
    await session.runs();
    await session.handle.executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    expect(session.host.of('takeNotice')).toEqual([]);
  });

  it('when the host is back, where it went away in the moment of the end', async () => {
    const session = await sessions.supervise({});
    await session.runs();
    const { epoch, attempt } = await session.status();
    await session.hostGoes();
    await session.host.end({ sessionId: session.spec.sessionId, name: session.spec.name, epoch, attemptId: attempt?.attemptId ?? '' }, { exitClass: 'misconfigured' });
    await session.until(({ state }) => state === 'failed');
    await poll(() => timesAsked(session), (times) => times === 2, awayPatienceMs);
    await session.hostComes();
    expect((await session.host.nth('takeNotice', 1)).input).toMatchObject({ kind: 'failed', attempt: 1 });
    expect(session.host.of('takeNotice')).toHaveLength(1);
  });
});

describe('a session that has closed while its host is away', () => {
  it('waits an hour for it to take its notice, and not longer', async () => {
    const session = await sessions.supervise({});
    const { epoch, attempt } = await session.runs();
    await session.hostGoes();
    await session.host.end({ sessionId: session.spec.sessionId, name: session.spec.name, epoch, attemptId: attempt?.attemptId ?? '' }, { exitClass: 'completed' });
    await poll(() => timesAsked(session), (times) => times === 2, awayPatienceMs);
    await poll(() => openCalls(session.current()), (open) => open.join() === 'takeNotice', awayPatienceMs);
    const { events = [] } = JSON.parse(historyToJSON(await session.current().fetchHistory())) as { events?: RecordedEvent[] };
    const asked = events.filter(({ activityTaskScheduledEventAttributes: call }) => call?.activityType.name === 'takeNotice').at(-1);
    expect(asked?.activityTaskScheduledEventAttributes?.scheduleToStartTimeout).toBe('3600s');
    // An open call holds up the time of the server: what comes after that hour is told to the workflow by a history of it.
    const hourLater = [...events, ...thatTimesOut(asked?.eventId ?? '', events.length)];
    await expect(replay([...hourLater, event(hourLater.length + 1, 'WORKFLOW_EXECUTION_COMPLETED', 'workflowExecutionCompletedEventAttributes', { workflowTaskCompletedEventId: String(hourLater.length) })])).resolves.toBeUndefined();
    await expect(replay([...hourLater, event(hourLater.length + 1, 'WORKFLOW_EXECUTION_CANCELED', 'workflowExecutionCanceledEventAttributes', { workflowTaskCompletedEventId: String(hourLater.length) })])).rejects.toThrow(DeterminismViolationError);
    await session.hostComes();
    await session.handle.result();
  });
});

/** A recorded event, as far as this file looks into it. */
interface RecordedEvent {
  eventId: string;
  eventTime: string;
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityType: { name: string }; scheduleToStartTimeout: string };
}

function event(id: number, type: string, attributes: string, of: object): RecordedEvent {
  return { eventId: String(id), eventTime: '2100-01-01T00:00:00Z', eventType: `EVENT_TYPE_${type}`, [attributes]: of };
}

/** Nobody took a call in time, and the workflow was told. */
function thatTimesOut(scheduledEventId: string, before: number): RecordedEvent[] {
  const timeout = { scheduledEventId, startedEventId: '0', failure: { message: 'activity ScheduleToStart timeout', timeoutFailureInfo: { timeoutType: 'TIMEOUT_TYPE_SCHEDULE_TO_START' } }, retryState: 'RETRY_STATE_NON_RETRYABLE_FAILURE' };
  return [
    event(before + 1, 'ACTIVITY_TASK_TIMED_OUT', 'activityTaskTimedOutEventAttributes', timeout),
    event(before + 2, 'WORKFLOW_TASK_SCHEDULED', 'workflowTaskScheduledEventAttributes', {}),
    event(before + 3, 'WORKFLOW_TASK_STARTED', 'workflowTaskStartedEventAttributes', { scheduledEventId: String(before + 2) }),
    event(before + 4, 'WORKFLOW_TASK_COMPLETED', 'workflowTaskCompletedEventAttributes', { scheduledEventId: String(before + 2), startedEventId: String(before + 3) }),
  ];
}

async function replay(events: RecordedEvent[]): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: { codePath: await bundledWorkflows() } }, { events });
}

/** How often the workflow has asked its host to take a notice; a host that is away is asked again. */
async function timesAsked(session: SupervisedSession): Promise<number> {
  const { events } = await session.current().fetchHistory();
  return (events ?? []).filter(({ activityTaskScheduledEventAttributes: call }) => call?.activityType?.name === 'takeNotice').length;
}
