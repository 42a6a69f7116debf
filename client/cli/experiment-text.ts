import { metrics } from '../../domain/experiments/metric.js';
import type { ExperimentStatus } from '../../domain/experiments/experiment.js';
import { formatDifference, formatInterval } from '../../domain/experiments/format-metric.js';
import { formatTimes, plainVerdict, valueOf } from '../report/plain-verdict.js';
import { showParameterValue } from '../parameter-values.js';
import { formatWhen, oneLine } from './format.js';
import { renderPairs, renderTable } from './table.js';

const eventsShown = 12;

/** What one can do in a phase, beside reading the report. */
const waysOn: Readonly<Partial<Record<ExperimentStatus['phase'], string>>> = {
  waiting_for_approval: 'shim experiment ID approve, or abort',
  running: 'shim experiment ID pause, extend DURATION, or abort',
  paused: 'shim experiment ID resume, or abort',
  deploying: 'shim experiment ID abort',
  monitoring: 'shim experiment ID abort takes the value back',
};

/** An experiment for a person at a terminal: verdict, arms, guardrails, and the last decisions. */
export function describeExperiment(status: ExperimentStatus, uiUrl: string | null, nowMs: number): string {
  const { plan, phase, conclusion, look, step, nextLookAtMs, events } = status;
  const show = (value: typeof plan.control) => showParameterValue(plan.parameter, value);
  const short = plan.id.replace(/^experiment\//, '');
  const pairs: [string, string][] = [
    ['experiment', plan.id],
    ['change', `${plan.parameter}: ${show(plan.control)} -> ${show(plan.treatment)}`],
    ['hypothesis', oneLine(plan.hypothesis, 300)],
    ['stands', oneLine(plainVerdict(status), 600)],
    ['phase', `${conclusion ?? phase}${phase === 'running' ? `, step ${step + 1} of ${plan.ramp.length}: ${Math.round((plan.ramp[step] ?? 1) * 100)} % of new sessions` : ''}`],
    ['next look', nextLookAtMs === null ? '-' : formatWhen(new Date(nextLookAtMs).toISOString(), nowMs)],
    ['what now', waysOn[phase]?.replace('ID', short) ?? `shim report ${short}`],
  ];
  if (uiUrl !== null) pairs.push(['Web UI', uiUrl]);
  const parts = [renderPairs(pairs)];
  if (look !== null) {
    const { unit } = metrics[plan.metric];
    parts.push(
      renderTable(['ARM', 'VALUE', 'SESSIONS', plan.metric.toUpperCase(), 'NO REPORT'], (['control', 'treatment'] as const).map((arm) => [arm, show(plan[arm]), String(look.arms[arm].units), valueOf(look.arms[arm], plan), String(look.arms[arm].unreported)])),
      `difference ${look.difference === null ? 'not known yet' : `${formatDifference(look.difference, unit)}, between ${formatInterval(look.interval, unit)}`}; evidence ${formatTimes(look.logEValue)} of ${formatTimes(look.logThreshold)}; ${look.immature} sessions have not matured`,
    );
    if (look.findings.length > 0) parts.push(renderTable(['BOUND', 'ARM', 'VERDICT', 'SEEN'], look.findings.map(({ bound, arm, verdict, message }) => [bound, arm, verdict, oneLine(message, 110)])));
  }
  if (events.length > 0) parts.push(renderTable(['WHEN', 'PHASE', 'WHAT'], events.slice(-eventsShown).map(({ atMs, phase, what }) => [formatWhen(new Date(atMs).toISOString(), nowMs), phase, oneLine(what, 110)])));
  return parts.join('\n\n');
}
