import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { createAnalysis, type AnalysisState } from '../../domain/experiments/analysis.js';
import type { ExperimentConclusion, ExperimentLook, ExperimentPhase, ExperimentPlan, ExperimentStatus, Verdict } from '../../domain/experiments/experiment.js';
import type { VerdictContext } from '../../domain/experiments/verdict.js';
import { kaizenSearchAttributes, type RunExperimentInput } from '../kaizen-messages.js';
import type { RegisteredAtStatsig } from './calls.js';
import { describeExperiment } from './details.js';

/** Decisions kept for the timeline. */
const eventsKept = 100;

/** What has to be undone where an experiment ends without a deploy that stays; noted before the step that it undoes. */
export type Compensation = 'release' | 'abandon' | 'restore';

/** How an experiment ends. */
export interface Ending {
  conclusion: ExperimentConclusion;
  verdict: Verdict | null;
  /** One line for people. */
  reason: string;
}

/** What a continued run needs. Plain JSON. */
export interface CarriedExperiment {
  plan: ExperimentPlan;
  phase: ExperimentPhase;
  reason: string;
  verdict: Verdict | null;
  conclusion: ExperimentConclusion | null;
  /** Steps of the ramp that Statsig was told of. */
  widened: number;
  startedAtMs: number;
  /** When it began to enrol, Unix ms, put off by pauses; null before. */
  enrolledAtMs: number | null;
  nextLookAtMs: number | null;
  events: ExperimentStatus['events'];
  statsigName: string;
  registered: RegisteredAtStatsig | null;
  undo: Compensation[];
  /** Of the parameter, as this experiment knows it. */
  version: number;
  analysis: AnalysisState;
  look: ExperimentLook | null;
  failedLooks: number;
  approvedBy: string | null;
  paused: { by: string; reason: string; sinceMs: number } | null;
  abort: { by: string; reason: string } | null;
  /** Share of the sessions that it gave the treatment to, 0 before the deploy. */
  deployedShare: number;
  deployedAtMs: number | null;
  /** Of the experiment itself, once its rollout is what is looked at. */
  deciding: ExperimentLook | null;
  /** The records are closed, and the parameter is let go: only the rollout is watched. */
  settled: boolean;
  /** What people were told. */
  alerted: string[];
}

/**
 * The state of an experiment: messages and looks come in, the story in run-experiment.ts acts on it. Nothing here waits.
 */
export class Experiment {
  private readonly c: CarriedExperiment;
  private looksWanted = 0;
  private shown = '';

  constructor(private readonly input: RunExperimentInput) {
    const { plan } = input;
    this.c = (input.carried as CarriedExperiment | undefined) ?? {
      plan,
      phase: 'acquiring',
      reason: `takes ${plan.parameter}`,
      verdict: null,
      conclusion: null,
      widened: 0,
      startedAtMs: Date.now(),
      enrolledAtMs: null,
      nextLookAtMs: null,
      events: [],
      statsigName: `${plan.parameter}_optimization_${Date.now()}`,
      registered: null,
      undo: [],
      version: 0,
      analysis: createAnalysis(plan),
      look: null,
      failedLooks: 0,
      approvedBy: null,
      paused: null,
      abort: null,
      deployedShare: 0,
      deployedAtMs: null,
      deciding: null,
      settled: false,
      alerted: [],
    };
  }

  /** What only the story writes. */
  get state(): CarriedExperiment {
    return this.c;
  }
  get plan(): ExperimentPlan {
    return this.c.plan;
  }
  get wantsLook(): boolean {
    return this.looksWanted > 0;
  }
  get isEnrolling(): boolean {
    return this.c.enrolledAtMs !== null;
  }
  /** What a verdict takes from here; a pause does not bring the deadline nearer. */
  get context(): VerdictContext {
    return { nowMs: Date.now(), startedAtMs: this.c.enrolledAtMs ?? Date.now(), failedLooks: this.c.failedLooks };
  }

  carry(): RunExperimentInput {
    return { ...this.input, carried: this.c };
  }

  status(): ExperimentStatus {
    const { plan, phase, reason, verdict, conclusion, widened, startedAtMs, nextLookAtMs, look, events, statsigName } = this.c;
    return { plan, phase, reason, verdict, conclusion, step: Math.max(0, widened - 1), startedAtMs, nextLookAtMs, look, events, statsigName };
  }

  /** Moves to a phase, and shows it wherever people look. A line of the timeline, unless the phase is the same. */
  enter(phase: ExperimentPhase, reason: string): void {
    const isNew = phase !== this.c.phase;
    this.c.phase = phase;
    this.c.reason = reason;
    if (isNew) this.note(reason);
    else this.show();
  }

  /** A line of the timeline. */
  note(what: string): void {
    this.c.events = [...this.c.events, { atMs: Date.now(), phase: this.c.phase, what }].slice(-eventsKept);
    this.show();
  }

  decided(verdict: Verdict): void {
    this.c.verdict = verdict;
    this.show();
  }

  /** Notes what is to be undone, before it is done. */
  willUndo(compensation: Compensation): void {
    if (!this.c.undo.includes(compensation)) this.c.undo.push(compensation);
  }

  undone(compensation: Compensation): void {
    this.c.undo = this.c.undo.filter((each) => each !== compensation);
  }

  looked(state: AnalysisState, look: ExperimentLook): void {
    this.c.analysis = state;
    this.c.look = look;
    this.c.failedLooks = 0;
  }

  lookTaken(): void {
    this.looksWanted = 0;
  }

  // What people and alerts ask for

  wantLook(): void {
    this.looksWanted += 1;
  }

  wantAborted(by: string, reason: string): void {
    this.c.abort ??= { by, reason };
  }

  wantPaused(by: string, reason: string): void {
    this.c.paused ??= { by, reason, sinceMs: Date.now() };
  }

  wantResumed(by: string): void {
    const { paused, enrolledAtMs } = this.c;
    if (paused) this.note(`resumed by ${by}`);
    if (paused && enrolledAtMs !== null) this.c.enrolledAtMs = enrolledAtMs + Date.now() - paused.sinceMs;
    this.c.paused = null;
  }

  approve(by: string): void {
    this.c.approvedBy ??= by;
  }

  extend(by: string, deadlineMs: number): void {
    this.c.plan = { ...this.c.plan, deadlineMs: this.c.plan.deadlineMs + deadlineMs };
    this.note(`deadline put off by ${Math.round(deadlineMs / 60_000)} min by ${by}`);
  }

  private show(): void {
    setCurrentDetails(describeExperiment(this.status()));
    const { phase, verdict } = this.c;
    const searched = `${phase} ${verdict}`;
    if (searched === this.shown) return;
    this.shown = searched;
    upsertSearchAttributes([
      { key: kaizenSearchAttributes.parameter, value: this.c.plan.parameter },
      { key: kaizenSearchAttributes.phase, value: phase },
      ...(verdict ? [{ key: kaizenSearchAttributes.verdict, value: verdict }] : []),
    ]);
  }
}
