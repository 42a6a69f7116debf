import type { Outcome, SessionClosed, SessionOpened, SessionRecords } from '../../domain/outcome.js';

/** What is yet to be recorded of a session. Nothing here waits. */
export class OwedRecords {
  constructor(private readonly owed: SessionRecords) {}

  get outcomes(): number {
    return this.owed.outcomes.length;
  }
  get isEmpty(): boolean {
    const { opened, outcomes, closed } = this.owed;
    return opened === null && outcomes.length === 0 && closed === null;
  }

  opened(session: SessionOpened): void {
    this.owed.opened = session;
  }
  ended(outcome: Outcome): void {
    this.owed.outcomes = [...this.owed.outcomes, outcome];
  }
  closed(session: SessionClosed): void {
    this.owed.closed = session;
  }

  /** All of it, as it is now. */
  batch(): SessionRecords {
    return { ...this.owed };
  }

  /** These are recorded, or somebody else sees to it. */
  settled({ opened, outcomes, closed }: SessionRecords): void {
    if (opened) this.owed.opened = null;
    if (closed) this.owed.closed = null;
    const told = new Set(outcomes.map(({ attemptId }) => attemptId));
    this.owed.outcomes = this.owed.outcomes.filter(({ attemptId }) => !told.has(attemptId));
  }
}

export const nothingOwed: SessionRecords = { opened: null, outcomes: [], closed: null };
