import { describeWriter, type SecondWriter } from '../../domain/second-writer.js';
import type { SecondWriterSeen } from '../messages.js';
import type { Session } from './session.js';

/** The host has seen another process beside the running attempt: both would write over each other, so that the session rests. */
export function onSecondWriter(session: Session, { attemptId, writer }: SecondWriterSeen): void {
  const present = session.attempt ?? session.unsettled;
  if (session.desired === 'running' && present?.attemptId === attemptId) pauseFor(session, writer);
}

/** The host has begun no attempt for the sake of another process. */
export function refusedForWriter(session: Session, writer: SecondWriter): void {
  session.startRefused();
  // A person who wants it stopped or paused meanwhile has it so.
  if (session.desired === 'running') pauseFor(session, writer);
}

function pauseFor(session: Session, writer: SecondWriter): void {
  session.wantPausedFor('second_writer', `SHIM: ${describeWriter(writer)}. Two would write over each other: end it, then: shim resume ${session.spec.name}`);
}
