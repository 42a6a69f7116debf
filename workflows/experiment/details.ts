import { formatDifference } from '../../domain/experiments/format-metric.js';
import { metrics } from '../../domain/experiments/metric.js';
import type { ExperimentLook, ExperimentPhase, ExperimentStatus } from '../../domain/experiments/experiment.js';
import { moment } from '../../domain/moment.js';
import { formatShare } from '../../domain/share.js';
import { oneLine } from '../one-line.js';

/** What a person can do in each phase, here in the Web UI (Send an Update). */
const waysOn: Readonly<Record<ExperimentPhase, string>> = {
  acquiring: 'nothing to do: it takes the parameter; abort ends it',
  waiting_for_approval: 'update approve starts it, abort ends it',
  running: 'it decides by itself; updates pauseExperiment, extend, abort; signal lookNow',
  paused: 'update resumeExperiment goes on, abort ends it; harm is still looked for',
  deploying: 'it goes on by itself; abort takes the value back',
  monitoring: 'it goes on by itself; abort takes the value back',
  restoring: 'nothing to do: what it gave to sessions is being taken back',
  closed: 'nothing to do',
};

/** An experiment's current details as markdown: what is tried, how it stands, what one can do, and what was decided. */
export function describeExperiment(status: ExperimentStatus): string {
  const { plan, phase, reason, conclusion, verdict, look, nextLookAtMs, events, startedAtMs } = status;
  const lines = [
    `**${conclusion ?? phase}**: ${oneLine(reason)}`,
    '',
    `- question: is ${plan.parameter} = ${plan.treatment} better than ${plan.control}?`,
    `- hypothesis: ${oneLine(plan.hypothesis)}`,
    `- judged by: ${metrics[plan.metric].description}; less is better`,
    `- what now: ${waysOn[phase]}; \`shim experiments ${plan.id.replace(/^experiment\//, '')}\` shows it all`,
    `- verdict: ${verdict === null || verdict === 'CONTINUE' ? 'none yet' : verdict}`,
    `- begun: ${moment(startedAtMs)} UTC`,
  ];
  if (nextLookAtMs !== null) lines.push(`- next look: ${moment(nextLookAtMs)} UTC`);
  if (look) lines.push('', ...describeLook(status, look));
  if (events.length > 0) lines.push('', 'Decisions:', '');
  for (const { atMs, what } of events.slice(-10).toReversed()) lines.push(`- ${moment(atMs)}: ${oneLine(what)}`);
  return lines.join('\n');
}

/** Lines, not a table: the Web UI draws one without gaps between its columns. */
function describeLook({ plan, phase, conclusion }: ExperimentStatus, look: ExperimentLook): string[] {
  const isDeployed = phase === 'deploying' || phase === 'monitoring' || conclusion === 'kept' || conclusion === 'restored';
  const arm = (name: 'control' | 'treatment') => `- ${name}, ${plan[name]}: ${look.arms[name].units} sessions counted, ${crashed(look.arms[name].crashes)}`;
  const units = look.arms.control.units + look.arms.treatment.units;
  const evidence = `Evidence: an e-value of ${show(Math.exp(Math.min(look.logEValue, 700)))} where ${show(1 / plan.alpha)} is wanted, ${units} of ${plan.plannedUnits} sessions, treatment less control ${look.difference === null ? 'not known yet' : formatDifference(look.difference, metrics[plan.metric].unit)}.`;
  const lines = [isDeployed ? 'Since the deploy, which is watched for harm alone:' : 'Both arms:', '', arm('control'), arm('treatment')];
  if (!isDeployed) lines.push('', evidence);
  for (const { arm, verdict, message } of look.findings) {
    if (verdict !== 'violated') continue;
    // What control breaks takes nothing back, and is not to frighten anybody.
    lines.push('', arm === 'treatment' ? `**${oneLine(message)}**` : `${oneLine(message)}; that is no doing of ${plan.parameter} = ${plan.treatment}`);
  }
  return lines;
}

function crashed({ successes, trials }: { successes: number; trials: number }): string {
  return `${successes} with a crash${trials === 0 ? '' : ` (${formatShare(successes / trials)})`}`;
}

function show(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
