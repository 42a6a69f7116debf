import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { bringDown } from '../services.js';

export function addDown(program: Command, context: CliContext): void {
  program
    .command('down')
    .description('stop the services of this machine; agents go on, and the next shim up finds them')
    .action(async () => {
      await bringDown(context);
      context.print('down; agents that were running go on. Up again: shim up');
    });
}
