import type { Command } from 'commander';
import type { LogLine } from '../../../host/output/log-line.js';
import { followLog, readLog } from '../../../host/output/read-log.js';
import { listSessionFolders, SessionFolder } from '../../../host/session-folder.js';
import { BadInputError, CommandRefusedError } from '../../errors.js';
import { findSession } from '../../session-directory.js';
import { checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { count } from '../format.js';
import { chosenLines, ManyLogs, renderLogLine, type LogView } from '../many-logs.js';
import { parseCount, parsePast } from '../units.js';

interface LogsOptions {
  follow?: true;
  attempt?: number;
  tail?: number;
  since?: string;
  fleet?: string;
  all?: true;
  json?: true;
}

export function addLogs(program: Command, context: CliContext): void {
  program
    .command('logs')
    .description('show what sessions have put out; secrets are left out')
    .argument('[name...]', 'the sessions; of several each line begins with the name')
    .option('--fleet <name>', 'of all members of a fleet on this machine')
    .option('--all', 'of all sessions of this machine')
    .option('-f, --follow', 'go on as more comes, of sessions too that begin meanwhile; ends with Ctrl-C')
    .option('--attempt <n>', 'of one session: of this attempt alone', parseCount)
    .option('--tail <n>', 'the last lines alone, of each session', parseCount)
    .option('--since <time>', 'not before: a duration (10m, 2h), a time of day (14:30), or ISO 8601')
    .option('--json', 'print a JSON object a line')
    .action((names: string[], options: LogsOptions) => logs(context, names.map(checkName), options));
}

async function logs(context: CliContext, names: readonly string[], options: LogsOptions): Promise<void> {
  const { fleet, all, attempt, since, tail, json } = options;
  const view: LogView = { ...(tail === undefined ? {} : { tail }), ...(since === undefined ? {} : { sinceMs: parsePast(since, Date.now()) }), ...(json ? { json } : {}) };
  const wanted = [...new Set(names)];
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1 && fleet === undefined && !all) return showOne(context, only, view, options);
  if (attempt !== undefined) throw new BadInputError('--attempt is of one session; name one');
  if (only === undefined && fleet === undefined && !all) throw new BadInputError('name a session, or several, or --fleet NAME, or --all');
  for (const name of wanted) if (new SessionFolder(context.home, name).spec() === null) await explainAbsence(context, name);
  const folders = () => [...listSessionFolders(context.home)].filter((folder) => all || wanted.includes(folder.name) || (fleet !== undefined && folder.spec()?.fleet === fleet));
  const present = folders();
  if (present.length === 0 && fleet !== undefined) throw new CommandRefusedError(`fleet ${fleet} has no member on this machine; see: shim fleet ${fleet}`);
  const many = new ManyLogs(context, view);
  many.print(present);
  if (options.follow) await untilEnded(many.follow(folders));
}

async function showOne(context: CliContext, name: string, view: LogView, { follow, attempt }: LogsOptions): Promise<void> {
  const folder = new SessionFolder(context.home, name);
  if (folder.spec() === null) await explainAbsence(context, name);
  if (attempt !== undefined && !folder.epochs().includes(attempt)) throw new BadInputError(`--attempt: ${name} has had ${count(folder.epochs().length, 'attempt')}, and none is number ${attempt}; see: shim history ${name}`);
  const show = (line: LogLine) => context.print(view.json ? JSON.stringify(line) : renderLogLine(line, context));
  const { lines, end } = readLog(folder.logPath, attempt);
  for (const line of chosenLines(lines, view)) show(line);
  if (follow) await untilEnded(followLog(folder.logPath, end, show, attempt));
}

/** Until Ctrl-C, or a signal that asks for the end. */
async function untilEnded(unfollow: () => void): Promise<void> {
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
