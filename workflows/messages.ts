import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { TurnRequest } from '../domain/account.js';
import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import type { AssignedParameters } from '../domain/assignment.js';
import type { Budget, BudgetFinding, Spend } from '../domain/budget.js';
import type { CheckpointRef } from '../domain/checkpoint.js';
import type { Notice } from '../domain/notice.js';
import type { ChannelTried, TryNoticesInput } from '../domain/notice-channels.js';
import type { SessionRecords } from '../domain/outcome.js';
import type { ParameterName, ParameterValue } from '../domain/parameter-table.js';
import type { PromptQueue, QueuedPrompt } from '../domain/prompt-queue.js';
import type { Predecessor } from '../domain/session-chain.js';
import type { FailureHistory } from '../domain/restart-policy.js';
import type { Parameters, ResumeRung } from '../domain/parameters.js';
import type { ExitClass } from '../domain/exit-class.js';
import type { SecondWriter } from '../domain/second-writer.js';
import type { PauseReason, SessionSpec, SessionState } from '../domain/session.js';

/** Queue of the control worker: every workflow, and the activities that touch no host. */
export const controlQueue = 'shim';

/** Queue of one host's worker. */
export function hostQueue(hostId: string): string {
  return `shim-host:${hostId}`;
}

export function sessionWorkflowId(name: string): string {
  return `session/${name}`;
}

export function hostWorkflowId(hostId: string): string {
  return `host/${hostId}`;
}

/** Search attributes; registered from `searchAttributeTypes` by way of registered-attributes.ts. */
export const searchAttributes = {
  state: defineSearchAttributeKey('ShimState', SearchAttributeType.KEYWORD),
  agent: defineSearchAttributeKey('ShimAgent', SearchAttributeType.KEYWORD),
  host: defineSearchAttributeKey('ShimHost', SearchAttributeType.KEYWORD),
  attempt: defineSearchAttributeKey('ShimAttempt', SearchAttributeType.INT),
  restarts: defineSearchAttributeKey('ShimRestarts', SearchAttributeType.INT),
  lastExit: defineSearchAttributeKey('ShimLastExit', SearchAttributeType.KEYWORD),
  account: defineSearchAttributeKey('ShimAccount', SearchAttributeType.KEYWORD),
} as const;

export const searchAttributeTypes: Readonly<Record<string, 'Keyword' | 'Int'>> = {
  ShimState: 'Keyword',
  ShimAgent: 'Keyword',
  ShimHost: 'Keyword',
  ShimAttempt: 'Int',
  ShimRestarts: 'Int',
  ShimLastExit: 'Keyword',
  ShimAccount: 'Keyword',
};

/** What sessions are begun with now: see SuperviseSessionInput.revision. */
export const sessionRevision = 2;

export interface SuperviseSessionInput {
  spec: SessionSpec;
  hostId: string;
  /**
   * What its workflow may take for granted, where a patch would write two events into each history. Absent or 0: it asks by patch;
   * 1: it keeps records, asks for its first parameters within its first task, and was published with its first attempt. 2: what it does
   * beside its story comes in one order (see untilDue).
   */
  revision?: number;
  /** What a continued run carries over; absent in the first run. */
  carried?: CarriedSession;
}

/** What a person wants of a session. */
export type DesiredState = 'running' | 'paused' | 'stopped';

