import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { RestoreError } from './restore-error.js';

const run = promisify(execFile);

/** Words of git that are shown, characters. */
const wordsShown = 300;

/**
 * Adds a work tree without files to the user's repository: what it notes of that in `.git/worktrees` is all that is changed there.
 *
 * @returns how to take it away again. @throws RestoreError with git's own words.
 */
export async function addWorktree(repository: string, target: string, commit: string): Promise<{ remove: () => Promise<void> }> {
  await git(repository, ['worktree', 'add', '--quiet', '--detach', '--no-checkout', target, commit]);
  return {
    remove: async () => {
      await git(repository, ['worktree', 'remove', '--force', target]);
    },
  };
}

/** Gives a new work tree the index that was recorded, with what was staged; where it cannot be used, that of its commit. */
export async function takeIndex(worktree: string, index: string | null): Promise<void> {
  if (index !== null) {
    const path = (await git(worktree, ['rev-parse', '--git-path', 'index'])).trim();
    await writeFile(resolve(worktree, path), Buffer.from(index, 'latin1'));
    const isUsable = await git(worktree, ['status', '--porcelain']).then(
      () => true,
      () => false,
    );
    if (isUsable) return;
  }
  await git(worktree, ['read-tree', '--reset', 'HEAD']);
}

/** None of the caller's GIT_* variables, and no hook, come through. */
async function git(cwd: string, args: readonly string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  try {
    return (await run('git', ['-c', 'core.hooksPath=/dev/null', ...args], { cwd, env })).stdout;
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new RestoreError(`git ${args[0]} in ${cwd}: ${words.trim().slice(0, wordsShown)}`, { cause: error });
  }
}
