import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { ExperimentPlan, ExperimentStatus } from '../domain/experiments/experiment.js';
import type { KaizenSettings } from '../domain/experiments/kaizen-settings.js';
import type { NoOpportunity, Opportunity } from '../domain/experiments/opportunity.js';
import type { KaizenMode } from '../domain/kaizen-mode.js';
import { parameterTable, type ParameterName, type ParameterValue } from '../domain/parameter-table.js';
import type { ELondState } from '../domain/statistics/online-fdr.js';

/** The contract of the kaizen loop's workflows: kaizenLoop, runExperiment, parameter, alphaLedger. All run on the control queue. */

export function parameterWorkflowId(name: ParameterName): string {
  return `parameter/${name}`;
}
export function kaizenWorkflowId(scope: string): string {
  return `kaizen/${scope}`;
}
export function ledgerWorkflowId(scope: string): string {
  return `alpha-ledger/${scope}`;
}
/** @param n 1, 2, 3… of the parameter. */
export function experimentWorkflowId(parameter: ParameterName, n: number): string {
  return `experiment/${parameter}/${n}`;
}

/** The false-discovery rate over a year's experiments of a scope, and how many of them there are to be. */
export const defaultFalseDiscoveryRate = 0.05;
export const defaultExperimentsPerYear = 50;

