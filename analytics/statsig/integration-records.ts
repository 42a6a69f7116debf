import { randomUUID } from 'node:crypto';
import { noCheckpointTimes } from '../../domain/checkpoint-times.js';
import type { ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { Opportunity } from '../../domain/experiments/opportunity.js';
import type { Outcome } from '../../domain/outcome.js';
import { parametersSchema } from '../../domain/parameters.js';

/** What of an opportunity an experiment is made of. */
export type OpportunityToTest = Pick<Opportunity, 'parameter' | 'hypothesis' | 'currentValue' | 'proposedValue'> & Partial<Opportunity>;

/** Of an experiment without a place in a sequence of them. */
const defaultAlpha = 0.05;

/** An experiment of a program of one's own: everybody is in it from its start, and nobody but the program ends it. */
export function planOf({ parameter, hypothesis, currentValue, proposedValue, plan }: OpportunityToTest, id: string, horizonMs: number): ExperimentPlan {
  return {
    id,
    parameter,
    hypothesis,
    control: currentValue,
    treatment: proposedValue,
    metric: 'crash_rate',
    index: 1,
    alpha: plan?.alpha ?? defaultAlpha,
    plannedUnits: plan?.units ?? 0,
    horizonMs,
    tickMs: 0,
    ramp: [1],
    unitsPerStep: 0,
    deadlineMs: 0,
    holdback: 0,
    monitorMs: 0,
    coolDownMs: 0,
    bounds: {},
    needsApproval: false,
    staleAfterMs: 0,
  };
}

/** The record of a new one. */
export function startedStatus(plan: ExperimentPlan, atMs: number): ExperimentStatus {
  const reason = 'run by a program of its own: it reads the results, and deploys or rolls back';
  return { plan, phase: 'running', reason, verdict: null, conclusion: null, step: 0, startedAtMs: atMs, nextLookAtMs: null, look: null, events: [{ atMs, phase: 'running', what: 'started' }] };
}

/** The record of one that has come to its end. */
export function closedStatus(status: ExperimentStatus, { verdict, conclusion, reason }: Pick<ExperimentStatus, 'verdict' | 'conclusion' | 'reason'>, atMs: number): ExperimentStatus {
  return { ...status, phase: 'closed', verdict, conclusion, reason, events: [...status.events, { atMs, phase: 'closed', what: reason }] };
}

/** The outcome of a crash that a program tells of, in a session that SHIM does not supervise. */
export function loggedCrash(sessionId: string, atMs: number): Outcome {
  return {
    attemptId: `logged/${randomUUID()}`,
    sessionId,
    sessionName: sessionId,
    hostId: 'logged',
    agent: 'command',
    epoch: 1,
    exitClass: 'crashed',
    crashed: true,
    startedAtMs: atMs,
    runningAtMs: atMs,
    endedAtMs: atMs,
    resumeStrategy: null,
    workLostMs: 0,
    messages: 0,
    toolCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: null,
    fidelity: null,
    downtimeMs: null,
    checkpoints: noCheckpointTimes,
    maxContextUse: null,
    zoneBeforeEnd: null,
    longestSilenceMs: 0,
    parameters: parametersSchema.parse({}),
  };
}
