import type { Command } from 'commander';
import { SessionFolder } from '../../../host/session-folder.js';
import { BadInputError } from '../../errors.js';
import { checkCheckpointId, checkName } from '../check-name.js';
import type { CliContext } from '../context.js';
import { explainAbsence } from '../explain-absence.js';
import { count, oneLine } from '../format.js';
import type { Restored, RestoreTarget } from '../../../host/restore/restore-session.js';

interface RestoreOptions {
  to?: string;
  worktree?: true;
  force?: true;
  json?: true;
}

const explanation = `
Into a new folder beside the session's own, unless --to names another; the conversation is put beside it as a file, with the
commands to go on by hand. Needs no service, and the session may be running.

With --force the files of the checkpoint are written over those of the session's own folder, each in one step. The session has
to be at rest (shim pause). Before, the folder is kept as a pinned checkpoint, and what that does not hold (ignored, large or
secret files) as plain copies; both places are printed. Files that the checkpoint does not know stay where they are, nothing is
written through links or into a repository, and .git is never touched.`;

export function addRestore(program: Command, context: CliContext): void {
  program
    .command('restore')
    .description('restore the files and the conversation of a checkpoint')
    .argument('<name>', 'the session')
    .argument('[checkpoint]', 'the checkpoint, as ck-0007 (default: the newest whole one)')
    .option('--to <folder>', 'into this folder, which is missing or empty')
    .option('--worktree', "into a new git work tree of the project's repository, at the commit the checkpoint was made on")
    .option('--force', "over the session's own folder, after a salvage copy")
    .option('--json', 'print JSON')
    .addHelpText('after', explanation)
    .action((name: string, checkpoint: string | undefined, options: RestoreOptions) => restore(context, checkName(name), checkpoint === undefined ? null : checkCheckpointId(name, checkpoint), options));
}

async function restore(context: CliContext, name: string, checkpoint: string | null, options: RestoreOptions): Promise<void> {
  const target = targetOf(options);
  const folder = new SessionFolder(context.home, name);
  const spec = folder.spec();
  if (!spec) return explainAbsence(context, name, 'restore');
  const { restoreSession } = await import('../../../host/restore/restore-session.js');
  const restored = await restoreSession(folder, spec, checkpoint, target);
  if (options.json) context.printJson(restored);
  else context.print(describe(restored).join('\n'));
}

function targetOf({ to, worktree, force }: RestoreOptions): RestoreTarget {
  if (force && (to !== undefined || worktree)) throw new BadInputError("--force writes over the session's own folder: leave --to and --worktree out, or leave --force out");
  if (force) return { kind: 'tree' };
  if (to === '') throw new BadInputError('--to: name a folder');
  return { kind: worktree ? 'worktree' : 'folder', folder: to ?? null };
}

function describe({ checkpoint, madeAt, kind, folder, files, transcript, transcriptProblem, messages, resumeByHand, over }: Restored): string[] {
  const lines = [`${checkpoint} (${madeAt}): ${count(files, 'file')} in ${folder}${kind === 'worktree' ? ', a work tree of its repository' : ''}`];
  if (over) {
    lines.push(`written: ${over.written}, as they were: ${over.unchanged}, not in the checkpoint and left: ${over.left.total}`);
    for (const { path, reason } of over.refused) lines.push(`not written: ${oneLine(path)} (${oneLine(reason)})`);
    lines.push(`salvage: ${over.salvage.checkpoint}, pinned${over.salvage.copies === null ? '' : `; ${count(over.copied, 'plain copy', 'plain copies')} in ${over.salvage.copies}`}`);
  }
  if (transcript !== null) lines.push(`conversation: ${count(messages, 'message')} in ${transcript}`);
  if (transcriptProblem !== null) lines.push(`conversation: not restored, ${transcriptProblem}`);
  if (resumeByHand.length > 0) lines.push('to go on by hand, not beside the running session:', ...resumeByHand.map((line) => `  ${line}`));
  return lines;
}
