import type { HostWaits } from '../messages.js';
import type { Session } from './session.js';

/** Its attempt has ended, with the machine for instance, and its host puts the next one off: the end itself is told when it may begin. */
export function onHostWaits(session: Session, { attemptId, reason }: HostWaits): void {
  if (session.attempt?.attemptId !== attemptId || session.isToEnd) return;
  session.enter('waiting_for_host', reason);
}
