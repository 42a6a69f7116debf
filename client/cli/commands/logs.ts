import type { Command } from 'commander';
import type { LogLine } from '../../../host/output/log-line.js';
import { followLog, readLog } from '../../../host/output/read-log.js';
import { SessionFolder } from '../../../host/session-folder.js';
import { BadInputError, CommandRefusedError } from '../../errors.js';
import { findSession } from '../../session-directory.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { count } from '../format.js';
import { parseCount } from '../units.js';

interface LogsOptions {
  follow?: true;
  attempt?: number;
  tail?: number;
  json?: true;
}

export function addLogs(program: Command, context: CliContext): void {
  program
    .command('logs')
    .description('show what a session has put out; secrets are left out')
    .argument('<name>', 'the session')
    .option('-f, --follow', 'go on as more comes; ends with Ctrl-C')
    .option('--attempt <n>', 'of this attempt alone', parseCount)
    .option('--tail <n>', 'the last lines alone', parseCount)
    .option('--json', 'print a JSON object a line')
    .action((name: string, options: LogsOptions) => showLogs(context, checkName(name), options));
}

async function showLogs(context: CliContext, name: string, { follow, attempt, tail, json }: LogsOptions): Promise<void> {
  const folder = new SessionFolder(context.home, name);
  if (folder.spec() === null) await explainAbsence(context, name);
  if (attempt !== undefined && !folder.epochs().includes(attempt)) throw new BadInputError(`--attempt: ${name} has had ${count(folder.epochs().length, 'attempt')}, and none is number ${attempt}; see: shim history ${name}`);
  const show = (line: LogLine) => context.print(json ? JSON.stringify(line) : render(line, context));
  const { lines, end } = readLog(folder.logPath, attempt);
  for (const line of tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail))) show(line);
  if (!follow) return;
  const unfollow = followLog(folder.logPath, end, show, attempt);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  unfollow();
}

/** @throws always: why there is no log to show. */
async function explainAbsence(context: CliContext, name: string): Promise<never> {
  const { value } = await findSession(context.home, name, context.environment);
  throw new CommandRefusedError(`${name} has no log on this machine; it is ${value.view.state} on host ${value.view.host ?? 'unknown'}, run shim logs there`);
}

function render({ epoch, stream, text }: LogLine, { colours }: CliContext): string {
  if (stream === 'shim') return colours.cyan(`${epoch} shim| ${text}`);
  return `${colours.dim(`${epoch} ${stream === 'err' ? 'err ' : 'out '}|`)} ${stream === 'err' ? colours.yellow(text) : text}`;
}
