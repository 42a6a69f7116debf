import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import type { ServiceStatus } from '../../../workers/embedded/services.js';
import { bringUp } from '../services.js';
import { stateColour } from '../state-colour.js';
import { renderTable } from '../table.js';

export function addUp(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('start what SHIM needs on this machine: Temporal, unless TEMPORAL_ADDRESS names yours, and the workers')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: true }) => {
      const services = await bringUp(context);
      if (json) context.printJson(services);
      else context.print(renderServices(services, context));
    });
}

/** The services as a table. */
export function renderServices(services: readonly ServiceStatus[], { colours }: CliContext): string {
  const rows = services.map(({ name, running, pid, detail }) => [name, stateColour(running ? 'running' : 'failed', colours), pid === null ? '-' : String(pid), detail]);
  return renderTable(['SERVICE', 'STATE', 'PID', 'WHERE'], rows);
}
