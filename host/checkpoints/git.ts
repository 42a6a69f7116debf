import { execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Thrown when git ends with an error; its words are in the message. */
export class GitError extends Error {
  override name = 'GitError';
}

/** Runs git on a repository and a work tree that need not know of each other, blind to the user's own configuration. */
export class Git {
  constructor(
    private readonly gitDir: string,
    private readonly workTree: string,
  ) {}

  /** @param options `input` for stdin; `index`, another index file than the repository's own. */
  async run(args: readonly string[], { input, index }: { input?: string; index?: string } = {}): Promise<string> {
    const env = index === undefined ? this.environment() : { ...this.environment(), GIT_INDEX_FILE: index };
    const options = { cwd: this.workTree, env, maxBuffer: 256 * 1_048_576 };
    try {
      if (input === undefined) return (await run('git', [...args], options)).stdout;
      const child = spawn('git', [...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
      const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
      // A git that ends early closes its input; its exit code tells why.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
      if (code !== 0) throw new GitError(`git ${args[0]} ended with ${code}: ${stderr.trim().slice(0, 500)}`);
      return stdout;
    } catch (error) {
      if (error instanceof GitError) throw error;
      throw new GitError(`git ${args[0]}: ${error instanceof Error ? error.message.slice(0, 500) : String(error)}`, { cause: error });
    }
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_DIR: this.gitDir,
      GIT_WORK_TREE: this.workTree,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
    };
  }
}
