import { patched } from '@temporalio/workflow';
import { noticeOf, type Notice } from '../../domain/notice.js';
import { closedStates } from '../../domain/session.js';
import type { CarriedNotices, SessionStatus } from '../messages.js';
import type { HostCalls } from './host-calls.js';
import type { Session } from './session.js';
import { summarize } from '../one-line.js';
import { untilDue } from './until-due.js';

/** What people are yet to be told of a session. Nothing here waits. */
export class OwedNotices {
  constructor(private readonly carried: CarriedNotices) {}

  get isEmpty(): boolean {
    return this.carried.owed.length === 0;
  }
  get first(): Notice | undefined {
    return this.carried.owed[0];
  }

  /** Takes down what is to be told of a session that has come to rest, if anything. */
  note(status: SessionStatus): void {
    const last = status.ends.at(-1);
    const { name, sessionId, agent, hostId, state, reason, pauseReason, epoch } = status;
    const notice = noticeOf(
      { name, sessionId, agent, hostId, state, reason, pauseReason, attempt: epoch, lastExitClass: last?.exitClass ?? null, denied: last?.denied ?? [] },
      this.carried.told,
      Date.now(),
    );
    if (!notice) return;
    this.carried.told += 1;
    this.carried.owed = [...this.carried.owed, notice];
  }

  /** Its host has it, or nobody will. */
  settled({ id }: Notice): void {
    this.carried.owed = this.carried.owed.filter((notice) => notice.id !== id);
  }
}

/** A session that came to rest: what of it people are to be told is given to its host, beside all else. */
export function noteRest(session: Session): void {
  if (patched('notices') && !session.change.takeToldRest()) session.notices.note(session.status());
}

/**
 * Gives notices to the session's host for as long as its workflow runs. The host keeps each by its id and sees to the rest,
 * so that one that is given twice is told once. A session that closes waits an hour for a host that is away, not longer.
 */
export async function keepNoticed(session: Session, host: HostCalls): Promise<void> {
  const { notices } = session;
  for (let hostIsAway = false; ; ) {
    await untilDue(session, () => !notices.isEmpty);
    const notice = notices.first;
    if (!notice) continue;
    const answer = await host.takeNotice(notice, summarize(`tell people: ${notice.line}`), hostIsAway);
    const isOver = answer.kind !== 'host_away' || (hostIsAway && closedStates.includes(session.state));
    hostIsAway = answer.kind === 'host_away';
    if (isOver) notices.settled(notice);
  }
}
