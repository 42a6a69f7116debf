import { patched, setCurrentDetails } from '@temporalio/workflow';
import type { AttemptKey, AttemptReport } from '../../domain/attempt.js';
import { moment } from '../../domain/moment.js';
import { emptyHistory, type Decision } from '../../domain/restart-policy.js';
import type { PauseReason, SessionState } from '../../domain/session.js';
import { sessionRevision, type AttemptRunning, type CarriedSession, type RunningAttempt, type SessionStatus, type SuperviseSessionInput } from '../messages.js';
import type { AssignedParameters } from '../../domain/assignment.js';
import type { CheckpointRef } from '../../domain/checkpoint.js';
import { Attempts } from './attempts.js';
import { SessionBudget } from './budget.js';
import { SessionChain } from './chain.js';
import { AccountWait } from './account-wait.js';
import { concludeAttempt } from './conclusion.js';
import { describeSession } from './details.js';
import { firstState } from './first-state.js';
import { OwedNotices } from './notices.js';
import { nothingOwed, OwedRecords } from './owed-records.js';
import { Prompts } from './prompts.js';
import { Publication } from './publication.js';
import { isOfRevision } from './revision.js';
import { RestartRequest } from './restart-request.js';
import { SecondWriters } from './second-writer.js';
import { SpecChange } from './spec-change.js';
import { statusOf } from './status.js';
import { TunedParameters, untuned } from './tuned-parameters.js';

/**
 * The state of a supervised session: commands and the host's facts come in, the loop in supervise-session.ts acts on it.
 * Nothing here waits.
 */
export class Session {
  private readonly carried: CarriedSession;
  private readonly publication: Publication;
  readonly attempts: Attempts;
  readonly parameters: TunedParameters;
  readonly records: OwedRecords;
  readonly notices: OwedNotices;
  readonly prompts: Prompts;
  readonly restart: RestartRequest;
  readonly chain: SessionChain;
  readonly account: AccountWait;
  readonly budget: SessionBudget;
  readonly writers: SecondWriters;
  readonly change: SpecChange;

  /** @param keepsRecord whether the store is asked and told; not so in runs that an older version began. */
  constructor(
    private readonly input: SuperviseSessionInput,
    readonly keepsRecord: boolean,
  ) {
    this.carried = input.carried ?? firstState(input);
    this.publication = new Publication(this.carried, this.isNew && !input.carried);
    this.attempts = new Attempts(input.spec, this.carried);
    this.parameters = new TunedParameters(input, (this.carried.tuning ??= untuned(input)));
    this.records = new OwedRecords((this.carried.owed ??= { ...nothingOwed }));
    this.notices = new OwedNotices((this.carried.notices ??= { told: 0, owed: [] }));
    this.prompts = new Prompts(input.spec.name, this.carried);
    this.restart = new RestartRequest(this.carried);
    this.chain = new SessionChain(input.spec, this.carried);
    this.account = new AccountWait(input.spec, this.carried);
    this.budget = new SessionBudget(input.spec, this.carried);
    this.writers = new SecondWriters(this.carried);
    this.change = new SpecChange(this.carried);
  }

  get spec() {
    return this.input.spec;
  }
  /** Begun by a version that asks for no patch of what revision 1 has. */
  get isNew() {
    return isOfRevision(this.input, 1);
  }
  /** Begun by a version whose loops come in one order, whichever answers come together. */
  get ordersLoops() {
    return isOfRevision(this.input, 2);
  }
  get desired() {
    return this.carried.desired;
  }
  /** What is alive has to end. */
  get isToEnd() {
    return this.carried.desired !== 'running' || this.restart.by !== null;
  }
  get toldNews() {
    return (this.carried.toldNews ??= { key: '', epoch: 0 });
  }
  get hostId() {
    return this.input.hostId;
  }
  /** Counts resets, so that whoever rests in failed or in a wait sees one. */
  get resets() {
    return this.resetCount;
  }
  get state() {
    return this.carried.state;
  }
  get reason() {
    return this.carried.reason;
  }
  get attempt() {
    return this.carried.attempt;
  }
  get wait() {
    return this.carried.wait;
  }
  get unsettled() {
    return this.carried.unsettled;
  }
  get strategy() {
    return this.carried.strategy;
  }
  get epoch() {
    return this.carried.epoch;
  }
  get restarts() {
    return this.carried.restarts;
  }
  get startedAtMs() {
    return this.carried.startedAtMs;
  }
  /** A start is under way and not yet answered: whatever else can wait does. */
  get isBetweenAttempts() {
    return this.carried.state === 'starting' && this.carried.attempt === null;
  }
  get checkpointsWanted() {
    return this.carried.checkpointRequests;
  }
  get pausedBy() {
    return this.carried.pausedBy;
  }
  get stoppedBy() {
    return this.carried.stoppedBy;
  }
  get hostIsAway() {
    return this.carried.hostAwaySinceMs !== null;
  }
  /** No attempt is alive and none can come alive. */
  get isSettled() {
    return this.carried.attempt === null && this.carried.unsettled === null;
  }
  /** Settled, and the host bears the tombstone. */
  get settledForGood() {
    return this.isSettled && this.tombstone;
  }

