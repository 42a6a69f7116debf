import type { Command } from 'commander';
import type { CliContext } from './context.js';

/** The command that prints a shell's completion script; the script asks the same command for what can follow. */
export const completionCommand = 'complete';

/**
 * Goes before bash's script, which asks the package bash-completion for the words of the line, and fails at each Tab where that is not
 * loaded. Names of SHIM's have no blanks and no quotes in them, so words are what stands between blanks.
 */
const bashWords = `if ! declare -F _get_comp_words_by_ref > /dev/null; then
  _get_comp_words_by_ref() {
    local line="\${COMP_LINE:0:COMP_POINT}"
    read -ra words <<< "$line"
    [[ "$line" != *[[:space:]] ]] || words+=("")
    cword=$((\${#words[@]} - 1))
    cur="\${words[cword]}" prev="\${words[cword > 0 ? cword - 1 : 0]}"
  }
fi`;

/** Stands in `shim --help`; main() puts the real one in its place when it is asked for, for no other command needs it loaded. */
export function addCompletionHelp(program: Command): void {
  program.command(completionCommand).description('print the completion script of a shell (zsh, bash, fish, powershell): source <(shim complete bash)').argument('<shell>', 'the shell');
}

/** Adds the real command: options and commands from the program itself, names of sessions from this machine's folders. */
export async function addCompletion(program: Command, { home, print }: CliContext): Promise<void> {
  const [{ default: tab }, { listSessionFolders }] = await Promise.all([import('@bomb.sh/tab/commander'), import('../../host/session-folder.js')]);
  const completion = tab(program);
  program.commands
    .find((command) => command.name() === completionCommand)
    ?.hook('preAction', (command) => {
      if (command.args[0] === 'bash') print(bashWords);
    });
  for (const command of completion.commands.values()) {
    const name = command.arguments.get('name');
    if (name) name.handler = (complete) => listSessionFolders(home).forEach((folder) => complete(folder.name, folder.spec()?.agent ?? ''));
  }
}
