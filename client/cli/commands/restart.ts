import type { Command } from 'commander';
import type { SessionStatus } from '../../../workflows/messages.js';
import type { SessionCommand, ShimClient } from '../../shim-client.js';
import type { CliContext } from '../context.js';
import { change, forEachSession, sessionCommand, type Changed, type CommandOptions } from '../session-command.js';

const explanation = `
One that runs makes a last checkpoint, is given its grace, and goes on from there in another attempt. One that is paused goes on as with
resume; one that has failed, or waits out a back-off, as with reset. A limit is waited out all the same. What has completed or was stopped
never returns. Of several, those that can be are restarted; the exit code is that of the first that could not.`;

export function addRestart(program: Command, context: CliContext): void {
  sessionCommand(program, 'restart', 'end what runs, with a checkpoint, and go on from there in another attempt')
    .addHelpText('after', explanation)
    .action((names: string[], options: CommandOptions) => forEachSession(context, names, options, (client, name) => restartOne(context, client, name, options)));
}

async function restartOne(context: CliContext, client: ShimClient, name: string, options: CommandOptions): Promise<Changed> {
  const before = await client.status(name);
  const isReached = ({ state, epoch }: SessionStatus) => state === 'completed' || (state === 'running' && epoch > before.epoch);
  return change(context, client, name, options, { command: wayOf(before), reached: [], isReached, missed: ['failed', 'stopped'], isRefused });
}

/** Somebody has paused it: a resume takes the reason of a pause away before it is answered. */
function isRefused({ state, pauseReason }: SessionStatus): boolean {
  return state === 'paused' && pauseReason !== null;
}

/** What a restart is to a session that does not run: people who ask for one want it to. */
function wayOf({ desired, state }: SessionStatus): SessionCommand {
  if (desired === 'paused') return 'resume';
  return state === 'failed' || state === 'backing_off' ? 'reset' : 'restart';
}
