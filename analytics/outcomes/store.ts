import type { ExperimentLook, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { Arm, Unit } from '../../domain/experiments/unit.js';
import type { Outcome, SessionClosed, SessionOpened, SessionRecord } from '../../domain/outcome.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import type { Forgotten } from './forgetting.js';
import type { SessionTotals } from './session-totals.js';

/** What a session was given of an experiment's parameter: asked for once, kept before it is applied, never changed. */
export interface Assignment {
  experimentId: string;
  sessionId: string;
  parameter: ParameterName;
  arm: Arm;
  value: ParameterValue;
  /** When it was given, and so exposed, Unix ms. */
  assignedAtMs: number;
}

/** What sessions are given of a parameter, as its entity published it. */
export interface PublishedParameter {
  name: ParameterName;
  value: ParameterValue;
  version: number;
  rollout: { experimentId: string; control: ParameterValue; share: number } | null;
  /** An experiment that is enrolling new sessions, and the name it has at Statsig; null where there is none. */
  enrolment: { experimentId: string; statsigName: string; control: ParameterValue; treatment: ParameterValue; startedAtMs: number } | null;
}

/** An event for Statsig, kept until it was sent. */
export interface MirrorEvent {
  id: number;
  kind: 'exposure' | 'event' | 'console';
  /** JSON. */
  body: unknown;
  createdAtMs: number;
}

/**
 * The record of what sessions came to, and of what they were given: append-only where it is about what happened, until it is forgotten as asked, idempotent by
 * key. On SQLite (`libsql`) or PostgreSQL, in the same tables. Times are Unix ms. Every method rejects while the database is
 * away or held by another process; tried again, it does what it did not do, and nothing twice (`enqueue` alone may).
 */
export interface Store {
  /**
   * Outcomes of attempts, all or none; of one that has an outcome already they change nothing.
   *
   * @param atMs when they are recorded; now, if left out. @returns how many were new. @throws ZodError
   */
  record(outcomes: readonly Outcome[], atMs?: number): Promise<number>;
  openSession(session: SessionOpened): Promise<void>;
  closeSession(session: SessionClosed): Promise<void>;
  /** A session with its attempts, its parameters, and its assignments. */
  session(sessionId: string): Promise<SessionRecord | null>;
  /** Sessions with an attempt that ended in the window (inclusive, exclusive), oldest first, attempts and all. @param limit the newest so many. */
  sessionsBetween(fromMs: number, untilMs: number, limit?: number): Promise<SessionRecord[]>;
  /** What the sessions with an attempt that ended in the window came to in it, all together. */
  sessionTotals(fromMs: number, untilMs: number): Promise<SessionTotals>;

  /**
   * Forgets sessions that closed for good before a moment, but none that an experiment may still need (see forgetSessions).
   *
   * @param options.isDryRun counts only.
   */
  forget(beforeMs: number, options: { isDryRun: boolean }): Promise<Forgotten>;

  /** The assignment that stands: the given one, or the one that was there before. */
  assign(assignment: Assignment): Promise<Assignment>;
  assignmentsOf(sessionId: string): Promise<Assignment[]>;
  countAssignments(experimentId: string): Promise<{ control: number; treatment: number }>;

  /**
   * Matures what is due: assignments whose horizon is over become units, in order of assignment, once and for all.
   *
   * @param options.checkpointLimitMs a checkpoint that takes longer is slow. @returns how many were new.
   */
  mature(experimentId: string, options: { horizonMs: number; nowMs: number; checkpointLimitMs: number }): Promise<number>;
  /**
   * What an experiment's sessions have come to so far, matured or not, in order of assignment; nothing is kept of it. For people
   * who look in between: verdicts come from what has matured.
   */
  unitsSoFar(experimentId: string, options: { horizonMs: number; nowMs: number; checkpointLimitMs: number }): Promise<Unit[]>;
  /** Units after a position, in order. */
  unitsAfter(experimentId: string, position: number, limit: number): Promise<Unit[]>;
  /** When the last outcome of any session was recorded; null before the first. */
  lastOutcomeAtMs(): Promise<number | null>;

  /** Published parameters; those that never were published are not among them. */
  parameters(): Promise<PublishedParameter[]>;
  parameter(name: ParameterName): Promise<PublishedParameter | null>;
  /** Publishes, unless a higher version stands. @returns what stands then. */
  publish(parameter: PublishedParameter, atMs: number): Promise<PublishedParameter>;

  /** The record of an experiment; the later status wins. */
  saveExperiment(status: ExperimentStatus, atMs: number): Promise<void>;
  experiment(id: string): Promise<ExperimentStatus | null>;
  experiments(): Promise<ExperimentStatus[]>;
  /** Looks of an experiment, for its report: once each, by their time. */
  saveLook(experimentId: string, look: ExperimentLook): Promise<void>;
  looks(experimentId: string): Promise<ExperimentLook[]>;
  /** The newest of them; null before the first. */
  latestLook(experimentId: string): Promise<ExperimentLook | null>;

  /** What Statsig is yet to be told, oldest first. */
  enqueue(kind: MirrorEvent['kind'], body: unknown, atMs: number): Promise<void>;
  owed(limit: number): Promise<MirrorEvent[]>;
  sent(ids: readonly number[]): Promise<void>;

  close(): Promise<void>;
}
