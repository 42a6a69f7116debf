import { ApplicationFailure } from '@temporalio/workflow';
import { describeWriter, type AllowedWriter, type SecondWriter } from '../../domain/second-writer.js';
import { invalidCommand, type AllowedBeside, type CarriedSession, type SecondWriterSeen } from '../messages.js';
import type { Session } from './session.js';

/** Of those that people have allowed; who comes after so many is long gone. */
const allowedKept = 8;

/** The second writers of a session: who was seen, and whom people have allowed. Nothing here waits. */
export class SecondWriters {
  constructor(private readonly kept: Pick<CarriedSession, 'writers'>) {}

  /** Whom its host leaves alone. */
  get allowed(): readonly AllowedWriter[] {
    return this.status().flatMap(({ pid, startTicks }) => (pid === null || startTicks === undefined ? [] : [{ pid, startTicks }]));
  }

  status(): AllowedBeside[] {
    return this.kept.writers?.allowed ?? [];
  }

  seen(writer: SecondWriter): void {
    this.kept.writers = { allowed: [], ...this.kept.writers, seen: writer };
  }

  /** @throws ApplicationFailure InvalidCommand where the session is not paused for a process that can be told from others. */
  checkBeside(name: string, isPausedForWriter: boolean): void {
    const seen = this.kept.writers?.seen ?? null;
    if (!isPausedForWriter || !seen) throw invalid(`${name} is not paused for a second writer, so there is nobody to go on beside; resume it without --beside`);
    if (seen.pid === null || seen.startTicks === undefined) throw invalid(`${name} cannot go on beside one that was not found: ${describeWriter(seen)}; a resume without --beside looks again`);
  }

  /** A person goes on beside the one for which the session is paused. @returns who that is, one line. */
  allow(allowedBy: string): string {
    const { seen = null, allowed = [] } = this.kept.writers ?? {};
    if (!seen) return 'nobody';
    this.kept.writers = { seen: null, allowed: [...allowed, { ...seen, allowedBy }].slice(-allowedKept) };
    return describeWriter(seen);
  }
}

/** The host has seen another process beside the running attempt: both would write over each other, so that the session rests. */
export function onSecondWriter(session: Session, { attemptId, writer }: SecondWriterSeen): void {
  const present = session.attempt ?? session.unsettled;
  if (session.desired === 'running' && present?.attemptId === attemptId) pauseFor(session, writer);
}

/** The host has begun no attempt for the sake of another process. */
export function refusedForWriter(session: Session, writer: SecondWriter): void {
  session.attempts.startRefused();
  // A person who wants it stopped or paused meanwhile has it so.
  if (session.desired === 'running') pauseFor(session, writer);
}

function pauseFor(session: Session, writer: SecondWriter): void {
  const { name } = session.spec;
  session.writers.seen(writer);
  session.wantPausedFor('second_writer', `SHIM: ${describeWriter(writer)}. Two would write over each other: end it, then: shim resume ${name}; or at your own risk: shim resume ${name} --beside`);
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, invalidCommand);
}
