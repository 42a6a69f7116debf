import type { Command } from 'commander';
import { parameterTable } from '../../../domain/parameter-table.js';
import type { ParameterStatus } from '../../../workflows/kaizen-messages.js';
import { KaizenClient } from '../../kaizen-client.js';
import { showParameterValue } from '../../parameter-values.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { renderTable } from '../table.js';

export function addParameters(program: Command, context: CliContext): void {
  program
    .command('parameters')
    .description('show what sessions are given of each parameter, and who has it')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => showAll(context, options));
}

async function showAll(context: CliContext, { json }: { json?: true }): Promise<void> {
  const statuses = await KaizenClient.with(context.home, context.environment, (client) => client.parameters());
  if (json) context.printJson(statuses);
  else context.print(renderTable(['PARAMETER', 'VALUE', 'MODE', 'IN USE BY', 'REACHES', 'WHAT'], statuses.map(row)));
}

function row(status: ParameterStatus): string[] {
  const { name, value, mode, frozen } = status;
  const { description, takesEffect } = parameterTable[name];
  return [name, showParameterValue(name, value), frozen ? `${mode}, frozen` : mode, usedBy(status), takesEffect === 'live' ? 'running attempts' : 'the next attempt', oneLine(description, 60)];
}

function usedBy({ holder, rollout, coolDownUntilMs }: ParameterStatus): string {
  if (holder !== null) return holder;
  if (rollout !== null) return `${rollout.experimentId} (watched)`;
  return coolDownUntilMs !== null && coolDownUntilMs > Date.now() ? `cooling down until ${new Date(coolDownUntilMs).toISOString().slice(0, 16)}Z` : '-';
}
