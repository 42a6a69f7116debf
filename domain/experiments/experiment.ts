import type { ParameterName, ParameterValue } from '../parameter-table.js';
import type { SafetyBoundsOptions, SafetyFinding } from '../safety-bounds.js';
import type { Arms, Interval } from '../statistics/interval.js';
import type { MetricName } from './metric.js';
import type { ArmTotals } from './unit.js';

/** What an experiment is from its start to its end; nothing in it changes, but a person may extend it. Durations in ms. */
export interface ExperimentPlan {
  /** Also its workflow's id: `experiment/<parameter>/<n>`. */
  id: string;
  parameter: ParameterName;
  hypothesis: string;
  control: ParameterValue;
  treatment: ParameterValue;
  /** What decides. Less is better. */
  metric: MetricName;
  /** Its place in the sequence of all experiments of the scope, from 1, and the level that place has: it rejects at an e-value of 1/alpha. */
  index: number;
  alpha: number;
  /** Units of both arms together at which it has its planned power. Nothing is shipped before. */
  plannedUnits: number;
  /** From a session's exposure to the moment at which it is counted. */
  horizonMs: number;
  tickMs: number;
  /** Share of new sessions that are in the experiment, step by step, ratio 0-1, rising; half of them to each arm. */
  ramp: readonly number[];
  /** Matured units of both arms together before the next step of the ramp. */
  unitsPerStep: number;
  /** After this without a decision it ends in NO_EVIDENCE, and control's value stays. */
  deadlineMs: number;
  /** Share of sessions that keep control's value after the deploy, ratio 0-1, and how long it is watched. */
  holdback: number;
  monitorMs: number;
  /** For so long after its end no other experiment takes the parameter. */
  coolDownMs: number;
  bounds: SafetyBoundsOptions;
  /** Whether a person has to approve it before it starts. */
  needsApproval: boolean;
  /** Telemetry that is older says nothing any more. */
  staleAfterMs: number;
}

export const verdicts = ['SHIP', 'ROLLBACK', 'CONTINUE', 'NO_EVIDENCE'] as const;
export type Verdict = (typeof verdicts)[number];

/** What an experiment is doing, in the words of the CLI, the search attribute and the Web UI. */
export const experimentPhases = ['acquiring', 'waiting_for_approval', 'running', 'paused', 'deploying', 'monitoring', 'restoring', 'closed'] as const;
export type ExperimentPhase = (typeof experimentPhases)[number];

/** How it closed: `kept` was shipped and stayed, `restored` was shipped and taken back, `aborted` is a person's or a fault's end. */
export const experimentConclusions = ['kept', 'rolled_back', 'restored', 'no_evidence', 'aborted', 'refused'] as const;
export type ExperimentConclusion = (typeof experimentConclusions)[number];

/** What is known at one look. Numbers are computed by an activity and recorded. */
export interface ExperimentLook {
  /** Unix ms. */
  atMs: number;
  arms: Arms<ArmTotals>;
  /** Of the primary metric: natural logarithm of the e-value, and 1/alpha's, which it has to reach. */
  logEValue: number;
  logThreshold: number;
  /** Treatment less control; null until both arms tell something. */
  difference: number | null;
  interval: Interval;
  /** Whether the treatment is the better one as far as is seen. */
  better: boolean;
  findings: SafetyFinding[];
  /** The primary metric itself is shown to have got worse. */
  harmed: boolean;
  sampleRatio: { pValue: number; mismatch: boolean };
  /** Sessions that were assigned and have not matured. */
  immature: number;
  /** When the last outcome of any session came, Unix ms; null if none ever did. */
  lastOutcomeAtMs: number | null;
}

/** What an experiment's rollout is assigned under after its deploy: its own units, other than those that the verdict came from. */
export function monitoringId(experimentId: string): string {
  return `${experimentId}/monitoring`;
}

/** A decision about an experiment, for its timeline. */
export interface ExperimentEvent {
  /** Unix ms. */
  atMs: number;
  phase: ExperimentPhase;
  /** One line for people. */
  what: string;
}

/** The answer of its query, and its record in the store. Plain JSON. */
export interface ExperimentStatus {
  plan: ExperimentPlan;
  phase: ExperimentPhase;
  /** Why it is in this phase, and what it waits for, one line. */
  reason: string;
  verdict: Verdict | null;
  conclusion: ExperimentConclusion | null;
  /** Step of the ramp, from 0. */
  step: number;
  startedAtMs: number;
  /** When it is next looked at, Unix ms; null where no timer runs. */
  nextLookAtMs: number | null;
  look: ExperimentLook | null;
  events: ExperimentEvent[];
  /** Its name at Statsig; records of older versions lack it. */
  statsigName?: string;
}
