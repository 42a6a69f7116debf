import { Argument, type Command } from 'commander';
import { accountNameSchema, describeAccount, type AccountState } from '../../../domain/account.js';
import { AccountClient } from '../../account-client.js';
import { BadInputError } from '../../errors.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { asker } from '../session-command.js';
import { renderPairs } from '../table.js';
import { parseTime } from '../units.js';

interface Options {
  reason?: string;
  json?: true;
}

/** `shim account NAME [ACTION] [TIME]`: the name comes first, as with `shim parameter`. */
export function addAccount(program: Command, context: CliContext): void {
  program
    .command('account')
    .description('show an account and who waits for its limit; move the end of the wait (wait-until TIME) or end it (cancel)')
    .argument('<name>', 'the account; shim accounts shows all')
    .addArgument(new Argument('[action]', 'what to do with its wait').choices(['show', 'wait-until', 'cancel']).default('show'))
    .argument('[time]', 'for wait-until: from now (30m, 2h), a time of day (14:30), or ISO 8601')
    .option('--reason <text>', 'why, for the history')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nAfter the wait one session goes first, and the others one after another once it has had an answer.\n\nExamples:\n  shim account claude-code/3f9c2a71 wait-until 14:30\n  shim account claude-code/3f9c2a71 cancel')
    .action((name: string, action: string, time: string | undefined, options: Options, command: Command) => act(context, checkAccount(name), action, time, options, command));
}

async function act(context: CliContext, account: string, action: string, time: string | undefined, options: Options, command: Command): Promise<void> {
  if (action === 'wait-until' && time === undefined) command.error(`shim account ${account} wait-until takes a time`);
  if (action !== 'wait-until' && time !== undefined) command.error(`shim account ${account} ${action} takes no time`);
  const untilMs = time === undefined ? 0 : parseTime(time, Date.now());
  const by = asker(context, options);
  const state = await AccountClient.with(context.home, context.environment, async (client) => {
    if (action === 'wait-until') context.progress((await client.waitUntil(account, { ...by, untilMs })).message);
    if (action === 'cancel') context.progress((await client.cancelWait(account, by)).message);
    return client.status(account);
  });
  if (options.json) context.printJson(state);
  else context.print(describe(state, Date.now()));
}

function checkAccount(name: string): string {
  const parsed = accountNameSchema.safeParse(name);
  if (!parsed.success) throw new BadInputError(`${JSON.stringify(name.slice(0, 80))}: ${parsed.error.issues[0]?.message ?? 'not an account'}`);
  return parsed.data;
}

function describe(state: AccountState, nowMs: number): string {
  const { account, phase, cause, reason, untilMs, setBy, waiting, probe } = state;
  const at = (ms: number) => formatWhen(new Date(ms).toISOString(), nowMs);
  const lines: [string, string | null][] = [
    ['account', account],
    ['state', `${phase}: ${describeAccount(state)}`],
    ['last limit', cause === null ? 'none so far' : `${cause}: ${oneLine(reason)}`],
    ['until', untilMs === null ? null : `${at(untilMs)} (${new Date(untilMs).toISOString()})${setBy === null ? '' : `, set by ${oneLine(setBy, 60)}`}`],
    ['goes first', probe && `${probe.session}, let go; the others follow once it has had an answer`],
    ...waiting.map(({ session, sinceMs }, index): [string, string] => [index === 0 ? 'waiting' : '', `${session}, since ${at(sinceMs)}`]),
    ['what now', phase === 'limited' ? `nothing: they go on by themselves; sooner: shim account ${account} cancel; another time: shim account ${account} wait-until TIME` : null],
  ];
  return renderPairs(lines.filter((line): line is [string, string] => line[1] !== null));
}