/** State that survives continue-as-new: plain JSON. */
export interface CarriedSession {
  epoch: number;
  restarts: number;
  history: FailureHistory;
  desired: DesiredState;
  pauseReason: PauseReason | null;
  state: SessionState;
  reason: string;
  /** The attempt that was running when the run was continued; null between attempts. */
  attempt: RunningAttempt | null;
  lastEnds: EndedAttempt[];
  checkpoint: CheckpointRef | null;
  /** Where the next attempt begins on the resume ladder. */
  strategy: ResumeRung;
  /** The back-off or limit the session was waiting out, Unix ms and why; null where it was not. */
  wait: SessionWait | null;
  /** An attempt whose start was asked for and not answered: it must be fenced before the session may rest. */
  unsettled: AttemptKey | null;
  checkpointRequests: number;
  /** Why the last checkpoint on request was not made; null where it was. */
  checkpointProblem: string | null;
  /** Since when the host has not answered, Unix ms; null where it does. */
  hostAwaySinceMs: number | null;
  /** Who paused and who stopped it, and why. */
  pausedBy: string;
  stoppedBy: string;
  /** When the session was first supervised, Unix ms. */
  startedAtMs: number;
  // What follows is lacking in what older versions carry.
  tuning?: CarriedTuning;
  /** What is yet to be recorded. */
  owed?: SessionRecords;
  notices?: CarriedNotices;
  /** Lacking before the first prompt was sent. */
  prompts?: PromptQueue;
  /** Lacking where it waits for no session and none waits for it. */
  chain?: CarriedChain;
  /** Lacking where nothing is known of a budget. */
  budget?: CarriedBudget;
  /** Who asked for a restart of the living attempt; null where nobody did. */
  restartBy?: string | null;
  /** Of a fleet's member. */
  toldNews?: ToldNews;
  account?: CarriedAccountWait;
  /** Lacking before the first second writer. */
  writers?: CarriedWriters;
  /** What it is to go on as; null where that is as it is. */
  change?: SessionSpec | null;
  /** That it rests was told by the run before. */
  restWasTold?: boolean;
}

/** The second writers of a session. */
export interface CarriedWriters {
  /** Who was seen last; null once a person has gone on beside it, or without it. */
  seen: SecondWriter | null;
  /** Whom people have allowed, and who they were; the newest last. */
  allowed: AllowedBeside[];
}
/** A second writer that a person goes on beside. */
export interface AllowedBeside extends SecondWriter {
  allowedBy: string;
}

/** What people have added to a session's budget, and how it stands. */
export interface CarriedBudget {
  added: Budget;
  /** By the end of the last attempt; null before the first. */
  spend: Spend | null;
  /** The budget for which it was paused, its own or another; null where none is used up. */
  finding: BudgetFinding | null;
}

/** A session's budget as `status` tells it. */
export interface BudgetStatus extends Omit<CarriedBudget, 'added'> {
  /** With what people have added. */
  limit: Budget;
}

/** What a session waits for, and who waits for it. */
export interface CarriedChain {
  /** It need not wait any more: the other one has completed, or a person has said so. */
  isOver: boolean;
  predecessor: Predecessor;
  successors: Successor[];
}
export interface Successor {
  name: string;
  sessionId: string;
}

/** What people were told of a session, and are yet to be told. */
export interface CarriedNotices {
  /** Notices so far. */
  told: number;
  /** Those that its host does not have yet, oldest first. */
  owed: Notice[];
}

/** What a fleet was told last. */
export interface ToldNews {
  key: string;
  /** The highest epoch whose failure it was told of. */
  epoch: number;
}

/** What a session knows of the account that pays for it. */
export interface CarriedAccountWait {
  /** Until when it is limited, Unix ms; null where it is not. */
  limitedUntilMs: number | null;
  /** The account was asked before the first attempt. */
  asked: boolean;
  /** Ticket of the wait that the account ended last. */
  letGo: string | null;
  /** It was let go first, and its host has not heard an answer of the agent yet. */
  isProbe: boolean;
}

/** What a session runs with, and where it has it from. */
export interface CarriedTuning extends AssignedParameters {
  /** How often they are to be asked for again. */
  wants: number;
  /** They were asked for since the last attempt ended, so that an attempt that begins to run need not ask. */
  fresh: boolean;
  /** Of the present attempt, as its host last read it back, and how it was begun; null before the first. */
  attempt: { attemptId: string; parameters: Parameters; resumeStrategy: ResumeRung; previousEndedAtMs: number | null } | null;
  /** When the attempt before ended, if nobody wanted the session to rest since, Unix ms. */
  previousEndedAtMs: number | null;
}

/** A wait with an end. */
export interface SessionWait {
  state: 'backing_off' | 'waiting_for_limit';
  untilMs: number;
  reason: string;
  /** What the session's account is asked; absent where the session waits for itself. */
  turn?: TurnRequest;
}

/** What a session's workflow returns when it closes. */
export interface SessionResult {
  state: 'completed' | 'stopped';
  reason: string;
  attempts: number;
  restarts: number;
}