  /** What a continued run needs. */
  carry(): SuperviseSessionInput {
    return { ...this.input, revision: sessionRevision, carried: this.carried };
  }

  status(): SessionStatus {
    return statusOf(this.input, this.carried, this);
  }

  /** Moves to a state and shows it wherever people look. */
  enter(state: SessionState, reason: string): void {
    this.carried.state = state;
    this.carried.reason = reason;
    // A restart's way is kept clear: the attempt's start is asked for first, and published when the host has answered.
    if (state !== 'starting') this.publication.publish();
    this.show();
  }

  /** More is known of what it waits for. */
  showWait(): void {
    if (this.carried.state === 'waiting_for_session') this.enter('waiting_for_session', this.chain.reason);
  }

  show(): void {
    setCurrentDetails(describeSession(this.status(), this.spec));
  }

  // Attempts

  /** Names the next attempt; whatever was waited for before it is over. */
  nextAttempt(): AttemptKey {
    this.carried.wait = null;
    const key = this.attempts.next();
    this.parameters.begin(key.attemptId, this.carried.strategy);
    return key;
  }

  /** The host confirms that the attempt exists. */
  attemptStarted(attempt: RunningAttempt): void {
    const wasSeen = this.attempts.started(attempt);
    // It was seen to run before the host went out of sight, and nobody tells it again.
    if (wasSeen && this.carried.state === 'starting' && patched('seen-to-run-before-the-answer')) this.enter('running', 'first event seen');
    else if (!wasSeen && attempt.runningAtMs !== null) this.onRunning({ ...attempt, runningAtMs: attempt.runningAtMs });
    this.publication.publish();
  }

  onRunning(running: AttemptRunning): void {
    if (!this.attempts.runs(running)) return;
    this.parameters.attemptRuns();
    const { state } = this.carried;
    if (state === 'starting' || state === 'waiting_for_host') this.enter('running', 'first event seen');
  }

  /** Takes an attempt's end into the history and decides what is next. */
  conclude(report: AttemptReport, random: number): Decision {
    return concludeAttempt(this, this.carried, report, random);
  }

  onCheckpoint({ id, atMs }: CheckpointRef): void {
    this.carried.checkpoint = { id, atMs };
    this.show();
  }

  /** The host's answer to so many requests, the checkpoint or why there is none; those that came in meanwhile want another. */
  checkpointAnswered(asked: number, answer: CheckpointRef | string): void {
    this.carried.checkpointRequests -= asked;
    this.carried.checkpointProblem = typeof answer === 'string' ? answer : null;
    if (typeof answer !== 'string') this.onCheckpoint(answer);
  }

  // The host's presence

  hostWentAway(): void {
    const c = this.carried;
    c.hostAwaySinceMs ??= Date.now();
    this.enter('waiting_for_host', `host ${this.input.hostId} has not answered since ${moment(c.hostAwaySinceMs)} UTC`);
  }

  hostAnswered(): void {
    const c = this.carried;
    c.hostAwaySinceMs = null;
    if (c.state === 'waiting_for_host') this.enter(c.desired === 'running' ? 'starting' : 'stopping', 'the host is back');
  }

  private tombstone = false;

  /** The host has noted that the session never returns. */
  tombstoned(): void {
    this.tombstone = true;
  }

  /** What the session is to run with was asked for so often, and answered; null where it was not. */
  tuned(wants: number, assigned: AssignedParameters | null): void {
    const before = this.parameters.current.resumeStrategy;
    this.parameters.answered(wants, assigned);
    // A rung that failures have led down to stays.
    if (this.carried.strategy === before) this.carried.strategy = this.parameters.current.resumeStrategy;
    this.show();
  }

  // What people ask for: commands.ts checks and answers, these set

  /** A resume is a person's word: it does not wait out a back-off, but a limit it does. */
  wantRunning(): void {
    this.carried.desired = 'running';
    this.carried.pauseReason = null;
    if (this.carried.wait?.state === 'backing_off') this.carried.wait = null;
  }

  wantPausedFor(reason: PauseReason, by: string): void {
    this.carried.desired = 'paused';
    this.carried.pauseReason = reason;
    this.carried.pausedBy = by;
  }

  wantStopped(by: string): void {
    this.carried.desired = 'stopped';
    this.carried.stoppedBy = by;
  }

  wantCheckpoint(): void {
    this.carried.checkpointRequests += 1;
  }

  private resetCount = 0;

  /** Forgets failures and waits, and starts at once. */
  wantFreshStart(): void {
    this.carried.history = emptyHistory;
    this.carried.wait = null;
    this.resetCount += 1;
    this.wantRunning();
  }

  /** Nothing more comes of it. */
  closed(state: 'completed' | 'stopped'): void {
    const { epoch, restarts } = this.carried;
    this.records.closed({ sessionId: this.spec.sessionId, state, attempts: epoch, restarts, closedAtMs: Date.now() });
  }

  waitOver(): void {
    this.carried.wait = null;
  }
}
