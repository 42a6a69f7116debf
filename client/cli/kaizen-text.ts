import { formatDuration } from '../../domain/duration.js';
import type { Opportunity } from '../../domain/experiments/opportunity.js';
import type { KaizenStatus } from '../../workflows/kaizen-messages.js';
import { formatMetric } from '../../domain/experiments/format-metric.js';
import { showParameterValue } from '../parameter-values.js';
import { formatWhen, oneLine } from './format.js';
import { renderPairs, renderTable } from './table.js';

/** The loop for a person at a terminal: what it is at, what it found and did, and why it found nothing else. */
export function describeKaizen(status: KaizenStatus, nowMs: number): string {
  const { state, reason, looks, lastLookAtMs, nextLookAtMs, settings, experiments, found, notFound } = status;
  const at = (atMs: number | null) => formatWhen(atMs === null ? null : new Date(atMs).toISOString(), nowMs);
  const parts = [
    renderPairs([
      ['kaizen loop', `${state}: ${oneLine(reason)}`],
      ['looks', `${looks}, the last ${at(lastLookAtMs)}, the next ${at(nextLookAtMs)} (every ${formatDuration(settings.lookEveryMs)}, ${formatDuration(settings.windowMs)} back)`],
      ['experiments', experiments.length === 0 ? `none open; at most ${settings.atOnce} at once` : experiments.join(', ')],
    ]),
  ];
  for (const { opportunity, action } of found) parts.push(describeOpportunity(opportunity, action));
  for (const { opportunity, message } of notFound) if (opportunity) parts.push(describeOpportunity(opportunity, message));
  const others = notFound.filter(({ opportunity }) => !opportunity);
  if (others.length > 0) parts.push(renderTable(['LOOKED AT', 'VERDICT', 'WHY'], others.map(({ type, verdict, message }) => [type, verdict, oneLine(message, 120)])));
  if (looks === 0) parts.push('It has not looked yet; make it: shim kaizen look');
  return parts.join('\n\n');
}

function describeOpportunity({ parameter, currentValue, proposedValue, pattern, hypothesis, rationale, plan, replay }: Opportunity, action: string): string {
  const days = plan.sessionsPerDay === null ? '' : `, by ${Number(plan.sessionsPerDay.toPrecision(2))} sessions a day ${plan.durationMs === null ? 'too many to say when' : `in about ${formatDuration(plan.durationMs)}`}`;
  const pairs: [string, string][] = [
    ['opportunity', `${parameter}: ${showParameterValue(parameter, currentValue)} -> ${showParameterValue(parameter, proposedValue)}`],
    ['seen', oneLine(pattern, 300)],
    ['claim', oneLine(hypothesis, 300)],
    ['because', oneLine(rationale, 400)],
    ['it takes', `${plan.units} sessions${days}`],
    ['done', oneLine(action, 300)],
  ];
  for (const { name, unit, present, proposed, interval } of replay?.figures ?? []) {
    const ends = [interval.lower, interval.upper].map((end) => (end === null ? 'no bound' : formatMetric(end, unit))).join(' and ');
    pairs.push(['replayed', `${name}: ${formatMetric(present, unit)} -> ${formatMetric(proposed, unit)} (change between ${ends}, ${replay?.sessions} recorded sessions)`]);
  }
  if (replay && replay.assumptions.length > 0) pairs.push(['if', oneLine(replay.assumptions.join(' '), 500)]);
  return renderPairs(pairs);
}
