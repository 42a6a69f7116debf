import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { changeSessions, sessionCommand, type CommandOptions } from '../session-command.js';

export function addStop(program: Command, context: CliContext): void {
  sessionCommand(program, 'stop', 'stop a session for good: it never returns by itself').action((names: string[], options: CommandOptions) =>
    changeSessions(context, names, options, { command: 'stop', reached: ['stopped', 'completed'], missed: [] }),
  );
}
