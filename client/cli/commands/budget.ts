import type { Command } from 'commander';
import { budgetMeasures, showAmount, type Budget, type BudgetMeasure, type Spend } from '../../../domain/budget.js';
import { readBudgets, setDayBudget } from '../../../host/budget/budget-settings.js';
import { spentToday } from '../../../host/budget/day-ledger.js';
import { ensureShimHome } from '../../../host/shim-home.js';
import type { CliContext } from '../context.js';
import { renderPairs } from '../table.js';
import { parseAmountOrNone, parseTokensOrNone } from '../units.js';

/** 0 takes a bound away. */
interface Options {
  dayUsd?: number;
  dayTokens?: number;
  dayHours?: number;
  json?: true;
}

export function addBudget(program: Command, context: CliContext): void {
  program
    .command('budget')
    .description('show or set what all sessions of this machine together may spend a day')
    .option('--day-usd <amount>', 'dollars a day, as the agents tell their cost; none takes it away', parseAmountOrNone)
    .option('--day-tokens <n>', 'tokens a day; none takes it away', parseTokensOrNone)
    .option('--day-hours <n>', 'hours that agents live a day, all together; none takes it away', parseAmountOrNone)
    .option('--json', 'print JSON')
    .addHelpText('after', "\nA session that meets the day's budget is checkpointed and paused; one that would begin over it waits paused.\nThe day is that of this machine's clock. What one session may spend: shim run --budget-usd, --budget-tokens, --budget-hours.\nCodex tells no cost: its sessions count by tokens and hours only.")
    .action((options: Options) => showOrSet(context, options));
}

function showOrSet(context: CliContext, { dayUsd, dayTokens, dayHours, json }: Options): void {
  const { home } = context;
  ensureShimHome(home);
  const changes: [BudgetMeasure, number | undefined][] = [['usd', dayUsd], ['tokens', dayTokens], ['hours', dayHours]];
  if (changes.some(([, amount]) => amount !== undefined)) setDayBudget(home, changed(readBudgets(home).day, changes));
  const { day, fleets } = readBudgets(home);
  const spent = spentToday(home, Date.now());
  if (json) context.printJson({ day, spentToday: spent, fleets });
  else context.print(describe(day, spent, fleets));
}

function changed(day: Budget, changes: readonly [BudgetMeasure, number | undefined][]): Budget {
  const kept = { ...day };
  for (const [measure, amount] of changes) {
    if (amount === 0) delete kept[measure];
    else if (amount !== undefined) kept[measure] = amount;
  }
  return kept;
}

function describe(day: Budget, spent: Spend, fleets: Readonly<Record<string, Budget>>): string {
  const lines = budgetMeasures.map((measure): [string, string] => {
    const limit = day[measure];
    return [`today, ${measure}`, `${showAmount(measure, spent[measure])} spent${limit === undefined ? ', not bounded' : ` of ${showAmount(measure, limit)} (${Math.floor((spent[measure] / limit) * 100)} %)`}`];
  });
  const ofFleets = Object.entries(fleets).map(([name, budget]): [string, string] => [`fleet ${name}`, budgetMeasures.flatMap((measure) => (budget[measure] === undefined ? [] : [showAmount(measure, budget[measure])])).join(', ')]);
  return renderPairs([...lines, ...ofFleets]);
}
