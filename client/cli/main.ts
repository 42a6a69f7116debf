import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { addAccount } from './commands/account.js';
import { addAccounts } from './commands/accounts.js';
import { addApply, addDiff } from './commands/apply.js';
import { addBudget } from './commands/budget.js';
import { addCheckpoint } from './commands/checkpoint.js';
import { addCheckpoints } from './commands/checkpoints.js';
import { addDoctor } from './commands/doctor.js';
import { addDown } from './commands/down.js';
import { addEncryption } from './commands/encryption.js';
import { addExperiment } from './commands/experiment.js';
import { addExperiments } from './commands/experiments.js';
import { addFleet } from './commands/fleet.js';
import { addHistory } from './commands/history.js';
import { addInstallService } from './commands/install-service.js';
import { addKaizen } from './commands/kaizen.js';
import { addLogs } from './commands/logs.js';
import { addNotices } from './commands/notices.js';
import { addParameter } from './commands/parameter.js';
import { addParameters } from './commands/parameters.js';
import { addPause } from './commands/pause.js';
import { addQueue } from './commands/queue.js';
import { addPrune } from './commands/prune.js';
import { addReport } from './commands/report.js';
import { addReset } from './commands/reset.js';
import { addRestore } from './commands/restore.js';
import { addResume } from './commands/resume.js';
import { addRun } from './commands/run.js';
import { addSend } from './commands/send.js';
import { addStatus } from './commands/status.js';
import { addStop } from './commands/stop.js';
import { addTry } from './commands/try.js';
import { addUi } from './commands/ui.js';
import { addUp } from './commands/up.js';
import { addWhy } from './commands/why.js';
import { addCompletion, addCompletionHelp, completionCommand } from './completion.js';
import { processContext, type CliContext } from './context.js';
import { exitCodeHelp, exitCodeOf, exitCodes } from './exit-codes.js';

/** In the order of `shim --help`. */
const commands = [
  addUp,
  addDown,
  addDoctor,
  addInstallService,
  addUi,
  addRun,
  addStatus,
  addHistory,
  addWhy,
  addLogs,
  addPause,
  addResume,
  addStop,
  addReset,
  addSend,
  addQueue,
  addBudget,
  addCheckpoint,
  addCheckpoints,
  addRestore,
  addPrune,
  addApply,
  addDiff,
  addFleet,
  addAccounts,
  addAccount,
  addNotices,
  addKaizen,
  addParameters,
  addParameter,
  addTry,
  addExperiments,
  addExperiment,
  addReport,
  addEncryption,
];

/** Runs one command line, without the program's own name, and sets the process's exit code. Never throws. */
export async function main(argv: readonly string[], context: CliContext = processContext()): Promise<void> {
  // A reader such as `head` that has seen enough is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.ok);
  });
  try {
    await (argv[0] === completionCommand ? await completingProgram(context) : createProgram(context)).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? commanderExitCode(error) : exitCodeOf(error);
    if (error instanceof CommanderError) return;
    context.warn(messageOf(error));
    if (context.environment['SHIM_DEBUG']) console.error(error);
  }
}

/** The program with all its commands. */
export function createProgram(context: CliContext): Command {
  const program = createCommands(context);
  addCompletionHelp(program);
  return program;
}

async function completingProgram(context: CliContext): Promise<Command> {
  const program = createCommands(context);
  await addCompletion(program, context);
  return program;
}

function createCommands(context: CliContext): Command {
  const program = new Command('shim');
  program
    .description('Keeps AI coding agents going: durable supervision, checkpoints, and resumes that leave a receipt')
    .enablePositionalOptions()
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput(hinting('shim --help'));
  for (const add of commands) add(program, context);
  for (const command of program.commands) command.configureOutput(hinting(`shim ${command.name()} --help`));
  return program;
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

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, ' ');
}
