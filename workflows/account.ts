import { ActivityCancellationType, ActivityFailure, allHandlersFinished, condition, continueAsNew, getExternalWorkflowHandle, log, proxyActivities, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { AccountActivities } from '../activities/account-activities.js';
import type { WaitingSession } from '../domain/account.js';
import type { AccountState } from '../domain/account.js';
import { formatDuration } from '../domain/duration.js';
import {
  accountStatusQuery,
  answerSeenSignal,
  cancelWaitUpdate,
  leftSignal,
  letGoSignal,
  turnUpdate,
  waitUntilUpdate,
  type AccountInput,
} from './account-messages.js';
import { AccountEntity } from './account/entity.js';
import { controlQueue, searchAttributes, sessionWorkflowId } from './messages.js';
import { summarize } from './one-line.js';

const historyEventsKept = 500;

/** What sessions do not hear in this time they learn by asking. */
const { tellSessions } = proxyActivities<AccountActivities>({
  taskQueue: controlQueue,
  startToCloseTimeout: '2 min',
  heartbeatTimeout: '30 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '15 s', maximumAttempts: 5 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/**
 * The limits of one account, for as long as there are sessions that it pays for: one timer until a limit is over, then one
 * session to see whether it is, then the others one after another. It never ends; where it was ended all the same, the
 * next session that asks begins it anew.
 */
export async function account(input: AccountInput): Promise<never> {
  const entity = new AccountEntity(input);
  acceptMessages(entity);
  if (!input.carried) upsertSearchAttributes([{ key: searchAttributes.account, value: input.account }, { key: searchAttributes.state, value: entity.status().phase }]);
  void keepTold(entity);
  for (;;) {
    const { dueAtMs } = entity;
    if (dueAtMs !== null && dueAtMs <= Date.now()) {
      const { next, isProbe } = entity.letGo();
      if (next) await letGo(entity, next, isProbe);
      continue;
    }
    await untilDue(entity, dueAtMs);
    if (historyIsLong()) await continueWhenQuiet(entity);
  }
}

function acceptMessages(entity: AccountEntity): void {
  setHandler(accountStatusQuery, () => entity.status(), { description: 'The limit, its end, and who waits' });
  setHandler(turnUpdate, (request) => entity.turn(request), { description: 'From a session: its attempt met a limit, or it wants to start' });
  setHandler(waitUntilUpdate, (command) => entity.waitUntil(command), { description: 'By a person: wait until then (untilMs, Unix ms)' });
  setHandler(cancelWaitUpdate, (command) => entity.cancelWait(command), { description: 'By a person: the wait is over' });
  setHandler(leftSignal, ({ session }) => entity.left(session), { description: 'From a session: it waits no more' });
  setHandler(answerSeenSignal, ({ session }) => entity.answerSeen(session), { description: 'From a host: the session that went first had an answer' });
}

/** What the account's timer is for. */
const untilWhat: Readonly<Record<AccountState['phase'], (delay: string, what: string) => string>> = {
  open: () => '',
  limited: (delay, reason) => `${delay} until one session tries again: ${reason}`,
  probing: (delay, session) => `${delay} for ${session} to have an answer; then the next one tries`,
  releasing: (delay) => `${delay} until the next session goes on: the limit is over`,
};

/** Until the time has come or another one counts: one timer, whoever reports the same limit. */
async function untilDue(entity: AccountEntity, dueAtMs: number | null): Promise<void> {
  const changed = () => entity.dueAtMs !== dueAtMs || historyIsLong();
  if (dueAtMs === null) {
    await condition(changed);
    return;
  }
  const delayMs = Math.max(1, dueAtMs - Date.now());
  const { phase, reason, probe } = entity.status();
  await condition(changed, delayMs, { summary: summarize(untilWhat[phase](formatDuration(delayMs), phase === 'limited' ? reason : (probe?.session ?? ''))) });
}

async function letGo(entity: AccountEntity, { session, ticket }: WaitingSession, probe: boolean): Promise<void> {
  try {
    await getExternalWorkflowHandle(sessionWorkflowId(session)).signal(letGoSignal, { ticket, probe });
  } catch (error) {
    // It has closed: its turn is the next one's.
    log.warn('a session that waited is gone', { session, error: error instanceof Error ? error.message : String(error) });
    entity.left(session);
  }
}

/** Sees to it that the account's sessions know of its wait, beside all else. */
async function keepTold(entity: AccountEntity): Promise<void> {
  for (;;) {
    await condition(() => entity.untold !== null);
    const notice = entity.untold;
    if (!notice) continue;
    try {
      await tellSessions.executeWithOptions({ summary: notice.untilMs === null ? 'tell sessions that the wait is over' : summarize(`tell sessions: ${notice.reason}`) }, [{ account: entity.status().account, notice }]);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('sessions were not told', { error: error.cause?.message ?? error.message });
    }
    entity.toldOf(notice);
  }
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > historyEventsKept;
}

/** Continues as new unless something came in while the handlers finished. */
async function continueWhenQuiet(entity: AccountEntity): Promise<void> {
  await condition(() => allHandlersFinished() && entity.untold === null);
  await continueAsNew<typeof account>(entity.carry());
}