/** A live attempt as the workflow knows it. Times are Unix ms. */
export interface RunningAttempt extends AttemptKey {
  pid: number;
  startedAtMs: number;
  runningAtMs: number | null;
}

/** An ended attempt, for `status` and `history`. */
export interface EndedAttempt {
  epoch: number;
  exitClass: ExitClass;
  reason: string;
  startedAtMs: number;
  endedAtMs: number;
  /** What was done about it, one line. */
  decision: string;
  /** Calls that the agent was not allowed to make, one line each. */
  denied?: string[];
  /** As in AttemptReport: no failure of a member to its fleet. */
  unwatched?: true;
}

/** The answer of query `status`. Times are Unix ms. */
export interface SessionStatus {
  name: string;
  sessionId: string;
  agent: string;
  hostId: string;
  state: SessionState;
  /** Why it is in this state, one line. */
  reason: string;
  /** When a timer ends it, Unix ms; null where none is set. */
  untilMs: number | null;
  desired: DesiredState;
  pauseReason: PauseReason | null;
  /** The fleet that it is a member of; null where it is of none. */
  fleet: string | null;
  epoch: number;
  restarts: number;
  attempt: RunningAttempt | null;
  checkpoint: CheckpointRef | null;
  checkpointProblem: string | null;
  startedAtMs: number;
  /** Ended attempts, newest last; the last 20. */
  ends: EndedAttempt[];
  /** What decisions and the next attempt go by. */
  parameters: Parameters;
  /** What the running attempt runs with, as its host read it back; null between attempts. */
  attemptParameters: Parameters | null;
  /** Set by a person for this session: no experiment and no deploy touches them. */
  pinned: ParameterName[];
  /** The experiments and rollouts that the session is in. */
  assignments: AssignedParameters['assignments'];
  /** Outcomes that the store is yet to be told. */
  outcomesOwed: number;
  /** Follow-up prompts that the agent has not got yet. */
  promptsWaiting: number;
  /** The session after which it begins; null where there is none. */
  after: string | null;
  /** Who pays: whose limits it waits for; null where it waits for itself. */
  account: string | null;
  /** Null where the session has none and has met none. */
  budget: BudgetStatus | null;
  /** Second writers that people have allowed to go on beside it; not told by older versions. */
  beside?: AllowedBeside[];
}

/** Records what a closed session owes, for as long as it takes: the store was away when it closed. */
export function recordsWorkflowId(sessionId: string, epoch: number): string {
  return `outcomes/${sessionId}/${epoch}`;
}
export interface RecordOutcomesInput {
  name: string;
  records: SessionRecords;
}

/** The answer of a command: it took effect, or it will, and why not yet. */
export interface CommandResult {
  outcome: 'applied' | 'accepted';
  message: string;
}

export const statusQuery = defineQuery<SessionStatus>('status');

/** From the host: an attempt's first event was seen. */
export const attemptRunningSignal = defineSignal<[AttemptRunning]>('attemptRunning');
export interface AttemptRunning extends AttemptKey {
  runningAtMs: number;
}

/** From the host: an attempt has ended. Sent until Temporal has it; deduplicated by attempt. */
export const attemptEndedSignal = defineSignal<[AttemptReport]>('attemptEnded');

/** From the host: a checkpoint worth knowing of was made (on request, or on entering a danger zone). */
export const checkpointMadeSignal = defineSignal<[CheckpointRef & { trigger: string }]>('checkpointMade');

/** From the host: an attempt has ended, and the next one is put off. */
export const hostWaitsSignal = defineSignal<[HostWaits]>('hostWaits');
export interface HostWaits extends AttemptKey {
  /** One line. */
  reason: string;
}

/** From the host: another process works on the conversation or the tree of a running attempt. */
export const secondWriterSeenSignal = defineSignal<[SecondWriterSeen]>('secondWriterSeen');
export interface SecondWriterSeen extends AttemptKey {
  writer: SecondWriter;
}

/** From a parameter's entity: what sessions are given of it has changed, so that a session asks again what it is to run with. */
export const parametersChangedSignal = defineSignal<[{ parameter: string; version: number }]>('parametersChanged');

