import { Argument, type Command } from 'commander';
import { parameterTable, type ParameterName } from '../../../domain/parameter-table.js';
import { kaizenModes, type KaizenMode } from '../../../domain/kaizen-mode.js';
import type { ParameterStatus } from '../../../workflows/kaizen-messages.js';
import { KaizenClient } from '../../kaizen-client.js';
import { parameterNamed, readParameterValue, showParameterValue } from '../../parameter-values.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { asker } from '../session-command.js';
import { renderPairs, renderTable } from '../table.js';

interface Options {
  reason?: string;
  json?: true;
}

/** `shim parameter NAME [ACTION] [VALUE]`: the name comes first, as in the documents, so the actions are arguments and not commands. */
export function addParameter(program: Command, context: CliContext): void {
  program
    .command('parameter')
    .description('show a parameter, or change it by hand: set VALUE, freeze, unfreeze, mode observe|propose|auto, history')
    .argument('<name>', 'the parameter; shim parameters shows all')
    .addArgument(new Argument('[action]', 'what to do with it').choices(['show', 'set', 'freeze', 'unfreeze', 'mode', 'history']).default('show'))
    .argument('[value]', 'for set (5m, 0.6, native) and mode (observe, propose, auto)')
    .option('--reason <text>', 'why, for its history')
    .option('--json', 'print JSON')
    .action((name: string, action: string, value: string | undefined, options: Options, command: Command) => act(context, parameterNamed(name), action, value, options, command));
}

async function act(context: CliContext, name: ParameterName, action: string, value: string | undefined, options: Options, command: Command): Promise<void> {
  if ((action === 'set' || action === 'mode') && value === undefined) command.error(`shim parameter ${name} ${action} takes a value`);
  if (action !== 'set' && action !== 'mode' && value !== undefined) command.error(`shim parameter ${name} ${action} takes no value`);
  const ask = changeOf(name, action, value ?? '', asker(context, options), command);
  const status = await KaizenClient.with(context.home, context.environment, ask);
  if (options.json) context.printJson(status);
  else context.print(action === 'history' ? historyTable(status) : describe(status));
}

function changeOf(name: ParameterName, action: string, value: string, { by, reason = 'by hand' }: { by: string; reason?: string }, command: Command): (client: KaizenClient) => Promise<ParameterStatus> {
  switch (action) {
    case 'set': {
      const wanted = readParameterValue(name, value);
      return (client) => client.setParameter(name, { value: wanted, by, reason });
    }
    case 'freeze':
      return (client) => client.freeze(name, { by, reason });
    case 'unfreeze':
      return (client) => client.unfreeze(name, { by });
    case 'mode': {
      const mode = kaizenModes.find((known): known is KaizenMode => known === value) ?? command.error(`a mode is one of ${kaizenModes.join(', ')}, not ${JSON.stringify(value)}`);
      return (client) => client.setMode(name, { mode, by });
    }
    default:
      return (client) => client.parameter(name);
  }
}

function describe(status: ParameterStatus): string {
  const { name, value, lastKnownGood, mode, frozen, holder, rollout, coolDownUntilMs, experiments } = status;
  const { description, unit, values, takesEffect, appliedAt, metric, defaultValue } = parameterTable[name];
  const show = (one: typeof value) => showParameterValue(name, one);
  const range = values.kind === 'choice' ? values.choices.join(', ') : `${values.min} to ${values.max} ${unit}`;
  const pairs: [string, string][] = [
    ['parameter', name],
    ['what', description],
    ['value', `${show(value)} (default ${show(defaultValue)}; last known good ${show(lastKnownGood)})`],
    ['range', range],
    ['reaches', `${takesEffect === 'live' ? 'running attempts' : 'the next attempt'}: ${appliedAt}`],
    ['moves', metric ?? 'nothing that is experimented on: it is observed only'],
    ['mode', mode],
    ['experiments', `${experiments} so far${holder === null ? '' : `; ${holder} has it`}`],
  ];
  if (rollout) pairs.push(['rollout', `${Math.round(rollout.share * 100)} % of the sessions have ${show(value)}, the others ${show(rollout.control)} (${rollout.experimentId})`]);
  if (frozen) pairs.push(['frozen', `by ${oneLine(frozen.by)}: ${oneLine(frozen.reason)}; no experiment touches it until: shim parameter ${name} unfreeze`]);
  if (coolDownUntilMs !== null && coolDownUntilMs > Date.now()) pairs.push(['cooling down', `until ${new Date(coolDownUntilMs).toISOString()}`]);
  return renderPairs(pairs);
}

function historyTable({ name, history }: ParameterStatus): string {
  if (history.length === 0) return `${name} was never changed`;
  const nowMs = Date.now();
  return renderTable(['WHEN', 'VERSION', 'VALUE', 'BY', 'WHY'], history.map(({ atMs, version, value, by, reason }) => [formatWhen(new Date(atMs).toISOString(), nowMs), String(version), showParameterValue(name, value), oneLine(by, 40), oneLine(reason, 80)]));
}
