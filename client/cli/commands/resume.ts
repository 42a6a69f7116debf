import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { changeSession, sessionCommand, type CommandOptions } from '../session-command.js';

export function addResume(program: Command, context: CliContext): void {
  sessionCommand(program, 'resume', 'go on where a paused session ended').action((name: string, options: CommandOptions) =>
    changeSession(context, name, options, { command: 'resume', reached: ['running', 'completed'], missed: ['failed', 'stopped'] }),
  );
}
