import type { AttemptKey, AttemptReport } from './attempt.js';
import type { Budget, BudgetFinding } from './budget.js';
import type { Parameters, ResumeRung } from './parameters.js';
import type { GivenPrompt } from './prompt-queue.js';
import type { AllowedWriter, SecondWriter } from './second-writer.js';
import type { SessionSpec, SessionState } from './session.js';

/** Asks a host to begin an attempt, or to adopt it where it is alive already. */
export interface StartAgentInput extends AttemptKey {
  spec: SessionSpec;
  /** First rung of the resume ladder to try; a session without an earlier attempt starts fresh. */
  strategy: ResumeRung;
  parameters: Parameters;
  /** What was decided after the attempt before, one line; kept with that attempt for `history`. */
  decision: string | null;
  /** A follow-up prompt from the session's queue: what the agent is to do next. */
  prompt?: GivenPrompt;
  /** The account that is to be told of the attempt's first answer: it was let go to see whether a limit is over. */
  probeOf?: string;
  /** What the session may spend in all, with what people have added. */
  budget?: Budget;
  /** Second writers that a person has allowed to go on beside it. */
  beside?: readonly AllowedWriter[];
  /** The session takes word that the attempt runs from the answer; one of an older version waits for the signal. */
  runningInAnswer?: true;
}

export interface StartAgentResult {
  /** Of the holder, the root of the attempt's process tree. */
  pid: number;
  /** Unix ms. */
  startedAtMs: number;
  /** An attempt with this key was found alive and taken over. */
  adopted: boolean;
  /** Its first event, Unix ms, where the session takes it from the answer and it came soon enough; else a signal tells of it. */
  runningAtMs?: number;
}

/** Asks a host to end whatever attempt of the session is alive or may yet come alive. */
export interface StopAgentInput extends AttemptKey {
  /** Both make a last checkpoint and use the grace; `stop` also leaves a tombstone. */
  mode: 'pause' | 'stop';
  /** One line, for the report. */
  reason: string;
}

export interface StopAgentResult {
  /** The report of the attempt that was ended; null where none was alive. */
  report: AttemptReport | null;
}

export interface CreateCheckpointInput extends AttemptKey {
  trigger: 'user_requested';
}

/** Changes what a running attempt runs with; what takes effect with the next attempt waits for it. */
export interface ApplyParametersInput extends AttemptKey {
  parameters: Parameters;
}

/** What the attempt runs with now, read back. */
export interface ApplyParametersResult {
  parameters: Parameters;
}

/** What the host keeps of a session's state, so that it can be told when Temporal has forgotten. */
export interface RecordStateInput extends Pick<AttemptKey, 'sessionId' | 'name' | 'epoch'> {
  state: SessionState;
  reason: string;
  /** What was decided after the attempt `epoch`, one line; null before the first end. */
  decision: string | null;
}

/** Errors a host answers with, by code; they become the types of ApplicationFailures. */
export const hostErrorCodes = {
  /** A higher epoch, or the same with another attempt, has been seen; details: {highest}. Retrying is of no use. */
  staleEpoch: 'StaleEpoch',
  /** The session bears a tombstone. Retrying is of no use. */
  sessionStopped: 'SessionStopped',
  /** The attempt cannot be started as specified: a missing folder or binary. Retrying is of no use. */
  misconfigured: 'Misconfigured',
  /** Another process works on the session's conversation or tree; details: {writer}. Retrying is of no use before that has ended. */
  secondWriter: 'SecondWriter',
  /** A budget is used up; details: {finding}. Retrying is of no use before there is more. */
  overBudget: 'OverBudget',
  /** No attempt is running. Retrying is of no use. */
  notRunning: 'NotRunning',
  /** A checkpoint that was asked for could not be made. Retrying at once is of no use. */
  checkpointFailed: 'CheckpointFailed',
  /** An old process tree could not be proved dead in time. Retried. */
  notProvedDead: 'NotProvedDead',
  /** Another process works on the files of the session, which was at rest. Retried. */
  heldAtRest: 'HeldAtRest',
} as const;
export type HostErrorCode = (typeof hostErrorCodes)[keyof typeof hostErrorCodes];

/** Thrown by a host where it cannot do what it was asked for. */
export class HostError extends Error {
  constructor(
    readonly code: HostErrorCode,
    message: string,
    readonly details?: { highest: number } | { writer: SecondWriter } | { finding: BudgetFinding },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HostError';
  }
}
