import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';
import type { CgroupRoot } from './cgroup.js';
import { launchScript, parkingScript, type HeldCommand } from './holder-script.js';
import { ticksSinceBoot } from './process-table.js';

/** The environment variable whose value marks every process of an attempt. */
export const treeMarker = 'SHIM_TREE';

/** The kernel takes no longer argument, bytes (MAX_ARG_STRLEN less its end). */
const longestArgument = 131_071;

/** The holders that this process has started and that live, by pid. */
const children = new Map<number, ChildProcess>();

/**
 * Tells of the end of a holder that this process has started.
 *
 * @returns what ends the telling; null for a holder of an earlier worker, or one that is gone.
 */
export function onHolderExit(pid: number, listener: () => void): (() => void) | null {
  const shell = children.get(pid);
  shell?.once('exit', listener);
  return shell ? () => shell.off('exit', listener) : null;
}

/** Whether a holder that this process has started lives. */
export function isHolderAlive(pid: number): boolean {
  return children.has(pid);
}

/** What a holder is started with before its command is known. */
export interface ParkingPlace {
  cgroups: CgroupRoot | null;
  cwd: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * A holder that has no command yet, in a session and, where it can be, a cgroup of its own. It ends with this process
 * unless it is launched; from then on it outlives it.
 */
export class ParkedHolder {
  /** Names the processes of the attempt that it will hold: its marker and its cgroup. */
  readonly treeId: string;
  /** No process of that attempt is older; clock ticks since boot. */
  readonly sinceTicks: number;
  private readonly cgroups: CgroupRoot | null;
  private readonly shell: ChildProcess;
  private readonly folder: string;

  /**
   * @param tree given where another holder may be on its way to the same attempt: whichever claims it is found by the one name.
   * @throws HostError Misconfigured where the working folder is missing, or the environment is larger than the kernel takes.
   */
  constructor({ cgroups, cwd, environment }: ParkingPlace, tree: { treeId: string; sinceTicks: number } | null = null) {
    this.treeId = tree?.treeId ?? randomUUID();
    this.sinceTicks = tree?.sinceTicks ?? ticksSinceBoot();
    this.cgroups = cgroups;
    this.folder = identityOf(cwd);
    const cgroup = cgroups?.of(this.treeId) ?? null;
    cgroup?.create();
    try {
      this.shell = spawn('/bin/sh', ['-s'], { cwd, env: { ...environment, [treeMarker]: this.treeId }, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    } catch (error) {
      cgroup?.remove();
      if (!(error instanceof Error && 'code' in error && error.code === 'E2BIG')) throw error;
      throw new HostError(hostErrorCodes.misconfigured, 'the environment is larger than the kernel takes; hand on fewer variables', undefined, { cause: error });
    }
    // One that could not be started has no pid, which is looked at below; the events come later.
    this.shell.on('error', () => undefined);
    this.shell.stdin?.on('error', () => undefined);
    if (this.shell.pid === undefined) {
      cgroup?.remove();
      throw new Error('cannot start /bin/sh: too many processes, too many open files or too little memory');
    }
    const { pid } = this.shell;
    children.set(pid, this.shell);
    this.shell.once('exit', () => children.delete(pid));
    this.shell.unref();
    this.shell.stdin?.write(parkingScript(cgroup?.path ?? null));
  }

  get pid(): number {
    return this.shell.pid ?? 0;
  }

  /** Whether it lives, in the folder that has the name now. */
  canHold(cwd: string): boolean {
    return this.shell.exitCode === null && this.shell.signalCode === null && identityOf(cwd) === this.folder;
  }

  /**
   * Gives it its command, and lets it go: it claims the attempt and runs.
   *
   * @throws HostError Misconfigured where an argument is longer than the kernel takes.
   */
  launch(command: HeldCommand): void {
    if (command.argv.some((argument) => Buffer.byteLength(argument) > longestArgument)) {
      throw new HostError(hostErrorCodes.misconfigured, `an argument is longer than the ${longestArgument} bytes that the kernel takes; put it into a file`);
    }
    for (const file of ['holder.pid', 'holder.log', 'stdout', 'stderr']) closeSync(openSync(join(command.path, file), 'a', 0o600));
    this.shell.stdin?.end(launchScript(command));
  }

  /** It is not needed: it ends, and its cgroup goes. */
  dismiss(): void {
    const cgroup = this.cgroups?.of(this.treeId);
    this.shell.once('exit', () => cgroup?.remove());
    this.shell.stdin?.end();
  }
}

/** Names a folder for good: another one may take its path. @throws HostError Misconfigured where it is missing. */
function identityOf(folder: string): string {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) throw new HostError(hostErrorCodes.misconfigured, `the working folder ${folder} is not there`);
  return `${stat.dev}:${stat.ino}`;
}
