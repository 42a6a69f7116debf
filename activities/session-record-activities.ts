import { ApplicationFailure } from '@temporalio/common';
import { ZodError } from 'zod';
import { assignParameters, type AssignmentSources } from '../analytics/assign-parameters.js';
import type { Store } from '../analytics/outcomes/store.js';
import { outcomeEvents } from '../analytics/statsig/outcome-events.js';
import type { AssignedParameters, AssignParametersInput } from '../domain/assignment.js';
import { outcomeSchema, type SessionRecords } from '../domain/outcome.js';
import { ParameterValueError, type ParameterValue } from '../domain/parameter-table.js';

/** What the record of sessions needs. */
export interface SessionRecordSources {
  store: AssignmentSources['store'] & Pick<Store, 'record' | 'openSession' | 'closeSession' | 'parameter' | 'enqueue'>;
  platform: AssignmentSources['platform'];
}

/** What sessions are given, and what they came to: on the control queue, where the store is. Each is idempotent. */
export function createSessionRecordActivities({ store, platform }: SessionRecordSources) {
  return {
    /** What a session is to run with; before its first attempt its opening is recorded too. */
    assignParameters: (input: AssignParametersInput): Promise<AssignedParameters> =>
      final(async () => {
        const assigned = await assignParameters({ store, platform }, input, Date.now());
        const { sessionId, name, hostId, agent, startedAtMs } = input;
        if (input.attempts === 0) await store.openSession({ sessionId, sessionName: name, hostId, agent, parameters: assigned.parameters, openedAtMs: startedAtMs });
        return assigned;
      }),
    /** Records what a session has come to so far. */
    recordSession: ({ opened, outcomes, closed }: SessionRecords): Promise<void> =>
      final(async () => {
        if (opened) await store.openSession(opened);
        // Before the record: told twice they are the same, and a record that stands would leave untold what a kill prevented.
        for (const outcome of outcomes) for (const event of outcomeEvents(outcomeSchema.parse(outcome))) await store.enqueue('event', event, outcome.endedAtMs);
        await store.record(outcomes);
        if (closed) await store.closeSession(closed);
      }),
    /** How the sessions of a host come back after a boot: restart_strategy as it is published; null where it never was. */
    readRestartStrategy: async (): Promise<ParameterValue | null> => (await store.parameter('restart_strategy'))?.value ?? null,
  };
}

export type SessionRecordActivities = ReturnType<typeof createSessionRecordActivities>;

/** What is not valid does not become so by trying again. */
async function final<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ZodError || error instanceof ParameterValueError)) throw error;
    throw ApplicationFailure.create({ type: error.name, message: error.message, nonRetryable: true, cause: error });
  }
}