export interface CommandInput {
  /** Who asks, for the history: `cli`, a user's name. */
  by: string;
  /** Why, one line; shown wherever the state is. */
  reason?: string;
  /** Of a pause that no person asked for. */
  pauseReason?: PauseReason;
  /** Of a resume: so much more may be spent. */
  add?: Budget;
  /** Of a resume: beside the second writer for which the session is paused, at the risk of the person who says so. */
  beside?: true;
}
export const pauseUpdate = defineUpdate<CommandResult, [CommandInput]>('pause');
export const resumeUpdate = defineUpdate<CommandResult, [CommandInput]>('resume');
/** Goes on as another specification says; refused where that is other work (domain/spec-change.ts). A paused session stays paused. */
export const changeUpdate = defineUpdate<CommandResult, [ChangeInput]>('change');
export interface ChangeInput extends CommandInput {
  spec: SessionSpec;
}
export const restartUpdate = defineUpdate<CommandResult, [CommandInput]>('restart');
export const stopUpdate = defineUpdate<CommandResult, [CommandInput]>('stop');
export const resetUpdate = defineUpdate<CommandResult, [CommandInput]>('reset');
export const checkpointNowUpdate = defineUpdate<CommandResult, [CommandInput]>('checkpointNow');

/** Adds a follow-up prompt to the session's queue: given to the agent, once, at its next turn or resume. */
export const sendUpdate = defineUpdate<QueuedAnswer, [SendInput]>('send');
export interface SendInput extends CommandInput {
  text: string;
}
export interface QueuedAnswer extends CommandResult {
  id: number;
  /** 1 for the one that is given next. */
  place: number;
}

/** Takes a prompt that waits out of the queue. */
export const removePromptUpdate = defineUpdate<CommandResult, [RemovePromptInput]>('removePrompt');
export interface RemovePromptInput extends CommandInput {
  id: number;
}

/** The prompts that wait, oldest first. */
export const promptsQuery = defineQuery<PromptsView>('prompts');
export interface PromptsView {
  name: string;
  /** `givenTo`: the attempt that has it, whose end tells whether the agent got it; null where it is not given yet. */
  waiting: (QueuedPrompt & { givenTo: number | null })[];
}

/** Another session waits for this one: it is told from now on. Answered with what is so. */
export const registerSuccessorUpdate = defineUpdate<Predecessor, [Successor]>('registerSuccessor');

/** From the session that this one waits for: what it has come to. */
export const predecessorSignal = defineSignal<[PredecessorNews]>('predecessor');
export interface PredecessorNews {
  after: string;
  /** Of the session that is told, by its id: a name may be used again. */
  successorId: string;
  predecessor: Predecessor;
}

/** Asks to be told of another session. */
export interface JoinInput extends Successor {
  after: string;
}

/** Type of the ApplicationFailure that refuses sessions which would wait for one another. */
export const circle = 'Circle';

/** Type of the ApplicationFailure that refuses a command which makes no sense in the present state. */
export const invalidCommand = 'InvalidCommand';

export interface HostStatus {
  hostId: string;
  state: 'up' | 'down' | 'never_seen';
  sinceMs: number;
  leases: number;
  /** Why it is in this state, one line. */
  reason: string;
  /** Of the last lease; null before the first. */
  lease: LeaseHeld | null;
}
export const hostStatusQuery = defineQuery<HostStatus>('hostStatus');

/** From the host worker, at its start: restart_strategy as it is published; null where it never was. Fails where the store does not tell in time. */
export const restartStrategyUpdate = defineUpdate<ParameterValue | null>('restartStrategy');

/** Sends a notice that says it is a test through the host's channels, once each. Fails where the host does not answer in time. */
export const tryNoticesUpdate = defineUpdate<ChannelTried[], [TryNoticesInput]>('tryNotices');

/** From the host: it holds its lease now. */
export const leaseHeldSignal = defineSignal<[LeaseHeld]>('leaseHeld');
export interface LeaseHeld {
  bootId: string;
  pid: number;
  metricsPort: number | null;
}

export interface SuperviseHostInput {
  hostId: string;
  /** What a continued run carries over: `lost` says how the last lease ended. */
  carried?: { status: HostStatus; lost: string };
}

export interface HoldLeaseInput {
  hostId: string;
}
