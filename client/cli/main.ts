import { Command, CommanderError, Option, type OutputConfiguration } from 'commander';
import { installedBuild } from '../../host/build-id.js';
import { addCompletion, addCompletionHelp, completionCommand } from './completion.js';
import { processContext, type CliContext } from './context.js';
import { exitCodeHelp, exitCodeOf, exitCodes } from './exit-codes.js';

/** By name, in the order of `shim --help`. A command is read when it is asked for: all of them are a thousand files. */
const commands = {
  up: async () => (await import('./commands/up.js')).addUp,
  down: async () => (await import('./commands/down.js')).addDown,
  doctor: async () => (await import('./commands/doctor.js')).addDoctor,
  'install-service': async () => (await import('./commands/install-service.js')).addInstallService,
  ui: async () => (await import('./commands/ui.js')).addUi,
  run: async () => (await import('./commands/run.js')).addRun,
  status: async () => (await import('./commands/status.js')).addStatus,
  top: async () => (await import('./commands/top.js')).addTop,
  history: async () => (await import('./commands/history.js')).addHistory,
  why: async () => (await import('./commands/why.js')).addWhy,
  logs: async () => (await import('./commands/logs.js')).addLogs,
  pause: async () => (await import('./commands/pause.js')).addPause,
  resume: async () => (await import('./commands/resume.js')).addResume,
  restart: async () => (await import('./commands/restart.js')).addRestart,
  stop: async () => (await import('./commands/stop.js')).addStop,
  reset: async () => (await import('./commands/reset.js')).addReset,
  send: async () => (await import('./commands/send.js')).addSend,
  queue: async () => (await import('./commands/queue.js')).addQueue,
  budget: async () => (await import('./commands/budget.js')).addBudget,
  checkpoint: async () => (await import('./commands/checkpoint.js')).addCheckpoint,
  checkpoints: async () => (await import('./commands/checkpoints.js')).addCheckpoints,
  restore: async () => (await import('./commands/restore.js')).addRestore,
  prune: async () => (await import('./commands/prune.js')).addPrune,
  apply: async () => (await import('./commands/apply.js')).addApply,
  diff: async () => (await import('./commands/apply.js')).addDiff,
  fleet: async () => (await import('./commands/fleet.js')).addFleet,
  accounts: async () => (await import('./commands/accounts.js')).addAccounts,
  account: async () => (await import('./commands/account.js')).addAccount,
  notices: async () => (await import('./commands/notices.js')).addNotices,
  kaizen: async () => (await import('./commands/kaizen.js')).addKaizen,
  parameters: async () => (await import('./commands/parameters.js')).addParameters,
  parameter: async () => (await import('./commands/parameter.js')).addParameter,
  try: async () => (await import('./commands/try.js')).addTry,
  experiments: async () => (await import('./commands/experiments.js')).addExperiments,
  experiment: async () => (await import('./commands/experiment.js')).addExperiment,
  report: async () => (await import('./commands/report.js')).addReport,
  encryption: async () => (await import('./commands/encryption.js')).addEncryption,
} satisfies Record<string, () => Promise<(program: Command, context: CliContext) => void>>;

type CommandName = keyof typeof commands;
const commandNames = Object.keys(commands) as CommandName[];

/** Runs one command line, without the program's own name, and sets the process's exit code. Never throws. */
export async function main(argv: readonly string[], context: CliContext = processContext()): Promise<void> {
  // A reader such as `head` that has seen enough is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.ok);
  });
  try {
    await (await programFor(argv.find((word) => !word.startsWith('-')), context)).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? commanderExitCode(error) : exitCodeOf(error);
    if (error instanceof CommanderError) return;
    context.warn(isOfHome(error, context.home) ? `${context.home} cannot be used (${messageOf(error)}); set SHIM_HOME to a folder of yours` : messageOf(error));
    if (context.environment['SHIM_DEBUG']) console.error(error);
  }
}

/** The program with all its commands. */
export async function createProgram(context: CliContext): Promise<Command> {
  const program = await createCommands(commandNames, context);
  addCompletionHelp(program);
  return program;
}

/** A program that knows the command, and all others where it is none, or is about them. */
async function programFor(command: string | undefined, context: CliContext): Promise<Command> {
  const known = commandNames.find((name) => name === command);
  if (known !== undefined) return createCommands([known], context);
  if (command !== completionCommand) return createProgram(context);
  const program = await createCommands(commandNames, context);
  await addCompletion(program, context);
  return program;
}

async function createCommands(names: readonly CommandName[], context: CliContext): Promise<Command> {
  const program = new Command('shim');
  program
    .description('Keeps AI coding agents going: durable supervision, checkpoints, and resumes that leave a receipt')
    .version(installedBuild().id, '-V, --version', 'print the version, and which build of it this is')
    .enablePositionalOptions()
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput(hinting('shim --help'));
  for (const add of await Promise.all(names.map((name) => commands[name]()))) add(program, context);
  for (const command of program.commands) command.configureOutput(hinting(`shim ${command.name()} --help`));
  addNoColour(program, context);
  return program;
}

/** Takes --no-color before a command and after it, and tells of it once, in `shim --help`. */
function addNoColour(program: Command, context: CliContext): void {
  const option = (command: Command) => command.addOption(new Option('--no-color', 'no colours, on a terminal either; as NO_COLOR=1').hideHelp(command !== program)).on('option:no-color', context.dropColours);
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands: below }) => below)]) option(command);
}

function commanderExitCode(error: CommanderError): number {
  return error.exitCode === 0 || error.code === 'commander.help' ? error.exitCode : exitCodes.badInput;
}

/** Where commander refuses a command line, it says where to look. */
function hinting(help: string): OutputConfiguration {
  return { outputError: (text, write) => write(`shim: ${oneSentence(text)}; see: ${help}\n`) };
}

/** commander's `error: …` with its hint, on one line. */
function oneSentence(text: string): string {
  return text.replace(/^error: /, '').trim().replace(/\s*\n\s*/g, ' ').replace(/\.$/, '');
}

/** Whether the folder that everything is kept in is none, or not this user's to use. */
function isOfHome(error: unknown, home: string): boolean {
  const { code = '', path = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return ['ENOTDIR', 'EEXIST', 'EACCES', 'EPERM', 'EROFS'].includes(code) && path.startsWith(home);
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, ' ');
}
