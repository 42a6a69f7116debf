import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { changeSession, sessionCommand, type CommandOptions } from '../session-command.js';

export function addStop(program: Command, context: CliContext): void {
  sessionCommand(program, 'stop', 'stop a session for good: it never returns by itself').action((name: string, options: CommandOptions) =>
    changeSession(context, name, options, { command: 'stop', reached: ['stopped', 'completed'], missed: [] }),
  );
}