export const kaizenSearchAttributes = {
  parameter: defineSearchAttributeKey('ShimParameter', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('ShimPhase', SearchAttributeType.KEYWORD),
  verdict: defineSearchAttributeKey('ShimVerdict', SearchAttributeType.KEYWORD),
} as const;

/** Registered beside those of messages.ts. */
export const kaizenSearchAttributeTypes: Readonly<Record<string, 'Keyword' | 'Int'>> = {
  ShimParameter: 'Keyword',
  ShimPhase: 'Keyword',
  ShimVerdict: 'Keyword',
};

// The parameter entity

/** A value of a parameter that is given to a share of the sessions; the others keep control's. */
export interface Rollout {
  experimentId: string;
  control: ParameterValue;
  /** Share of sessions that get the parameter's value, ratio 0-1. */
  share: number;
}

/** An experiment that new sessions are enrolled in, under the name it has at Statsig. */
export interface Enrolment {
  experimentId: string;
  statsigName: string;
  control: ParameterValue;
  treatment: ParameterValue;
  /** Sessions that began before are not eligible, Unix ms. */
  startedAtMs: number;
}

/** `startedAtMs` of an enrolment that takes in nobody new: its sessions keep what they were given. */
export const nobodyNew = Number.MAX_SAFE_INTEGER;

export interface ParameterChange {
  /** Unix ms. */
  atMs: number;
  version: number;
  value: ParameterValue;
  /** `person`, an experiment's id, or `default`. */
  by: string;
  reason: string;
}

/** A parameter as it is: the entity's state, and, published in the store, what sessions are given. */
export interface ParameterStatus {
  name: ParameterName;
  value: ParameterValue;
  lastKnownGood: ParameterValue;
  /** Rises by one with each change of what sessions are given. */
  version: number;
  rollout: Rollout | null;
  enrolment: Enrolment | null;
  /** The experiment that has it; null while it is free. */
  holder: string | null;
  mode: KaizenMode;
  frozen: { by: string; reason: string; atMs: number } | null;
  /** No experiment takes it before this, Unix ms; null where it is not cooling down. */
  coolDownUntilMs: number | null;
  /** The highest number of an experiment that has asked for it: the next one's number is one more. */
  experiments: number;
  /** The last 50, newest last. */
  history: ParameterChange[];
}

/** A parameter that nobody has touched yet. */
export function unsetParameter(name: ParameterName): ParameterStatus {
  const { defaultValue } = parameterTable[name];
  return {
    name,
    value: defaultValue,
    lastKnownGood: defaultValue,
    version: 0,
    rollout: null,
    enrolment: null,
    holder: null,
    mode: 'observe',
    frozen: null,
    coolDownUntilMs: null,
    experiments: 0,
    history: [],
  };
}

export const parameterStatusQuery = defineQuery<ParameterStatus>('parameterStatus');

/** Takes in what stands in the store, if somebody has published a higher version there, and answers with what is so. */
export const refreshUpdate = defineUpdate<ParameterStatus>('refresh');

/**
 * From an experiment: take the parameter for it. Asked again by the same experiment it is granted again. Not granted where it is
 * frozen, cooling down, or held by an experiment that is open. Of one that is no longer open all is taken back; what one that has
 * released it only watches is kept, and its watch is over.
 */
export const acquireUpdate = defineUpdate<Acquisition, [{ experimentId: string }]>('acquire');
export type Acquisition = { granted: true; status: ParameterStatus } | { granted: false; reason: string };

/** From its holder: let the parameter go, and cool it down; its enrolment ends, its rollout stays. Of another experiment it changes nothing. */
export const releaseUpdate = defineUpdate<ParameterStatus, [{ experimentId: string; coolDownMs: number; reason: string }]>('release');

/**
 * From its holder: enrol new sessions, or (null) no more. Published before it answers. Ending the enrolment of another changes
 * nothing. Refused (ParameterTaken) as deploy is, and where the parameter's value is not the enrolment's control.
 */
export const enrolUpdate = defineUpdate<ParameterStatus, [{ experimentId: string; enrolment: Enrolment | null; reason: string }]>('enrol');

/**
 * From its holder: give the value to a share of the sessions, published in the store before it answers; the enrolment ends with
 * it. The same again changes nothing. Refused (ParameterTaken) where the experiment does not hold the parameter, where it is
 * frozen, or where a person has changed it since the version that the experiment knows.
 */
export const deployUpdate = defineUpdate<ParameterStatus, [{ experimentId: string; value: ParameterValue; share: number; version: number; reason: string }]>('deploy');

/**
 * From an experiment: give everybody the last known good value again, if what they have is this experiment's, and end its
 * enrolment. Running sessions are told. The same again changes nothing. Frozen or not.
 */
export const restoreUpdate = defineUpdate<ParameterStatus, [{ experimentId: string; reason: string }]>('restore');

/** From an experiment: what it deployed has stood its watch, and is the last known good value now; all sessions get it. */
export const keepUpdate = defineUpdate<ParameterStatus, [{ experimentId: string; reason: string }]>('keep');

/** A person's own value. It takes the parameter from any experiment. */
export const setParameterUpdate = defineUpdate<ParameterStatus, [{ value: ParameterValue; by: string; reason: string }]>('setParameter');
export const freezeUpdate = defineUpdate<ParameterStatus, [{ by: string; reason: string }]>('freeze');
export const unfreezeUpdate = defineUpdate<ParameterStatus, [{ by: string }]>('unfreeze');
export const setModeUpdate = defineUpdate<ParameterStatus, [{ mode: KaizenMode; by: string }]>('setMode');

/** Types of ApplicationFailures that refuse what an entity is asked. */
export const parameterTaken = 'ParameterTaken';
export const invalidValue = 'InvalidValue';

export interface ParameterInput {
  name: ParameterName;
  /** What a continued run carries over. */
  carried?: ParameterStatus;
}

// The ledger

export interface IssuedAlpha {
  index: number;
  alpha: number;
}
export interface LedgerStatus {
  scope: string;
  /** Of the present year: the false-discovery rate is kept over each year's experiments. */
  lond: ELondState;
  /** When the present year began, Unix ms. */
  yearSinceMs: number;
  /** The level that the next experiment gets; null where the year's are used up. */
  next: IssuedAlpha | null;
  /** By experiment, the last 200: the level it was given, and what it came to; an aborted one has used its place up. */
  issued: Record<string, IssuedAlpha & { issuedAtMs: number; rejected: boolean | null }>;
}
/** Type of the ApplicationFailure that refuses a level. */
export const levelsUsedUp = 'LevelsUsedUp';
/**
 * Issues the next level. Asked again for the same experiment it answers the same, and uses up no second place. Refused
 * (LevelsUsedUp) where the year's places are used up; a new year begins a sequence of its own.
 */
export const issueAlphaUpdate = defineUpdate<IssuedAlpha, [{ experimentId: string }]>('issueAlpha');
/** Learns what an experiment came to. The same again changes nothing. */
export const learnResultUpdate = defineUpdate<LedgerStatus, [{ experimentId: string; logEValue: number }]>('learnResult');
export const ledgerStatusQuery = defineQuery<LedgerStatus>('ledgerStatus');
export interface LedgerInput {
  scope: string;
  /** Of a ledger that is new; a false-discovery rate of 0.05 over 50 experiments a year without it. */
  alpha?: number;
  experimentsPerYear?: number;
  carried?: LedgerStatus;
}

// An experiment

export interface RunExperimentInput {
  scope: string;
  plan: ExperimentPlan;
  /** What the opportunity said, for its record; null where a person asked for it. */
  opportunity: Opportunity | null;
  /** What a continued run carries over: the experiment's own, opaque to others. */
  carried?: unknown;
}
export const experimentStatusQuery = defineQuery<ExperimentStatus>('experimentStatus');
export const approveUpdate = defineUpdate<ExperimentStatus, [{ by: string }]>('approve');
export const pauseExperimentUpdate = defineUpdate<ExperimentStatus, [{ by: string; reason: string }]>('pauseExperiment');
export const resumeExperimentUpdate = defineUpdate<ExperimentStatus, [{ by: string }]>('resumeExperiment');
/** More time, and more units if wanted: the deadline is put off by this, ms. */
export const extendUpdate = defineUpdate<ExperimentStatus, [{ by: string; deadlineMs: number }]>('extend');
export const abortUpdate = defineUpdate<ExperimentStatus, [{ by: string; reason: string }]>('abort');
/** From anybody who sees an alert: look now, not at the next tick. */
export const lookNowSignal = defineSignal<[{ reason: string }]>('lookNow');

// The loop

export interface KaizenStatus {
  scope: string;
  state: 'running' | 'stopped';
  settings: KaizenSettings;
  /** Unix ms; null before the first look, or where no timer runs. */
  lastLookAtMs: number | null;
  nextLookAtMs: number | null;
  looks: number;
  /** What the last look found, and what was done about each: `started experiment/…`, `observe: would try …`. */
  found: { opportunity: Opportunity; action: string }[];
  notFound: NoOpportunity[];
  /** What went wrong at the last look, one line; null where it went well. */
  problem: string | null;
  /** Experiments that are open, monitoring ones included. */
  experiments: string[];
  reason: string;
}
export interface KaizenInput {
  scope: string;
  settings: KaizenSettings;
  /** What a continued run carries over: the last experiment that the loop began on each parameter, its number and when; and a nudge that was not followed yet. */
  carried?: { status: KaizenStatus; begun: Partial<Record<ParameterName, { n: number; atMs: number }>>; nudge: string | null };
}
export const kaizenStatusQuery = defineQuery<KaizenStatus>('kaizenStatus');
/** Look now. */
export const nudgeSignal = defineSignal<[{ reason: string }]>('nudge');
export const changeSettingsUpdate = defineUpdate<KaizenStatus, [{ settings: Partial<KaizenSettings>; by: string }]>('changeSettings');
/** Ends the loop; experiments go on to their own ends. */
export const stopKaizenUpdate = defineUpdate<KaizenStatus, [{ by: string }]>('stopKaizen');
