import type { Command } from 'commander';
import type { Budget } from '../../domain/budget.js';
import type { SessionState } from '../../domain/session.js';
import type { CommandResult, SessionStatus } from '../../workflows/messages.js';
import { CommandRefusedError } from '../errors.js';
import { ShimClient, type SessionCommand } from '../shim-client.js';
import { checkName } from './check-name.js';
import type { CliContext } from './context.js';
import { oneLine } from './format.js';
import { parseDuration } from './units.js';

/** Options of every command that changes a session. */
export interface CommandOptions {
  reason?: string;
  wait: boolean;
  /** ms. */
  timeout: number;
  json?: true;
}

const defaultTimeoutMs = 60_000;

/** Adds a command that changes a session, with the options they share. */
export function sessionCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<name>', 'the session')
    .option('--reason <text>', 'why, for the history')
    .option('--no-wait', 'return as soon as the session has accepted it')
    .option('--timeout <duration>', 'how long to wait until it took effect (exit code 5 past it)', parseDuration, defaultTimeoutMs)
    .option('--json', 'print the answer as JSON');
}

/** What a command leads to. */
export interface Outcome {
  command: SessionCommand;
  /** States in which it took effect. */
  reached: readonly SessionState[];
  /** States in which it never will. */
  missed: readonly SessionState[];
  /** Says of a status in another state that it never will. */
  isRefused?: (status: SessionStatus) => boolean;
  /** So much more may be spent. */
  add?: Budget;
}

/** Sends a command, waits until it took effect, and prints where the session is then. */
export async function changeSession(context: CliContext, name: string, options: CommandOptions, { command, reached, missed, isRefused = () => false, add }: Outcome): Promise<void> {
  checkName(name);
  const client = await ShimClient.connect(context.home, context.environment);
  try {
    const result = await client.command(command, name, { ...asker(context, options), ...(add ? { add } : {}) });
    context.progress(result.message);
    const wait = options.wait && result.outcome === 'accepted';
    const status = wait ? await client.waitForState(name, [...reached, ...missed], options.timeout, tell(context), isRefused) : await client.status(name);
    if (wait && (missed.includes(status.state) || isRefused(status))) throw new CommandRefusedError(`${name} is ${status.state} instead (${status.reason}); see: shim why ${name}`);
    printAnswer(context, options, result, status);
  } finally {
    await client.close();
  }
}

/** Who asks, and why. */
export function asker({ environment }: CliContext, { reason }: Pick<CommandOptions, 'reason'>): { by: string; reason?: string } {
  const by = oneLine(environment['USER'] ?? environment['LOGNAME'] ?? '', 60) || 'cli';
  return reason === undefined ? { by } : { by, reason: oneLine(reason) };
}

/** Tells each change while waiting. */
export function tell({ progress }: CliContext): (status: SessionStatus) => void {
  return ({ name, state, reason }) => progress(`${name}: ${state} (${oneLine(reason)})`);
}

function printAnswer(context: CliContext, options: CommandOptions, result: CommandResult, { name, state, reason }: SessionStatus): void {
  if (options.json) context.printJson({ name, state, reason, ...result });
  else context.print(`${name} is ${state}: ${oneLine(reason)}`);
}
