import { ActivityFailure, ApplicationFailure, log, proxyActivities, proxyLocalActivities, TimeoutFailure } from '@temporalio/workflow';
import type { SessionRecordActivities } from '../../activities/session-record-activities.js';
import type { AssignedParameters, AssignParametersInput } from '../../domain/assignment.js';
import type { SessionRecords } from '../../domain/outcome.js';
import { summarize } from '../one-line.js';

/** While an attempt runs there is time; the next one asks again. */
const patience = '10 min';

/** Within the task that asks: that saves a start a task, and an activity's three events. It waits no longer for the store than 2 s. */
const first = proxyLocalActivities<SessionRecordActivities>({ startToCloseTimeout: '1 s', retry: { initialInterval: '100 ms', maximumAttempts: 2 } });
/** The same in sessions of older versions. */
const firstByTask = proxyActivities<SessionRecordActivities>({
  scheduleToCloseTimeout: '2 s',
  startToCloseTimeout: '1 s',
  retry: { initialInterval: '100 ms', backoffCoefficient: 2, maximumInterval: '500 ms' },
});
const later = proxyActivities<SessionRecordActivities>({
  scheduleToCloseTimeout: patience,
  startToCloseTimeout: '5 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '15 s' },
});
/** For as long as it takes. */
const forever = proxyActivities<SessionRecordActivities>({
  startToCloseTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '15 s' },
});

const notTold = 'parameters were not told';

/** What a session is to run with from its first attempt on; null where the store does not tell in time. @param byTask as older versions asked. */
export function assignFirstParameters(input: AssignParametersInput, byTask: boolean): Promise<AssignedParameters | null> {
  const summary = 'assign parameters';
  return unlessFailed(notTold, byTask ? firstByTask.assignParameters.executeWithOptions({ summary }, [input]) : first.assignParameters.executeWithOptions({ summary }, [input]));
}

/** What a session is to run with from now on; null where the store does not tell in time. */
export function assignParameters(input: AssignParametersInput): Promise<AssignedParameters | null> {
  return unlessFailed(notTold, later.assignParameters.executeWithOptions({ summary: 'what the next attempt is given' }, [input]));
}

/** Tries until it is recorded. What is not valid never will be: then it is left, and the log says so. */
export async function recordSession(records: SessionRecords): Promise<void> {
  const { outcomes, closed } = records;
  const epochs = outcomes.map(({ epoch }) => epoch).join(', ');
  const summary = summarize(`record ${closed ? closed.state : ''} ${epochs === '' ? 'the session' : `attempt ${epochs}`}`);
  await unlessFailed('outcomes were refused', forever.recordSession.executeWithOptions({ summary }, [records]));
}

async function unlessFailed<T>(what: string, call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    // A local activity's failure comes as it is.
    if (!(error instanceof ActivityFailure || error instanceof ApplicationFailure || error instanceof TimeoutFailure)) throw error;
    log.warn(what, { error: error.cause?.message ?? error.message });
    return null;
  }
}
