import { allHandlersFinished, CancellationScope, condition, continueAsNew, patched, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { neverBegan, type AttemptKey, type AttemptReport } from '../domain/attempt.js';
import { formatDuration } from '../domain/duration.js';
import { hostErrorCodes } from '../domain/host-requests.js';
import type { BudgetFinding } from '../domain/budget.js';
import type { SecondWriter } from '../domain/second-writer.js';
import { commandLine } from '../domain/spec-text.js';
import {
  attemptEndedSignal,
  attemptRunningSignal,
  changeUpdate,
  checkpointMadeSignal,
  checkpointNowUpdate,
  parametersChangedSignal,
  pauseUpdate,
  predecessorSignal,
  promptsQuery,
  registerSuccessorUpdate,
  removePromptUpdate,
  resetUpdate,
  restartUpdate,
  resumeUpdate,
  sendUpdate,
  secondWriterSeenSignal,
  hostWaitsSignal,
  statusQuery,
  stopUpdate,
  type SessionResult,
  type SuperviseSessionInput,
} from './messages.js';
import { acceptAccountMessages, askFirst, waitForTurn } from './session/account-turn.js';
import { SessionCommands } from './session/commands.js';
import { FleetNews } from './session/fleet-news.js';
import { hostCalls, type HostCalls } from './session/host-calls.js';
import { refusedForBudget } from './session/budget.js';
import { joinPredecessor, tellSuccessors, waitForPredecessor } from './session/chain.js';
import { onHostWaits } from './session/host-waits.js';
import { keepNoticed, noteRest } from './session/notices.js';
import { isOfRevision } from './session/revision.js';
import { onSecondWriter, refusedForWriter } from './session/second-writer.js';
import { Session } from './session/session.js';
import { continueChanged, isChangeDue } from './session/spec-change.js';
import { assignFirst, keepUp, settleRecords } from './session/upkeep.js';
import { summarize } from './one-line.js';

/** Replaying an event costs a quarter of a millisecond, and a restart about ten events: continue as new before it is felt. */
const historyEventsKept = 500;

/** How long a host that refused to end an attempt is left alone. */
const askAgainAfter = '10 s';

/**
 * Supervises one session until it is completed or stopped: attempts follow one another as the restart policy says, and
 * commands break in at any time. Cancelling the workflow stops the session.
 *
 * @returns how the session closed. Failed and paused sessions stay open, for reset and resume.
 */
export async function superviseSession(input: SuperviseSessionInput): Promise<SessionResult> {
  const session = new Session(input, isOfRevision(input, 1) || patched('parameters-and-outcomes'));
  acceptMessages(session);
  const scope = CancellationScope.current();
  let cancellation: unknown;
  scope.cancelRequested.catch((reason: unknown) => {
    cancellation = reason;
    session.wantStopped('cancellation');
  });
  const host = hostCalls(input.hostId, input.spec.limits.stopGraceMs);
  const result = await CancellationScope.nonCancellable(() => {
    if (session.keepsRecord) keepUp(session, host);
    void keepNoticed(session, host);
    const news = input.spec.fleet === undefined ? null : new FleetNews(session, input.spec.fleet);
    void news?.keepTold();
    return supervise(session, host, news);
  });
  if (cancellation !== undefined) throw cancellation;
  return result;
}

function acceptMessages(session: Session): void {
  setHandler(statusQuery, () => session.status(), { description: 'State, reason, attempt, checkpoint and the last ends' });
  setHandler(attemptRunningSignal, (running) => session.onRunning(running), { description: "From the host: an attempt's first event was seen" });
  setHandler(attemptEndedSignal, (report) => session.attempts.ended(report), { description: 'From the host: an attempt has ended' });
  setHandler(checkpointMadeSignal, (checkpoint) => session.onCheckpoint(checkpoint), { description: 'From the host: a checkpoint was made' });
  setHandler(hostWaitsSignal, (waits) => onHostWaits(session, waits), { description: 'From the host: it puts off the next attempt, and why' });
  setHandler(secondWriterSeenSignal, (seen) => onSecondWriter(session, seen), { description: 'From the host: another process works on the conversation or the tree' });
  setHandler(parametersChangedSignal, ({ parameter }) => session.parameters.changed(parameter), {
    description: "From a parameter's entity: ask again what the session is to run with",
  });
  setHandler(predecessorSignal, (news) => {
    session.chain.told(news);
    session.showWait();
  }, { description: 'From the session that this one waits for: what it has come to' });
  acceptAccountMessages(session);
  const commands = new SessionCommands(session);
  setHandler(registerSuccessorUpdate, (successor) => commands.register(successor), { description: 'From a session that waits for this one: tell it what becomes of this one' });
  setHandler(pauseUpdate, (command) => commands.pause(command), {
    validator: (_command) => commands.check('pause'),
    description: 'Make a checkpoint, stop the agent, keep the session',
  });
  setHandler(resumeUpdate, (command) => commands.resume(command), {
    validator: (command) => commands.checkResume(command),
    description: 'Go on where a paused session ended',
  });
  setHandler(restartUpdate, (command) => commands.restart(command), {
    validator: (_command) => commands.check('restart'),
    description: 'Make a checkpoint, end the attempt, and begin another that goes on from it',
  });
  setHandler(changeUpdate, (command) => commands.change(command), {
    validator: (command) => commands.checkChange(command),
    description: 'Go on as another specification says: the same work with other bounds, budgets or settings',
  });
  setHandler(stopUpdate, (command) => commands.stop(command), { description: 'Stop for good: the session never returns by itself' });
  setHandler(resetUpdate, (_command) => commands.reset(), {
    validator: (_command) => commands.check('reset'),
    description: 'Clear failures and waits, and start at once',
  });
  setHandler(checkpointNowUpdate, (_command) => commands.checkpointNow(), {
    validator: (_command) => commands.check('checkpointNow'),
    description: 'Make a checkpoint of the running attempt',
  });
  setHandler(sendUpdate, (prompt) => commands.send(prompt), {
    validator: (prompt) => commands.checkSend(prompt),
    description: 'Keep a follow-up prompt: the agent gets it at its next turn or resume',
  });
  setHandler(removePromptUpdate, (prompt) => commands.removePrompt(prompt), { description: 'Take a prompt that waits out of the queue' });
  setHandler(promptsQuery, () => session.prompts.view(!session.isSettled), { description: 'The follow-up prompts that wait' });
}

async function supervise(session: Session, host: HostCalls, news: FleetNews | null): Promise<SessionResult> {
  session.show();
  void joinPredecessor(session);
  for (;;) {
    if (session.chain.isWaiting && session.desired === 'running') {
      const refusal = await waitForPredecessor(session);
      if (refusal !== null) await restInFailed(session, host, refusal);
      continue;
    }
    if (isChangeDue(session)) {
      await continueChanged(session);
      continue;
    }
    const ending = session.isToEnd;
    const report = ending ? await endAttempt(session, host) : await attemptToItsEnd(session, host);
    if (report) {
      const decision = session.conclude(report, Math.random());
      if (decision.kind === 'complete') {
        // Asked to stop in the moment of its end: it has completed, and the host knows that it was stopped.
        if (session.desired === 'stopped' && !session.settledForGood) await endAttempt(session, host);
        return close(session, host, news, 'completed', decision.reason);
      }
      // An attempt that was ended for a pause is no end of the session, even if it was resumed meanwhile.
      if (decision.kind === 'stop' && !ending && session.desired === 'running') return close(session, host, news, 'stopped', decision.reason);
      if (decision.kind === 'fail' && session.desired === 'running') await restInFailed(session, host, decision.reason);
    }
    if (session.desired === 'stopped' && session.settledForGood) return close(session, host, news, 'stopped', `stopped by ${session.stoppedBy}`);
    if (session.desired === 'paused' && session.isSettled) await restInPaused(session, host);
    if (session.desired === 'running' && session.wait) await waitOut(session);
  }
}

/** Begins an attempt, or goes on with the one that is alive, until it ends (its report) or a command breaks in (null). */
async function attemptToItsEnd(session: Session, host: HostCalls): Promise<AttemptReport | null> {
  if (!session.attempt) {
    if (session.epoch === 0 && session.keepsRecord && !session.account.asked) await Promise.all([assignFirst(session), askFirst(session)]);
    if (session.desired !== 'running' || session.account.turn) return null;
    const report = await beginAttempt(session, host);
    if (report) return report;
  }
  while (session.attempt && !session.isToEnd) {
    const key: AttemptKey = session.attempt;
    await condition(() => session.attempts.reportOf(key) !== undefined || session.isToEnd || session.checkpointsWanted > 0 || historyIsLong());
    const report = session.attempts.reportOf(key);
    if (report) return report;
    if (session.isToEnd) return null;
    if (session.checkpointsWanted > 0) await checkpoint(session, host, key);
    else await continueWhenQuiet(session, key);
  }
  return null;
}

/** @returns the report of an attempt that ended before, or could not begin at all; null otherwise. */
async function beginAttempt(session: Session, host: HostCalls): Promise<AttemptReport | null> {
  const { spec, strategy } = session;
  const { lastDecision, lastEnd } = session.attempts;
  const parameters = session.parameters.current;
  const key = session.nextAttempt();
  // Who is only to shorten its conversation is given none: the attempt after it is.
  const prompt = strategy === 'compact' ? null : session.prompts.give(key);
  if (session.hostIsAway) session.hostWentAway();
  else session.enter('starting', key.epoch === 1 ? 'first attempt' : `attempt ${key.epoch}: ${strategy} resume`);
  const ended = () => session.attempts.reportOf(key) !== undefined;
  const summary = key.epoch === 1 ? `attempt 1: ${commandLine(spec)}` : `attempt ${key.epoch}: ${strategy} resume after ${lastEnd ?? 'it was fenced'}`;
  for (;;) {
    const answer = await host.startAgent(
      { ...key, spec, strategy, parameters, decision: lastDecision, runningInAnswer: true, ...(prompt ? { prompt } : {}), ...(session.budget.limit ? { budget: session.budget.limit } : {}), ...session.account.probeOf, ...(session.writers.allowed.length > 0 ? { beside: session.writers.allowed } : {}) },
      summarize(summary),
      session.hostIsAway,
      () => ended() || session.desired !== 'running',
    );
    const report = session.attempts.reportOf(key);
    if (report) {
      session.hostAnswered();
      return report;
    }
    if (answer.kind === 'host_away') {
      session.hostWentAway();
      continue;
    }
    if (answer.kind === 'given_up') return null;
    session.hostAnswered();
    if (answer.kind === 'done') {
      session.attemptStarted({ ...key, pid: answer.result.pid, startedAtMs: answer.result.startedAtMs, runningAtMs: answer.result.runningAtMs ?? null });
      return null;
    }
    return refusedStart(session, key, answer);
  }
}

function refusedStart(session: Session, key: AttemptKey, refusal: { type: string; message: string; details: unknown }): AttemptReport | null {
  switch (refusal.type) {
    case hostErrorCodes.staleEpoch:
      session.attempts.fencedBy((refusal.details as { highest: number }).highest);
      return null;
    case hostErrorCodes.secondWriter:
      refusedForWriter(session, (refusal.details as { writer: SecondWriter }).writer);
      return null;
    case hostErrorCodes.overBudget:
      refusedForBudget(session, (refusal.details as { finding: BudgetFinding }).finding);
      return null;
    case hostErrorCodes.sessionStopped:
      session.attempts.settled();
      session.wantStopped('its tombstone on the host');
      return null;
    default:
      session.attempts.settled();
      return neverBegan(key, session.hostId, refusal.message, Date.now());
  }
}

const whyNoCheckpoint = { host_away: 'the host does not answer', given_up: 'the attempt ended meanwhile' } as const;

async function checkpoint(session: Session, host: HostCalls, key: AttemptKey): Promise<void> {
  const giveUp = () => session.attempts.reportOf(key) !== undefined || session.desired === 'stopped';
  const asked = session.checkpointsWanted;
  const answer = await host.createCheckpoint({ ...key, trigger: 'user_requested' }, 'checkpoint on request', giveUp);
  session.checkpointAnswered(asked, answer.kind === 'done' ? answer.result : answer.kind === 'refused' ? answer.message : whyNoCheckpoint[answer.kind]);
}

/** Ends whatever is alive or may yet come alive, for a restart, a pause or a stop; a stop leaves its tombstone on the host. */
async function endAttempt(session: Session, host: HostCalls): Promise<AttemptReport | null> {
  const { desired, spec, epoch } = session;
  const key = session.attempt ?? session.unsettled;
  if (desired !== 'stopped' && key === null) {
    session.restart.done();
    return null;
  }
  const mode = desired === 'stopped' ? 'stop' : 'pause';
  const why = desired === 'running' ? `restart by ${session.restart.by}` : `${mode} by ${mode === 'stop' ? session.stoppedBy : session.pausedBy}`;
  if (session.hostIsAway) session.hostWentAway();
  else session.enter('stopping', why);
  const target = key ?? { sessionId: spec.sessionId, name: spec.name, epoch, attemptId: '' };
  for (;;) {
    const answer = await host.stopAgent({ ...target, mode, reason: why }, summarize(why), session.hostIsAway);
    if (answer.kind === 'host_away') {
      session.hostWentAway();
      continue;
    }
    session.hostAnswered();
    if (answer.kind !== 'done') {
      // Whether the agent lives is not known, so the session cannot rest. Who reads the reason can mend it.
      session.enter('stopping', `the host cannot end it yet: ${answer.kind === 'refused' ? answer.message : answer.kind}`);
      await sleep(askAgainAfter, { summary: `ask ${session.hostId} again to end it` });
      continue;
    }
    session.attempts.settled();
    if (mode === 'stop') session.tombstoned();
    const { report } = answer.result;
    if (report && report.epoch === epoch) return report;
    session.restart.done();
    return null;
  }
}

async function restInFailed(session: Session, host: HostCalls, reason: string): Promise<void> {
  session.enter('failed', reason);
  const { resets } = session;
  await record(session, host);
  await tellSuccessors(session, 'failed');
  await condition(() => session.resets !== resets || session.desired === 'stopped');
  if (session.desired === 'running') await tellSuccessors(session, 'starting');
}

async function restInPaused(session: Session, host: HostCalls): Promise<void> {
  session.enter('paused', `paused by ${session.pausedBy}`);
  await record(session, host);
  await condition(() => session.desired !== 'paused' || isChangeDue(session));
  // Who waits for the resume is not told that it is paused, while what it is to run with is looked up.
  if (session.desired === 'running') session.enter('starting', 'resumed');
}

/** Waits out a back-off or a limit; a reset or another command ends it early. */
async function waitOut(session: Session): Promise<void> {
  const { wait, resets } = session;
  if (!wait) return;
  session.enter(wait.state, wait.reason);
  if (wait.turn) {
    await waitForTurn(session, wait.turn);
    return;
  }
  const delayMs = Math.max(1, wait.untilMs - Date.now());
  const summary = summarize(`${wait.state === 'backing_off' ? 'back-off of' : 'waits'} ${formatDuration(delayMs)}: ${wait.reason}`);
  const brokenInto = await condition(() => session.desired !== 'running' || session.resets !== resets, delayMs, { summary });
  if (!brokenInto || session.resets !== resets) session.waitOver();
}

async function close(session: Session, host: HostCalls, news: FleetNews | null, state: SessionResult['state'], reason: string): Promise<SessionResult> {
  session.enter(state, reason);
  if (session.keepsRecord) session.closed(state);
  await record(session, host);
  await tellSuccessors(session, state);
  if (session.keepsRecord) await settleRecords(session);
  await condition(() => session.notices.isEmpty);
  await news?.settle();
  await condition(allHandlersFinished);
  return { state, reason, attempts: session.epoch, restarts: session.restarts };
}

/** Notes the state on the host's disk, and what people are to be told. A host that is away is told no state: it keeps the attempt's own end anyway. */
async function record(session: Session, host: HostCalls): Promise<void> {
  noteRest(session);
  const { spec, epoch, state, reason, attempts } = session;
  const summary = reason.startsWith(state) ? reason : `${state}: ${reason}`;
  await host.recordState({ sessionId: spec.sessionId, name: spec.name, epoch, state, reason, decision: attempts.lastDecision }, summarize(summary));
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > historyEventsKept;
}

/** Continues as new unless something came in while the handlers finished. */
async function continueWhenQuiet(session: Session, key: AttemptKey): Promise<void> {
  await condition(allHandlersFinished);
  if (session.attempts.reportOf(key) !== undefined || session.isToEnd || session.checkpointsWanted > 0) return;
  await continueAsNew<typeof superviseSession>(session.carry());
}
