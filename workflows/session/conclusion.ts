import type { AttemptReport } from '../../domain/attempt.js';
import { outcomeOf } from '../../domain/outcome.js';
import { decideNext, describeDecision, type Decision } from '../../domain/restart-policy.js';
import type { CarriedSession, EndedAttempt } from '../messages.js';
import { pauseForBudget } from './budget.js';
import { canCompact } from './compaction.js';
import type { Session } from './session.js';

/** Decisions after which another attempt begins by itself. */
const goesOn: ReadonlySet<Decision['kind']> = new Set(['restart_now', 'back_off', 'wait_for_limit']);

/** Ends kept for `status`; older ones are on the host's disk. */
const endsKept = 20;

/** Takes an attempt's end into what a session carries, and decides what is next. */
export function concludeAttempt(session: Session, carried: CarriedSession, report: AttemptReport, random: number): Decision {
  const { account, attempts, budget, parameters, restart } = session;
  attempts.concluded();
  carried.checkpoint = report.checkpoint ?? carried.checkpoint;
  account.ended(report);
  const nowMs = Date.now();
  const decision = decide(session, carried, report, nowMs, random);
  const overBudget = budget.ended(report);
  if (overBudget && decision.kind !== 'complete') pauseForBudget(session, overBudget);
  carried.lastEnds = [...carried.lastEnds, endOf(session, report, decision)].slice(-endsKept);
  restart.done();
  if (decision.kind === 'restart_now' || decision.kind === 'back_off' || decision.kind === 'wait_for_limit') carried.strategy = decision.strategy;
  if (decision.kind === 'back_off') carried.wait = { state: 'backing_off', untilMs: nowMs + decision.delayMs, reason: decision.reason };
  if (decision.kind === 'wait_for_limit') carried.wait = { state: 'waiting_for_limit', untilMs: decision.untilMs, reason: decision.reason, ...account.turnAfter(report, decision) };
  const context = parameters.ended(report.attemptId, report.endedAtMs, session.desired === 'running' && goesOn.has(decision.kind));
  if (session.keepsRecord) session.records.ended(outcomeOf(report, context));
  // There is time now, and the next attempt has what is so when it begins.
  if (decision.kind === 'back_off') parameters.want();
  return decision;
}

/** What the policy says, with the failures before this end. */
function decide({ spec, parameters, prompts, account }: Session, carried: CarriedSession, report: AttemptReport, nowMs: number, random: number): Decision {
  const promptIgnored = prompts.ended(report);
  const { decision, history } = decideNext({
    policy: spec.policy,
    parameters: parameters.current,
    history: carried.history,
    report,
    prompts: { waiting: prompts.waiting, ignored: promptIgnored },
    nowMs,
    random,
    ...account.known,
    canCompact: canCompact(spec.agent, report.exitClass),
  });
  carried.history = history;
  return decision;
}

/** An end as `status` tells it, with what followed: what people want of the session comes before what the policy says. */
function endOf({ desired, restart }: Session, report: AttemptReport, decision: Decision): EndedAttempt {
  const { epoch, exitClass, reason, startedAtMs, endedAtMs, denied, unwatched } = report;
  const decided = decision.kind === 'stop' && restart.by !== null ? 'restart' : describeDecision(decision);
  const followed = desired === 'running' || decision.kind === 'complete' ? decided : desired;
  return { epoch, exitClass, reason, startedAtMs, endedAtMs, decision: followed, ...(denied ? { denied } : {}), ...(unwatched ? { unwatched } : {}) };
}
