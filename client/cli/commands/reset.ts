import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { changeSessions, sessionCommand, type CommandOptions } from '../session-command.js';

export function addReset(program: Command, context: CliContext): void {
  sessionCommand(program, 'reset', 'forget failures and waits, and start at once').action((names: string[], options: CommandOptions) =>
    changeSessions(context, names, options, { command: 'reset', reached: ['running', 'completed'], missed: ['failed', 'stopped'] }),
  );
}
