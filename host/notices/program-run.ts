import { execa } from 'execa';
import { DeliveryError } from './delivery-error.js';

/** What is shown of what a failed program said. */
const shownOfStderr = 200;

export interface ProgramRun {
  argv: readonly [string, ...string[]];
  input: string;
  environment: NodeJS.ProcessEnv;
  timeoutSeconds: number;
}

/**
 * Runs a program to its end, in a process group of its own that is killed when its time is up or the signal is aborted.
 *
 * @throws DeliveryError; the abort reason once `signal` is aborted.
 */
export async function runProgram({ argv, input, environment, timeoutSeconds }: ProgramRun, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const [program, ...rest] = argv;
  const child = execa(program, rest, { input, env: environment, extendEnv: false, detached: true, reject: false, stdout: 'ignore', stderr: 'pipe', buffer: { stderr: true }, maxBuffer: 10_000 });
  let isLate = false;
  const kill = () => killGroup(child.pid);
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutSeconds * 1_000);
  signal.addEventListener('abort', kill, { once: true });
  try {
    const { failed, exitCode, signal: endedBy, code, stderr } = await child;
    signal.throwIfAborted();
    if (isLate) throw new DeliveryError(`${program} did not end within ${timeoutSeconds} s`, true);
    if (!failed) return;
    const said = stderr?.trim().split('\n').at(-1)?.slice(0, shownOfStderr) ?? '';
    const how = code === 'ENOENT' || code === 'EACCES' ? `cannot be run (${code})` : endedBy ? `ended by ${endedBy}` : `failed with exit code ${exitCode ?? 'unknown'}`;
    throw new DeliveryError(`${program} ${how}${said === '' ? '' : `: ${said}`}`, code !== 'ENOENT' && code !== 'EACCES');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    // What it left in its group would have nobody to end it.
    kill();
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
