import type { Command } from 'commander';
import { budgetMeasures, showAmount } from '../../../domain/budget.js';
import { findSession, listSessions } from '../../session-directory.js';
import { showParameterValue } from '../../parameter-values.js';
import { glanceAtSessions, type SessionGlance } from '../../session-overview.js';
import type { ParameterView, SessionView } from '../../session-view.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { formatBytes, formatRatio, formatWhen, oneLine } from '../format.js';
import { warnOfOtherBuild } from '../other-build.js';
import { stateColour } from '../state-colour.js';
import { renderPairs, renderTable } from '../table.js';
import { waysOn } from '../why/state-text.js';

export function addStatus(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('show one session, or all')
    .argument('[name]', 'the session')
    .option('--json', 'print JSON')
    .action((name: string | undefined, options: { json?: true }) => (name === undefined ? showAll(context, options) : showOne(context, checkName(name), options)));
}

async function showAll(context: CliContext, { json }: { json?: true }): Promise<void> {
  // A script gets everything, and each session is asked for it.
  if (json) {
    const { value, warning } = await listSessions(context.home, context.environment);
    if (warning !== null) context.warn(warning);
    else warnOfOtherBuild(context);
    context.printJson(value);
    return;
  }
  const { value, warning } = await glanceAtSessions(context.home, context.environment);
  if (warning !== null) context.warn(warning);
  else warnOfOtherBuild(context);
  const nowMs = Date.now();
  // A column that nobody has anything in is not shown.
  const fleets = value.some(({ fleet }) => fleet !== null);
  if (value.length === 0) context.print('no sessions; start one: shim run -- CMD');
  else context.print(renderTable(['NAME', ...(fleets ? ['FLEET'] : []), 'AGENT', 'STATE', 'ATTEMPT', 'RISK', 'CONTEXT', 'PID', 'CHECKPOINT', 'STARTED', 'WHY'], value.map((glance) => row(glance, fleets, context, nowMs))));
}

function row(glance: SessionGlance, fleets: boolean, { colours }: CliContext, nowMs: number): string[] {
  const { name, agent, state, attempt, zone, contextUse, pid, checkpoint, startedAt, reason, until } = glance;
  return [
    name,
    ...(fleets ? [glance.fleet ?? '-'] : []),
    agent,
    stateColour(state, colours),
    String(attempt),
    zone ? stateColour(zone, colours) : '-',
    contextUse === null ? '-' : formatRatio(contextUse),
    pid === null ? '-' : String(pid),
    checkpoint ? `${checkpoint.id}, ${formatWhen(checkpoint.at, nowMs)}` : '-',
    formatWhen(startedAt, nowMs),
    oneLine(until === null ? reason : `${formatWhen(until, nowMs)}: ${reason}`, 72),
  ];
}

async function showOne(context: CliContext, name: string, { json }: { json?: true }): Promise<void> {
  const { value, warning } = await findSession(context.home, name, context.environment);
  if (warning !== null) context.warn(warning);
  if (json) context.printJson(value.view);
  else context.print(renderPairs(pairs(value.view, context, Date.now())));
}

function pairs(view: SessionView, { colours }: CliContext, nowMs: number): [string, string][] {
  const { risk, context, tokens, lastCheckpoint, lastExit } = view;
  const lines: [string, string | null][] = [
    ['name', view.name],
    ['fleet', view.fleet],
    ['agent', view.agent],
    ['state', `${stateColour(view.state, colours)}: ${oneLine(view.reason, 500)}`],
    ['until', view.until && `${formatWhen(view.until, nowMs)} (${view.until})`],
    ['account', view.account],
    ['folder', view.cwd],
    ['host', view.host],
    ['pid', view.pid === null ? null : String(view.pid)],
    ['attempt', `${view.attempt} (restarts: ${view.restarts})`],
    ['started', formatWhen(view.startedAt, nowMs)],
    ['risk', risk && [stateColour(risk.zone, colours), ...risk.dangers, ...risk.warnings].join(' ')],
    ['context', context && `${context.tokens.toLocaleString('en-US')} tokens${context.ratio === null ? '' : `, ${formatRatio(context.ratio)}`}`],
    ['tokens', tokens && `${tokens.input.toLocaleString('en-US')} in, ${tokens.output.toLocaleString('en-US')} out`],
    ['cost', view.costUsd === null ? null : `$${view.costUsd.toFixed(2)}`],
    ['budget', view.budget && budgetText(view.budget, colours)],
    ['memory', view.memoryBytes === null ? null : formatBytes(view.memoryBytes)],
    ['checkpoint', lastCheckpoint ? `${lastCheckpoint.id}, ${formatWhen(lastCheckpoint.at, nowMs)}` : 'none yet'],
    ['after', view.after],
    ...view.beside.map((writer): [string, string] => ['beside', oneLine(writer, 300)]),
    ['prompts waiting', view.promptsWaiting ? `${view.promptsWaiting}; see: shim queue ${view.name}` : null],
    ['last end', lastExit && `${stateColour(lastExit.exitClass, colours)}: ${oneLine(lastExit.reason)}, ${formatWhen(lastExit.at, nowMs)}`],
    ...view.parameters.map((parameter): [string, string] => [parameter.name, parameterText(parameter)]),
    ['web ui', view.uiUrl],
    ['what now', waysOn(view)],
  ];
  return lines.filter((line): line is [string, string] => line[1] !== null);
}

function budgetText({ limit, spent, level }: NonNullable<SessionView['budget']>, colours: CliContext['colours']): string | null {
  const parts = budgetMeasures.flatMap((measure) => (limit[measure] === undefined ? [] : [`${showAmount(measure, spent[measure])} of ${showAmount(measure, limit[measure])} (${Math.floor((spent[measure] / limit[measure]) * 100)} %)`]));
  if (parts.length === 0) return null;
  return `${parts.join(', ')}${level === 'fine' ? '' : `: ${stateColour(level === 'warning' ? 'warning' : 'danger', colours)}`}`;
}

function parameterText({ name, value, pinned, assignment }: ParameterView): string {
  const from = assignment ? ` (${assignment.arm} of ${assignment.experimentId})` : '';
  return `${showParameterValue(name, value)}${pinned ? ' (set for this session)' : from}`;
}
