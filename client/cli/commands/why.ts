import type { Command } from 'commander';
import { findSession } from '../../session-directory.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { explain, renderExplanation } from '../why/explain.js';

export function addWhy(program: Command, context: CliContext): void {
  program
    .command('why')
    .description('explain the state of a session: its last end, its last resume, and what you can do')
    .argument('<name>', 'the session')
    .option('--json', 'print the receipt and the rest as JSON')
    .action((name: string, options: { json?: true }) => showWhy(context, checkName(name), options));
}

async function showWhy(context: CliContext, name: string, { json }: { json?: true }): Promise<void> {
  const { value, warning } = await findSession(context.home, name, context.environment);
  if (warning !== null) context.warn(warning);
  const explanation = explain(value.view, value.records);
  if (json) context.printJson(explanation);
  else context.print(renderExplanation(explanation, Date.now()));
}
