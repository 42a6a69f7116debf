import type { Command } from 'commander';
import type { Budget } from '../../domain/budget.js';
import { mapBounded } from '../../domain/concurrency.js';
import type { SessionState } from '../../domain/session.js';
import type { CommandResult, SessionStatus } from '../../workflows/messages.js';
import { CommandRefusedError } from '../errors.js';
import { ShimClient, type SessionCommand } from '../shim-client.js';
import { checkName } from './check-name.js';
import type { CliContext } from './context.js';
import { oneLine } from './format.js';
import { durationOption } from './duration-option.js';

/** Options of every command that changes a session. */
export interface CommandOptions {
  reason?: string;
  wait: boolean;
  /** ms. */
  timeout: number;
  json?: true;
}

const defaultTimeoutMs = 60_000;

/** Sessions that are changed at the same time, of those that a command names. */
const changesAtOnce = 16;

/** Adds a command that changes sessions, with the options they share. @param takes how many sessions it changes. */
export function sessionCommand(program: Command, name: string, description: string, takes: 'one' | 'several' = 'several'): Command {
  const command = program.command(name).description(description);
  if (takes === 'one') command.argument('<name>', 'the session');
  else command.argument('<name...>', 'the sessions');
  return command
    .option('--reason <text>', 'why, for the history')
    .option('--no-wait', 'return as soon as the session has accepted it')
    .addOption(durationOption('--timeout <duration>', 'how long to wait until it took effect (exit code 5 past it)', defaultTimeoutMs))
    .option('--json', 'print the answer as JSON');
}

/** What a command leads to. */
export interface Outcome {
  command: SessionCommand;
  /** States in which it took effect. */
  reached: readonly SessionState[];
  /** Says of a status in another state that it took effect. */
  isReached?: (status: SessionStatus) => boolean;
  /** States in which it never will. */
  missed: readonly SessionState[];
  /** Says of a status in another state that it never will. */
  isRefused?: (status: SessionStatus) => boolean;
  /** So much more may be spent. */
  add?: Budget;
  /** Beside the second writer for which it is paused. */
  beside?: true;
}

/** Sends a command to each, waits until it took effect, and prints where the sessions are then. */
export function changeSessions(context: CliContext, names: readonly string[], options: CommandOptions, outcome: Outcome): Promise<void> {
  return forEachSession(context, names, options, (client, name) => change(context, client, name, options, outcome));
}

/**
 * Changes those that can be changed, and prints where they are then: as JSON, one as an object, several as a list.
 *
 * @throws what kept the first of the others from being changed; what kept the rest of them is printed.
 */
export async function forEachSession(context: CliContext, names: readonly string[], options: CommandOptions, changeOne: (client: ShimClient, name: string) => Promise<Changed>): Promise<void> {
  const wanted = [...new Set(names.map((name) => checkName(name)))];
  const client = await ShimClient.connect(context.home, context.environment);
  try {
    const answers = await mapBounded(wanted, changesAtOnce, (name) => changeOne(client, name).catch((error: unknown) => ({ name, error })));
    const changed = answers.filter((answer): answer is Changed => !('error' in answer));
    const [first, ...others] = answers.filter((answer) => 'error' in answer);
    if (!options.json) for (const each of changed) context.print(describeChanged(each));
    else if (wanted.length > 1) context.printJson(answers.map((answer) => ('error' in answer ? { name: answer.name, error: messageOf(answer.error) } : answer)));
    else if (changed[0]) context.printJson(changed[0]);
    for (const { error } of others) context.warn(messageOf(error));
    if (first) throw first.error;
  } finally {
    await client.close();
  }
}

/** Where a session is after a command, and how it was answered. */
export interface Changed extends CommandResult {
  name: string;
  state: SessionState;
  /** Why it is in this state. */
  reason: string;
}

/** Sends a command and waits until it took effect. @throws CommandRefusedError where it never will. */
export async function change(context: CliContext, client: ShimClient, name: string, options: CommandOptions, outcome: Outcome): Promise<Changed> {
  const { command, reached, missed, isReached = () => false, isRefused = () => false, add, beside } = outcome;
  const result = await client.command(command, name, { ...asker(context, options), ...(add ? { add } : {}), ...(beside ? { beside } : {}) });
  context.progress(result.message);
  const wait = options.wait && result.outcome === 'accepted';
  const isOver = (seen: SessionStatus) => isReached(seen) || isRefused(seen);
  const status = wait ? await client.waitForState(name, [...reached, ...missed], options.timeout, tell(context), isOver) : await client.status(name);
  if (wait && (missed.includes(status.state) || isRefused(status))) throw new CommandRefusedError(`${name} is ${status.state} instead (${status.reason}); see: shim why ${name}`);
  const { state, reason } = status;
  return { name, state, reason, ...result };
}

/** Where it is, in one line. */
export function describeChanged({ name, state, reason }: Changed): string {
  return `${name} is ${state}: ${oneLine(reason)}`;
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
