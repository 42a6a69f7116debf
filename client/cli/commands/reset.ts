import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { changeSession, sessionCommand, type CommandOptions } from '../session-command.js';

export function addReset(program: Command, context: CliContext): void {
  sessionCommand(program, 'reset', 'forget failures and waits, and start at once').action((name: string, options: CommandOptions) =>
    changeSession(context, name, options, { command: 'reset', reached: ['running', 'completed'], missed: ['failed', 'stopped'] }),
  );
}
