import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import type { ServiceStatus } from '../../../workers/embedded/services.js';
import { oneLine } from '../format.js';
import { bringUpAnew, rebuild } from '../services.js';
import { stateColour } from '../state-colour.js';
import { renderTable } from '../table.js';

export function addUp(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('start what SHIM needs on this machine: Temporal, unless TEMPORAL_ADDRESS names yours, and the workers; workers of another build are drained and replaced, agents go on')
    .option('--rebuild', "put Temporal's database aside, where it cannot be read, and make the workflows anew from the sessions' folders; agents go on")
    .option('--json', 'print JSON')
    .action((options: { rebuild?: true; json?: true }) => (options.rebuild ? upRebuilt(context, options) : up(context, options)));
}

async function up(context: CliContext, { json }: { json?: true }): Promise<void> {
  const services = await bringUpAnew(context);
  if (json) context.printJson(services);
  else context.print(renderServices(services, context));
}

async function upRebuilt(context: CliContext, { json }: { json?: true }): Promise<void> {
  const { services, sessions } = await rebuild(context);
  if (json) {
    context.printJson({ services, sessions });
    return;
  }
  context.print(renderServices(services, context));
  if (sessions.length > 0) context.print(`\n${renderTable(['SESSION', 'IS', 'WHY'], sessions.map(({ name, outcome, why }) => [name, outcome, oneLine(why, 120)]))}`);
  context.print('\nLost with the database: the kaizen loop (shim kaizen start) and experiments that were open; what was deployed is in the outcome store and stays.');
}

/** The services as a table. */
export function renderServices(services: readonly ServiceStatus[], { colours }: CliContext): string {
  const rows = services.map(({ name, running, pid, build, detail }) => [name, stateColour(running ? 'running' : 'failed', colours), pid === null ? '-' : String(pid), build ?? '-', detail]);
  return renderTable(['SERVICE', 'STATE', 'PID', 'BUILD', 'WHERE'], rows);
}
