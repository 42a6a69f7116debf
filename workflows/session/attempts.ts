import { uuid4 } from '@temporalio/workflow';
import type { AttemptKey, AttemptReport } from '../../domain/attempt.js';
import type { SessionSpec } from '../../domain/session.js';
import type { AttemptRunning, CarriedSession, RunningAttempt } from '../messages.js';

/** The attempts of a session: how many there were, the one that is or may be alive, and what its host has told of it. Nothing here waits. */
export class Attempts {
  /** Reports that came and were not yet taken, by attempt id. */
  private readonly reports = new Map<string, AttemptReport>();
  /** When attempts were seen to run before their start was confirmed, Unix ms by attempt id. */
  private readonly runningAtMs = new Map<string, number>();

  constructor(
    private readonly spec: SessionSpec,
    private readonly carried: Pick<CarriedSession, 'epoch' | 'restarts' | 'attempt' | 'unsettled' | 'lastEnds'>,
  ) {}

  /** Why there is another attempt, in few words: `killed: ended by SIGKILL from outside`; null for the first. */
  get lastEnd(): string | null {
    const end = this.carried.lastEnds.at(-1);
    return end ? `${end.exitClass}: ${end.reason}` : null;
  }
  /** What was done about it; null before the first. */
  get lastDecision(): string | null {
    return this.carried.lastEnds.at(-1)?.decision ?? null;
  }

  /** Names the next one and counts it; from here until it is settled its outcome is unknown. */
  next(): AttemptKey {
    const c = this.carried;
    if (c.epoch > 0) c.restarts += 1;
    c.epoch += 1;
    const key = { sessionId: this.spec.sessionId, name: this.spec.name, epoch: c.epoch, attemptId: uuid4() };
    c.unsettled = key;
    return key;
  }

  /** The host confirms that it exists. @returns whether it was seen to run before. */
  started(attempt: RunningAttempt): boolean {
    this.carried.unsettled = null;
    const early = this.runningAtMs.get(attempt.attemptId);
    this.carried.attempt = early === undefined ? attempt : { ...attempt, runningAtMs: early };
    return early !== undefined;
  }

  /** The host has seen it run. @returns whether that is news of the present one. */
  runs({ attemptId, epoch, runningAtMs }: AttemptRunning): boolean {
    const c = this.carried;
    if (epoch !== c.epoch || this.reports.has(attemptId)) return false;
    this.runningAtMs.set(attemptId, runningAtMs);
    if (c.attempt?.attemptId === attemptId) c.attempt = { ...c.attempt, runningAtMs };
    return true;
  }

  /** The host has told its end; once counts, and only of the present epoch. */
  ended(report: AttemptReport): void {
    if (report.epoch !== this.carried.epoch) return;
    this.reports.set(report.attemptId, report);
  }

  /** Undefined where its end was not told, or is taken in already. */
  reportOf(key: AttemptKey): AttemptReport | undefined {
    return this.reports.get(key.attemptId);
  }

  /** The host knows of higher epochs than this workflow: its attempts begin above them. */
  fencedBy(highest: number): void {
    this.carried.epoch = Math.max(this.carried.epoch, highest);
    this.startRefused();
  }

  /** It was not begun: that was no restart. */
  startRefused(): void {
    this.carried.restarts = Math.max(0, this.carried.restarts - 1);
    this.carried.unsettled = null;
  }

  /** No process of it is there, and none will come. */
  settled(): void {
    this.carried.unsettled = null;
    this.carried.attempt = null;
  }

  /** Its end is taken in: what its host told is of no more use. */
  concluded(): void {
    this.settled();
    this.reports.clear();
    this.runningAtMs.clear();
  }
}
