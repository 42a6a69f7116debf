import { ActivityFailure, condition, getExternalWorkflowHandle, isCancellation, log, proxyActivities, setHandler } from '@temporalio/workflow';
import type { AccountActivities } from '../../activities/account-activities.js';
import type { Turn, TurnRequest } from '../../domain/account.js';
import { formatDuration } from '../../domain/duration.js';
import { accountChangedSignal, accountWorkflowId, leftSignal, letGoSignal } from '../account-messages.js';
import { controlQueue } from '../messages.js';
import { untilGivenUp } from '../until-given-up.js';
import type { Session } from './session.js';
import { summarize } from '../one-line.js';

/** A first start waits no longer for its account than for the store. */
const { askFirstTurn } = proxyActivities<AccountActivities>({
  taskQueue: controlQueue,
  scheduleToCloseTimeout: '2 s',
  startToCloseTimeout: '1 s',
  retry: { initialInterval: '100 ms', backoffCoefficient: 2, maximumInterval: '500 ms' },
});
const { askTurn } = proxyActivities<AccountActivities>({
  taskQueue: controlQueue,
  scheduleToCloseTimeout: '2 min',
  startToCloseTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '15 s' },
});

/** A session that nobody has let go this long after the end of its wait asks again, ms. */
const turnPatienceMs = 300_000;

export function acceptAccountMessages(session: Session): void {
  setHandler(letGoSignal, (letGo) => session.account.letGo(letGo), { description: 'From its account: it may start' });
  setHandler(
    accountChangedSignal,
    (notice) => {
      if (session.account.changed(notice) && session.state === 'waiting_for_limit') session.enter('waiting_for_limit', notice.reason);
    },
    { description: 'From its account: a limit began, was moved or is over' },
  );
}

/** Before the first attempt. An account that does not answer in time blocks nothing. */
export async function askFirst(session: Session): Promise<void> {
  const { account } = session;
  if (account.name === null) return;
  const request = { account: account.name, ...account.firstTurn() };
  account.firstAnswered(await unlessFailed(() => askFirstTurn.executeWithOptions({ summary: summarize(`is ${account.name} limited`) }, [request])));
}

/**
 * Waits until the account lets the session go, or a command breaks in. Where the account cannot be asked the session waits
 * by itself; where nobody lets it go it asks again.
 */
export async function waitForTurn(session: Session, turn: TurnRequest): Promise<void> {
  const { account, resets } = session;
  const brokenInto = () => session.desired !== 'running' || session.resets !== resets;
  for (;;) {
    const answer = await ask(session, brokenInto);
    if (answer?.kind === 'go') account.letGo({ ticket: turn.ticket, probe: answer.probe });
    if (answer?.kind === 'wait') {
      account.waits(answer);
      if (!brokenInto()) session.enter('waiting_for_limit', answer.reason);
    }
    const isOver = () => account.isLetGo(turn) || brokenInto();
    await untilOver(session, isOver, answer === null ? 0 : turnPatienceMs);
    if (isOver() || answer === null) break;
  }
  if (brokenInto()) void tellLeft(session);
  else session.waitOver();
}

function ask({ account }: Session, brokenInto: () => boolean): Promise<Turn | null> {
  const { name, turn } = account;
  if (name === null || turn === null || brokenInto()) return Promise.resolve(null);
  const what = turn.cause === null ? `ask ${name} for its turn` : `tell ${name}: ${turn.cause}`;
  return unlessFailed(() => untilGivenUp(() => askTurn.executeWithOptions({ summary: summarize(what) }, [{ account: name, ...turn }]), brokenInto));
}

/** Until it is over, or so long after the end of the wait; an end that is moved counts as it is then. */
async function untilOver(session: Session, isOver: () => boolean, patienceMs: number): Promise<void> {
  for (;;) {
    const { wait } = session;
    if (!wait || isOver()) return;
    const { untilMs } = wait;
    const delayMs = Math.max(1, untilMs + patienceMs - Date.now());
    const summary = summarize(`waits ${formatDuration(Math.max(0, untilMs - Date.now()))}: ${wait.reason}`);
    const moved = await condition(() => isOver() || session.wait?.untilMs !== untilMs, delayMs, { summary });
    if (!moved || isOver()) return;
  }
}

/** The account need not keep a turn for it. */
async function tellLeft({ account, spec }: Session): Promise<void> {
  if (account.name === null) return;
  try {
    await getExternalWorkflowHandle(accountWorkflowId(account.name)).signal(leftSignal, { session: spec.name });
  } catch (error) {
    log.warn('the account is not there', { error: error instanceof Error ? error.message : String(error) });
  }
}

async function unlessFailed<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (isCancellation(error)) return null;
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('the account could not be asked', { error: error.cause?.message ?? error.message });
    return null;
  }
}
