import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { changeSessions, sessionCommand, type CommandOptions } from '../session-command.js';

export function addPause(program: Command, context: CliContext): void {
  sessionCommand(program, 'pause', 'make a checkpoint, stop the agent and keep the session').action((names: string[], options: CommandOptions) =>
    changeSessions(context, names, options, { command: 'pause', reached: ['paused'], missed: ['completed', 'failed', 'stopped'] }),
  );
}
