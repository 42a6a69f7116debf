import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { Survey } from '../../activities/kaizen-activities.js';
import { formatDuration } from '../../domain/duration.js';
import { interaction } from '../../domain/experiments/interactions.js';
import type { Opportunity } from '../../domain/experiments/opportunity.js';
import type { ParameterName } from '../../domain/parameter-table.js';
import { defaultExperimentsPerYear, defaultFalseDiscoveryRate, experimentWorkflowId, levelsUsedUp } from '../kaizen-messages.js';
import type { KaizenCalls } from './calls.js';
import type { Kaizen } from './kaizen.js';

/** What is asked where no level is left: how large an experiment would be at the level of a year's first. */
const firstLevel = defaultFalseDiscoveryRate / defaultExperimentsPerYear;

/** Looks once for opportunities, and does about each what its parameter's mode says. A look that fails is told, and the next is made in its time. */
export async function look(kaizen: Kaizen, calls: KaizenCalls): Promise<void> {
  kaizen.lookBegins();
  try {
    const survey = await calls.survey(kaizen.status().experiments);
    kaizen.surveyed(survey);
    const parameters = Object.fromEntries(survey.parameters.map((parameter) => [parameter.name, kaizen.atLook(parameter, survey, Date.now())]));
    const { found, notFound } = await calls.detect({ parameters, alpha: survey.level?.alpha ?? firstLevel, settings: kaizen.settings });
    const beside = survey.experiments.filter(({ phase }) => phase !== 'monitoring').map(({ parameter }) => parameter);
    for (const opportunity of found) {
      const action = await actOn(kaizen, calls, survey, beside, opportunity);
      kaizen.acted(opportunity, action.what);
      if (action.kind === 'began') beside.push(opportunity.parameter);
    }
    kaizen.lookEnds(notFound, null, Date.now());
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    kaizen.lookEnds([], error.cause?.message ?? error.message, Date.now());
  }
}

interface Action {
  kind: 'began' | 'said' | 'waits';
  what: string;
}

async function actOn(kaizen: Kaizen, calls: KaizenCalls, survey: Survey, beside: readonly ParameterName[], opportunity: Opportunity): Promise<Action> {
  const { parameter } = opportunity;
  const mode = survey.parameters.find(({ name }) => name === parameter)?.mode ?? 'observe';
  if (mode === 'observe') return { kind: 'said', what: `observe: would try ${describe(opportunity)}; in mode propose or auto it is begun` };
  const waits = whyWait(kaizen, beside, parameter);
  if (waits !== null) return { kind: 'waits', what: waits };
  const n = kaizen.nextNumber(parameter, survey);
  const id = experimentWorkflowId(parameter, n);
  const level = await levelFor(calls, id);
  if (typeof level === 'string') return { kind: 'waits', what: `waits: ${level}` };
  const { settings } = kaizen;
  const shared = beside.flatMap((other) => {
    const meeting = interaction(parameter, other);
    return meeting ? [{ parameter: other, shared: meeting.shared }] : [];
  });
  const planned = await calls.plan({
    opportunity,
    settings: { experiment: settings.experiment, bounds: settings.bounds, coolDownMs: settings.coolDownMs, longestMs: settings.longestMs },
    input: { id, index: level.index, alpha: level.alpha, needsApproval: mode === 'propose', beside: shared },
  });
  if (planned.kind === 'undecidable') return { kind: 'said', what: `not begun: ${planned.message}` };
  if (!kaizen.isRunning) return { kind: 'said', what: `not begun: the loop was stopped` };
  const isNew = await calls.begin({ scope: kaizen.scope, plan: planned.plan, opportunity });
  if (!isNew) {
    kaizen.isTaken(parameter, n);
    return { kind: 'waits', what: `waits: ${id} has been before; the next look takes another number` };
  }
  kaizen.began(parameter, n, id, Date.now());
  return { kind: 'began', what: `${mode === 'propose' ? 'proposed, and waits for a person:' : 'started'} ${id}: ${describe(opportunity)}` };
}

function whyWait(kaizen: Kaizen, beside: readonly ParameterName[], parameter: ParameterName): string | null {
  if (!kaizen.isRunning) return 'not begun: the loop was stopped';
  const { atOnce } = kaizen.settings;
  if (beside.length >= atOnce) return `waits: ${beside.length} experiments are open, ${atOnce} at once are allowed`;
  for (const other of beside) {
    const meeting = interaction(parameter, other);
    if (meeting?.kind === 'metric') return `waits: the experiment on ${other} is judged by ${meeting.shared}, too`;
  }
  return null;
}

/** The level that the experiment is issued; why there is none, one line, where the year's are used up. */
async function levelFor(calls: KaizenCalls, experimentId: string): Promise<{ index: number; alpha: number } | string> {
  try {
    return await calls.issueAlpha(experimentId);
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === levelsUsedUp) return error.cause.message;
    throw error;
  }
}

function describe({ parameter, currentValue, proposedValue, plan, rationale }: Opportunity): string {
  const takes = plan.durationMs === null ? `${plan.units} sessions` : `${plan.units} sessions, about ${formatDuration(plan.durationMs)}`;
  return `${parameter} ${currentValue} -> ${proposedValue} (${takes}): ${rationale}`;
}
