import { spawn, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { GitError } from './checkpoint-error.js';

/** A git that takes longer than this is stuck (a dead network drive, a FIFO where a file should be) and is killed, ms. */
const patienceMs = 120_000;

/** What is shown of git's words, characters. */
const wordsShown = 500;

export interface GitOptions {
  /** For stdin; each character is one byte. */
  input?: string;
  /** Another index file than the repository's own. */
  index?: string;
  /** Another work tree than the repository's own. */
  workTree?: string;
  /** Nothing of the work tree is looked at: it need not be there. */
  withoutTree?: boolean;
}

/** Runs git on a repository and a work tree that need not know of each other, blind to the user's own configuration. */
export class Git {
  /** @param niceness 0, or up to 19 for a git that gives way to all else. */
  constructor(
    private readonly gitDir: string,
    private readonly workTree: string,
    private readonly niceness = 0,
  ) {}

  /** @returns stdout, each character one byte: the name of a file need not be text. @throws GitError */
  async run(args: readonly string[], options: GitOptions = {}): Promise<string> {
    return this.start('git', args, `git ${args[0]}`, options);
  }

  /**
   * Takes files into the index, or out of it where they are gone, and writes the tree. Both in one shell: this process is
   * large, and costs more to fork than either takes.
   *
   * @param input the paths, each ended by NUL. @returns the tree's id. @throws GitError
   */
  async updateAndWriteTree(input: string): Promise<string> {
    const script = 'git update-index -z --add --remove --replace --stdin && exec git write-tree';
    return (await this.start('/bin/sh', ['-c', script], 'git update-index or write-tree', { input })).trim();
  }

  private async start(program: string, args: readonly string[], shown: string, { input, index, workTree = this.workTree, withoutTree = false }: GitOptions): Promise<string> {
    const cwd = withoutTree ? this.gitDir : workTree;
    const env: NodeJS.ProcessEnv = { ...this.environment(), GIT_WORK_TREE: workTree };
    if (index !== undefined) env['GIT_INDEX_FILE'] = index;
    const child = spawn(program, [...args], { cwd, env, stdio: 'pipe', detached: true });
    if (this.niceness > 0) giveWay(child, this.niceness);
    const impatient = setTimeout(() => killGroup(child), patienceMs).unref();
    const ended = new Promise<string | null>((resolve, reject) => {
      child.once('error', (error) => reject(new GitError(`git cannot be started in ${cwd}: is it installed, is the folder there? (${error.message})`, { cause: error })));
      child.once('close', (code, signal) => resolve(code === 0 ? null : `${code ?? signal}`));
    });
    // A git that ends early closes its input; its exit code tells why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '', 'latin1');
    const [stdout, stderr, failure] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]).finally(() => clearTimeout(impatient));
    if (failure !== null) throw new GitError(`${shown} ended with ${failure}: ${stderr.toString('utf8').trim().slice(0, wordsShown)}`);
    return stdout.toString('latin1');
  }

  /** None of the caller's GIT_* variables, configuration or hooks come through. */
  private environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_DIR: this.gitDir,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
    };
  }
}

/** One that has ended already needs no more of it. */
function giveWay({ pid }: ChildProcess, niceness: number): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

/** It leads a group of its own, so that what it has started ends with it. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(-pid, 'SIGKILL');
}
