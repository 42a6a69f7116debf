import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { bringDown, statusOfServices } from '../services.js';

export function addDown(program: Command, context: CliContext): void {
  program
    .command('down')
    .description('stop the services of this machine; agents go on, and the next shim up finds them')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: true }) => {
      const wasUp = (await statusOfServices(context.home)).some(({ running, keeperPid }) => running || keeperPid !== null);
      await bringDown(context);
      if (json) context.printJson(await statusOfServices(context.home));
      else if (!wasUp) context.print('nothing was running. Up: shim up');
      else context.print('down; agents that were running go on. Up again: shim up');
    });
}
