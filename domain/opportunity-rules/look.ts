import { formatDuration } from '../duration.js';
import type { ExperimentPlan } from '../experiments/experiment.js';
import { durationOf } from '../experiments/decidability.js';
import { unitsToFind } from '../experiments/experiment-size.js';
import type { NoOpportunity, Opportunity } from '../experiments/opportunity.js';
import { parameterNames, parameterTable, type ParameterName, type ParameterValue } from '../parameter-table.js';
import type { SafetyBoundsOptions } from '../safety-bounds.js';
import type { Measurements } from './measurements.js';
import { isProposal, type OpportunityRule, type Proposal, type RuleFacts } from './rule.js';

/** A parameter as the rules need it. */
export interface ParameterAtLook {
  value: ParameterValue;
  /** Why no experiment may take it now; null where one may. */
  taken: { verdict: Extract<NoOpportunity['verdict'], 'open' | 'cooling_down' | 'frozen'>; reason: string } | null;
}

/** All that a look goes by but the measurements. Durations in ms. */
export interface LookContext {
  /** Those that are left out have their default, and are free. */
  parameters: Readonly<Partial<Record<ParameterName, ParameterAtLook>>>;
  /** The level that the next experiment would have. */
  alpha: number;
  bounds: SafetyBoundsOptions;
  /** Sessions below which no rule judges. */
  minimumSessions: number;
  /** Telemetry that is older says nothing. */
  staleAfterMs: number;
  /** An experiment that would take longer is no opportunity; null for whatever length. */
  longestMs: number | null;
  enrolling: Pick<ExperimentPlan, 'ramp' | 'unitsPerStep' | 'horizonMs'>;
}

export interface Look {
  found: Opportunity[];
  notFound: NoOpportunity[];
}

/** What the rules say of a window, each once: an opportunity, or why there is none. At most one opportunity a parameter. */
export function lookForOpportunities(rules: readonly OpportunityRule[], measured: { now: Measurements; before: Measurements | null }, context: LookContext): Look {
  const look: Look = { found: [], notFound: [] };
  for (const rule of rules) {
    const seen = judge(rule, measured, context, look.found);
    if ('parameter' in seen) look.found.push(seen);
    else look.notFound.push(seen);
  }
  return look;
}

function judge(rule: OpportunityRule, { now, before }: { now: Measurements; before: Measurements | null }, context: LookContext, found: readonly Opportunity[]): Opportunity | NoOpportunity {
  const { type, parameter } = rule;
  const { newestAtMs, untilMs } = now;
  if (newestAtMs === null || untilMs - newestAtMs > context.staleAfterMs) {
    return { type, verdict: 'not_enough_data', message: newestAtMs === null ? 'there is no telemetry' : `the newest telemetry is ${formatDuration(untilMs - newestAtMs)} old, ${formatDuration(context.staleAfterMs)} allowed` };
  }
  const sessions = now.sessions?.crashed.trials;
  if (sessions === undefined || sessions < context.minimumSessions) return { type, verdict: 'not_enough_data', message: sessions === undefined ? 'nothing is known of sessions' : `${sessions} sessions of ${context.minimumSessions} wanted` };
  const facts: RuleFacts = { now, before, values: valuesOf(context), bounds: context.bounds, minimumSessions: context.minimumSessions };
  const answer = rule.answer(facts, rule);
  if (!isProposal(answer)) return { type, ...answer };
  const taken = context.parameters[parameter]?.taken;
  if (taken) return { type, verdict: taken.verdict, message: `${answer.pattern}; ${parameter}: ${taken.reason}` };
  const rival = found.find((other) => other.parameter === parameter);
  if (rival) return { type, verdict: 'open', message: `${answer.pattern}; ${parameter} has an opportunity already (${rival.type})` };
  return planned(rule, answer, now, context, facts.values[parameter]);
}

function planned({ type, parameter, metric }: OpportunityRule, proposal: Proposal, now: Measurements, { alpha, enrolling, longestMs }: LookContext, currentValue: ParameterValue): Opportunity | NoOpportunity {
  const units = unitsToFind({ metric, baseline: proposal.baseline, impact: proposal.impact, alpha });
  if (units === null) return { type, verdict: 'undecidable', message: `${proposal.pattern}; the effect is too small to plan for` };
  const perSession = parameterTable[parameter].assignedPer === 'session';
  const sessionsPerDay = perSession ? flowOf(now) : null;
  const durationMs = sessionsPerDay === null ? null : durationOf(units, { ...enrolling, sessionsPerDay });
  const opportunity: Opportunity = { type, parameter, metric, currentValue, ...proposal, plan: { alpha, units, durationMs, sessionsPerDay } };
  if (longestMs !== null && (durationMs === null || durationMs > longestMs)) {
    const takes = durationMs === null || sessionsPerDay === null ? `${units} ${perSession ? 'sessions' : 'boots of a host'}, which come too seldom to say when` : `${units} sessions, ${formatDuration(durationMs)} by the present ${Number(sessionsPerDay.toPrecision(2))} a day`;
    return { type, verdict: 'undecidable', opportunity, message: `${proposal.pattern}; ${parameter} ${currentValue} -> ${proposal.proposedValue} would take ${takes}, and ${formatDuration(longestMs)} is the longest allowed` };
  }
  return opportunity;
}

/** Sessions a day over what the measurements cover; null where they cover nothing. */
function flowOf({ sessions, fromMs, untilMs }: Measurements): number | null {
  return sessions === null || untilMs <= fromMs ? null : sessions.crashed.trials / ((untilMs - fromMs) / 86_400_000);
}

function valuesOf({ parameters }: LookContext): RuleFacts['values'] {
  return Object.fromEntries(parameterNames.map((name) => [name, parameters[name]?.value ?? parameterTable[name].defaultValue])) as Record<ParameterName, ParameterValue>;
}
