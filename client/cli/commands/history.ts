import type { Command } from 'commander';
import { formatDuration } from '../../../domain/duration.js';
import { attemptHistory, type HistoricAttempt } from '../../attempt-history.js';
import { findSession } from '../../session-directory.js';
import { checkName } from '../check-name.js';
import { stateColour } from '../state-colour.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { renderTable } from '../table.js';

export function addHistory(program: Command, context: CliContext): void {
  program
    .command('history')
    .description('show each attempt of a session, its end and what was done about it')
    .argument('<name>', 'the session')
    .option('--json', 'print JSON')
    .action((name: string, options: { json?: true }) => showHistory(context, checkName(name), options));
}

async function showHistory(context: CliContext, name: string, { json }: { json?: true }): Promise<void> {
  const { value, warning } = await findSession(context.home, name, context.environment);
  if (warning !== null) context.warn(warning);
  const nowMs = Date.now();
  const attempts = attemptHistory(value, nowMs);
  if (json) context.printJson(attempts);
  else if (attempts.length === 0) context.print(`no attempts yet: ${name} is ${value.view.state}`);
  else context.print(renderTable(['ATTEMPT', 'BEGUN', 'BY', 'LASTED', 'END', 'REASON', 'THEN'], attempts.map((attempt) => row(attempt, context, nowMs))));
}

function row({ attempt, startedAt, strategy, durationMs, exitClass, reason, decision }: HistoricAttempt, { colours }: CliContext, nowMs: number): string[] {
  const lasted = durationMs === null ? '-' : formatDuration(durationMs);
  const end = exitClass === null ? 'alive' : stateColour(exitClass, colours);
  return [String(attempt), formatWhen(startedAt, nowMs), strategy ?? '-', lasted, end, reason === null ? '-' : oneLine(reason, 60), decision === null ? '-' : oneLine(decision, 60)];
}
