import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { AttemptKey } from '../domain/attempt.js';
import type { CheckpointRef } from '../domain/checkpoint.js';
import {
  HostError,
  hostErrorCodes,
  type ApplyParametersInput,
  type ApplyParametersResult,
  type CreateCheckpointInput,
  type RecordStateInput,
  type StartAgentInput,
  type StartAgentResult,
  type StopAgentInput,
  type StopAgentResult,
} from '../domain/host-requests.js';

/** What a host can do for a session; host/session-host.ts is the real one. */
export interface SessionHost {
  startAgent(input: StartAgentInput): Promise<StartAgentResult>;
  /** The first event of an attempt, Unix ms, if it comes soon and before the signal: then nothing else tells of it. */
  firstEvent(key: AttemptKey, noLonger: AbortSignal): Promise<number | null>;
  stopAgent(input: StopAgentInput): Promise<StopAgentResult>;
  createCheckpoint(input: CreateCheckpointInput): Promise<CheckpointRef>;
  applyParameters(input: ApplyParametersInput): Promise<ApplyParametersResult>;
  recordState(input: RecordStateInput): Promise<void>;
}

/** How often a long activity tells Temporal that it lives, ms. A start that waits for the first event is over before: each time is an Action. */
const heartbeatIntervalMs = 3_000;

/**
 * The activities of one host's queue. Each is idempotent: Temporal may run it twice, and a late run may overlap its
 * retry.
 */
export function createHostActivities(host: SessionHost) {
  return {
    /** Begins an attempt, or adopts it if it is already there. That it runs is told with the answer where that is soon so: a signal, and the task that takes it, are saved. */
    startAgent: (input: StartAgentInput): Promise<StartAgentResult> =>
      heartbeating(() =>
        typed(async () => {
          const begun = await host.startAgent(input);
          const runningAtMs = input.runningInAnswer ? await host.firstEvent(input, Context.current().cancellationSignal) : null;
          return runningAtMs === null ? begun : { ...begun, runningAtMs };
        }),
      ),
    /** Ends whatever attempt of the session is alive, and fences those that never began. */
    stopAgent: (input: StopAgentInput): Promise<StopAgentResult> => heartbeating(() => typed(() => host.stopAgent(input))),
    /** Makes a checkpoint of the running attempt and returns when it is durable. */
    createCheckpoint: (input: CreateCheckpointInput): Promise<CheckpointRef> => typed(() => host.createCheckpoint(input)),
    /** Changes what the running attempt runs with, and reads it back. */
    applyParameters: (input: ApplyParametersInput): Promise<ApplyParametersResult> => typed(() => host.applyParameters(input)),
    /** Notes a session's state on the host's disk. */
    recordState: (input: RecordStateInput): Promise<void> => typed(() => host.recordState(input)),
  };
}

export type HostActivities = ReturnType<typeof createHostActivities>;

async function heartbeating<T>(work: () => Promise<T>): Promise<T> {
  const { heartbeat } = Context.current();
  const timer = setInterval(() => heartbeat(), heartbeatIntervalMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

const retried: ReadonlySet<string> = new Set([hostErrorCodes.notProvedDead, hostErrorCodes.heldAtRest]);

/** Turns a HostError into the ApplicationFailure of that type; others pass as they are, and are retried. */
async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: !retried.has(error.code),
      details: error.details ? [error.details] : [],
      cause: error,
    });
  }
}
