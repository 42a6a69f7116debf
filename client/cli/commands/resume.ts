import type { Command } from 'commander';
import type { Budget } from '../../../domain/budget.js';
import type { SessionStatus } from '../../../workflows/messages.js';
import type { CliContext } from '../context.js';
import { parseAmount, parseTokens } from '../units.js';
import { changeSessions, sessionCommand, type CommandOptions } from '../session-command.js';

interface ResumeOptions extends CommandOptions {
  addUsd?: number;
  addTokens?: number;
  addHours?: number;
  beside?: true;
}

const explanation = `
A session that is paused for its own budget goes on only with more of it, as in: shim resume fix --add-usd 5
With --beside two work on one conversation or folder: what one of them writes the other may write over, and the conversation of both may be
torn. Only that one process is allowed: any other pauses the session again. Before it was paused a checkpoint was made: shim checkpoints NAME.`;

export function addResume(program: Command, context: CliContext): void {
  sessionCommand(program, 'resume', 'go on where a paused session ended, or start one that waits for another')
    .option('--add-usd <amount>', 'dollars more that it may spend', parseAmount)
    .option('--add-tokens <n>', 'tokens more that it may spend', parseTokens)
    .option('--add-hours <n>', 'hours more that it may run', parseAmount)
    .option('--beside', 'go on beside the other process for which it is paused, at your own risk')
    .addHelpText('after', explanation)
    .action((names: string[], options: ResumeOptions) => changeSessions(context, names, options, { command: 'resume', reached: ['running', 'completed'], missed: ['failed', 'stopped'], isRefused, ...more(options), ...(options.beside && { beside: true }) }));
}

function more({ addUsd, addTokens, addHours }: ResumeOptions): { add?: Budget } {
  const add = { ...(addUsd !== undefined && { usd: addUsd }), ...(addTokens !== undefined && { tokens: addTokens }), ...(addHours !== undefined && { hours: addHours }) };
  return Object.keys(add).length === 0 ? {} : { add };
}

/** SHIM has paused it again: a resume takes the reason of the pause away before it is answered. */
function isRefused({ state, pauseReason }: SessionStatus): boolean {
  return state === 'paused' && pauseReason !== null && pauseReason !== 'person';
}
