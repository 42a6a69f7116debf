import type { Command } from 'commander';
import type { AccountState } from '../../../domain/account.js';
import { AccountClient } from '../../account-client.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { renderTable } from '../table.js';

export function addAccounts(program: Command, context: CliContext): void {
  program
    .command('accounts')
    .description('show the accounts that met a limit: until when it lasts, and how many sessions wait for it')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => showAll(context, options));
}

async function showAll(context: CliContext, { json }: { json?: true }): Promise<void> {
  const accounts = await AccountClient.with(context.home, context.environment, (client) => client.list());
  if (json) context.printJson(accounts);
  else if (accounts.length === 0) context.print('no account met a limit so far');
  else context.print(renderTable(['ACCOUNT', 'STATE', 'UNTIL', 'WAITING', 'WHY'], accounts.map((state) => row(state, Date.now()))));
}

function row({ account, phase, untilMs, waiting, reason }: AccountState, nowMs: number): string[] {
  return [account, phase, untilMs === null ? '-' : formatWhen(new Date(untilMs).toISOString(), nowMs), String(waiting.length), oneLine(reason, 60)];
}
