import type { Command } from 'commander';
import type { CliContext } from './context.js';

/** The command that prints a shell's completion script; the script asks the same command for what can follow. */
export const completionCommand = 'complete';

/** Stands in `shim --help`; main() puts the real one in its place when it is asked for, for no other command needs it loaded. */
export function addCompletionHelp(program: Command): void {
  program.command(completionCommand).description('print the completion script of a shell (zsh, bash, fish, powershell): source <(shim complete bash)').argument('<shell>', 'the shell');
}

/** Adds the real command: options and commands from the program itself, names of sessions from this machine's folders. */
export async function addCompletion(program: Command, { home }: CliContext): Promise<void> {
  const [{ default: tab }, { listSessionFolders }] = await Promise.all([import('@bomb.sh/tab/commander'), import('../../host/session-folder.js')]);
  const completion = tab(program);
  for (const command of completion.commands.values()) {
    const name = command.arguments.get('name');
    if (name) name.handler = (complete) => listSessionFolders(home).forEach((folder) => complete(folder.name, folder.spec()?.agent ?? ''));
  }
}
