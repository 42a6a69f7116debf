import { ActivityCancellationType, ActivityFailure, ApplicationFailure, isCancellation, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { HostActivities } from '../../activities/host-activities.js';
import type { NoticeActivities } from '../../activities/notice-activities.js';
import type { ApplyParametersInput, CreateCheckpointInput, RecordStateInput, StartAgentInput, StopAgentInput } from '../../domain/host-requests.js';
import type { Notice } from '../../domain/notice.js';
import { hostQueue } from '../messages.js';
import { untilGivenUp } from '../until-given-up.js';

/** How a call to the host came out; what is none of these is thrown. */
export type HostAnswer<T> =
  | { kind: 'done'; result: T }
  /** No worker of that host took the task in time: nothing has happened. */
  | { kind: 'host_away' }
  /** The workflow gave the call up; whether it happened is unknown. */
  | { kind: 'given_up' }
  | { kind: 'refused'; type: string; message: string; details: unknown };

/** A host that does not take a task within this is away; a second call waits for its return. */
const awayAfter = '10 s';
const returnWithin = '1 h';

/** Added to the grace of a stop for the last checkpoint and the proof of death, ms. */
const stopOverheadMs = 60_000;

/**
 * The host's activities as the session's story uses them: each has a summary, and comes out as an answer instead of an
 * exception where the story has to go on.
 */
export function hostCalls(hostId: string, stopGraceMs: number) {
  const activities = proxyActivities<HostActivities & NoticeActivities>({
    taskQueue: hostQueue(hostId),
    scheduleToStartTimeout: awayAfter,
    startToCloseTimeout: '15 s',
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '5 s' },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
  const patience = (hostIsAway: boolean) => (hostIsAway ? { scheduleToStartTimeout: returnWithin } : {});
  return {
    startAgent: (input: StartAgentInput, summary: string, hostIsAway: boolean, giveUp: () => boolean) =>
      answer(() => activities.startAgent.executeWithOptions({ ...patience(hostIsAway), heartbeatTimeout: '6 s', summary }, [input]), giveUp),
    stopAgent: (input: StopAgentInput, summary: string, hostIsAway: boolean) =>
      answer(() =>
        activities.stopAgent.executeWithOptions(
          { ...patience(hostIsAway), startToCloseTimeout: stopGraceMs + stopOverheadMs, heartbeatTimeout: '10 s', summary },
          [input],
        ),
      ),
    createCheckpoint: (input: CreateCheckpointInput, summary: string, giveUp: () => boolean) =>
      answer(() => activities.createCheckpoint.executeWithOptions({ startToCloseTimeout: '2 min', retry: { maximumAttempts: 3 }, summary }, [input]), giveUp),
    applyParameters: (input: ApplyParametersInput, summary: string) => answer(() => activities.applyParameters.executeWithOptions({ scheduleToStartTimeout: returnWithin, summary }, [input])),
    takeNotice: (notice: Notice, summary: string, hostIsAway: boolean) => answer(() => activities.takeNotice.executeWithOptions({ ...patience(hostIsAway), summary }, [notice])),
    recordState: (input: RecordStateInput, summary: string) =>
      answer(() => activities.recordState.executeWithOptions({ retry: { maximumAttempts: 3 }, summary }, [input])),
  };
}

export type HostCalls = ReturnType<typeof hostCalls>;

/** Runs one call; `giveUp` turning true cancels it. */
async function answer<T>(call: () => Promise<T>, giveUp?: () => boolean): Promise<HostAnswer<T>> {
  try {
    return { kind: 'done', result: await untilGivenUp(call, giveUp) };
  } catch (error) {
    return outcomeOf(error);
  }
}

function outcomeOf(error: unknown): Exclude<HostAnswer<never>, { kind: 'done' }> {
  if (isCancellation(error)) return { kind: 'given_up' };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) {
    if (cause.timeoutType === 'SCHEDULE_TO_START') return { kind: 'host_away' };
    return { kind: 'refused', type: 'Timeout', message: cause.message, details: undefined };
  }
  if (cause instanceof ApplicationFailure) {
    return { kind: 'refused', type: cause.type ?? 'Error', message: cause.message, details: cause.details?.[0] };
  }
  throw error;
}
