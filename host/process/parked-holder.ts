import { randomUUID } from 'node:crypto';
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';
import type { Cgroup, CgroupRoot } from './cgroup.js';
import { launchScript, parkingScript, type HeldCommand } from './holder-script.js';
import { ticksSinceBoot } from './process-table.js';
import { ShellSpawner, type SpawnedShell } from './shell-spawner.js';

/** The environment variable whose value marks every process of an attempt. */
export const treeMarker = 'SHIM_TREE';

/** The kernel takes no longer argument, bytes (MAX_ARG_STRLEN less its end). */
const longestArgument = 131_071;

/** Starts this process's holders. */
const spawner = new ShellSpawner();

/** Has the first holder start as fast as the others. */
export function prepareToHold(): void {
  spawner.warm();
}

/** The holders that this process has had started and that live, by pid. */
const children = new Map<number, SpawnedShell>();

/**
 * Tells of the end of a holder that this process has had started, or that nobody is told of it any more.
 *
 * @returns what ends the telling; null for a holder of an earlier worker, or one that is gone.
 */
export function onHolderGone(pid: number, listener: () => void): (() => void) | null {
  return children.get(pid)?.onGone(listener) ?? null;
}

/** Whether a holder that this process has had started lives. */
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
  /** Rejects where no process can be started: HostError Misconfigured where the environment is larger than the kernel takes. */
  readonly pid: Promise<number>;
  private readonly cgroups: CgroupRoot | null;
  private readonly shell: SpawnedShell;
  private readonly folder: string;

  /**
   * @param tree given where another holder may be on its way to the same attempt: whichever claims it is found by the one name.
   * @throws HostError Misconfigured where the working folder is missing.
   */
  constructor({ cgroups, cwd, environment }: ParkingPlace, tree: { treeId: string; sinceTicks: number } | null = null) {
    this.treeId = tree?.treeId ?? randomUUID();
    this.sinceTicks = tree?.sinceTicks ?? ticksSinceBoot();
    this.cgroups = cgroups;
    this.folder = identityOf(cwd);
    const cgroup = cgroups?.of(this.treeId) ?? null;
    cgroup?.create();
    this.shell = spawner.spawn({ cwd, environment: { ...environment, [treeMarker]: this.treeId } });
    this.pid = this.shell.pid.then((pid) => this.started(pid), (error: unknown) => this.failed(error, cgroup));
    // Who begins the attempt is told; one that nobody wants is dismissed.
    this.pid.catch(() => undefined);
    this.shell.write(parkingScript(cgroup?.path ?? null));
  }

  private started(pid: number): number {
    if (this.shell.isGone) return pid;
    children.set(pid, this.shell);
    this.shell.onGone(() => children.delete(pid));
    return pid;
  }

  private failed(error: unknown, cgroup: Cgroup | null): never {
    cgroup?.remove();
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'E2BIG') throw new HostError(hostErrorCodes.misconfigured, 'the environment is larger than the kernel takes; hand on fewer variables', undefined, { cause: error });
    throw new Error('cannot start /bin/sh: too many processes, too many open files or too little memory', { cause: error });
  }

  /** Whether it lives, in the folder that has the name now. */
  canHold(cwd: string): boolean {
    return !this.shell.isGone && identityOf(cwd) === this.folder;
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
    this.shell.end(launchScript(command));
  }

  /** It is not needed: it ends, and its cgroup goes. */
  dismiss(): void {
    const cgroup = this.cgroups?.of(this.treeId);
    this.shell.onGone(() => cgroup?.remove());
    this.shell.end();
  }
}

/** Names a folder for good: another one may take its path. @throws HostError Misconfigured where it is missing. */
function identityOf(folder: string): string {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) throw new HostError(hostErrorCodes.misconfigured, `the working folder ${folder} is not there`);
  return `${stat.dev}:${stat.ino}`;
}
