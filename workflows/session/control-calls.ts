import { ActivityFailure, log, proxyActivities } from '@temporalio/workflow';
import type { SessionRecordActivities } from '../../activities/session-record-activities.js';
import type { AssignedParameters, AssignParametersInput } from '../../domain/assignment.js';
import type { SessionRecords } from '../../domain/outcome.js';

/** A first start waits no longer for the store than this. */
const firstPatience = '2 s';

/** While an attempt runs there is time; the next one asks again. */
const patience = '10 min';

const first = proxyActivities<SessionRecordActivities>({
  scheduleToCloseTimeout: firstPatience,
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

/** What a session is to run with; null where the store does not tell in time. */
export function assignParameters(input: AssignParametersInput): Promise<AssignedParameters | null> {
  const [call, summary] = input.attempts === 0 ? [first, 'assign parameters'] : [later, 'ask for parameters again'];
  return unlessFailed('parameters were not told', call.assignParameters.executeWithOptions({ summary }, [input]));
}

/** Tries until it is recorded. What is not valid never will be: then it is left, and the log says so. */
export async function recordSession(records: SessionRecords): Promise<void> {
  const { outcomes, closed } = records;
  const epochs = outcomes.map(({ epoch }) => epoch).join(', ');
  const summary = `record ${closed ? closed.state : ''} ${epochs === '' ? 'the session' : `attempt ${epochs}`}`.replace('  ', ' ').slice(0, 80);
  await unlessFailed('outcomes were refused', forever.recordSession.executeWithOptions({ summary }, [records]));
}

async function unlessFailed<T>(what: string, call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn(what, { error: error.cause?.message ?? error.message });
    return null;
  }
}
