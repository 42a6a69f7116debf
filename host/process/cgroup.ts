import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where version 2 of the hierarchy may be mounted. */
const mounts = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** Below a mount: the attempts' cgroups are in it. */
const rootName = 'shim';

/** A cgroup of one attempt: no descendant can leave it, whatever it does. */
export class Cgroup {
  constructor(readonly path: string) {}

  /** Makes it; the holder enters by itself. */
  create(): void {
    mkdirSync(this.path, { recursive: true });
  }

  /** Pids in it, zombies not; empty where there is no such cgroup. */
  pids(): number[] {
    try {
      return readFileSync(join(this.path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENODEV')) return [];
      throw error;
    }
  }

  /** Whether anything lives in it or in a cgroup below it. */
  isPopulated(): boolean {
    try {
      return /^populated 1$/m.test(readFileSync(join(this.path, 'cgroup.events'), 'utf8'));
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENODEV')) return false;
      throw error;
    }
  }

  /** Kills all in it, and below it, in one step. */
  kill(): void {
    try {
      writeFileSync(join(this.path, 'cgroup.kill'), '1');
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENODEV')) throw error;
    }
  }

  /** Removes it once it is empty; one that is still busy stays. */
  remove(): void {
    try {
      rmdirSync(this.path);
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'EBUSY')) throw error;
    }
  }
}

/** The cgroups of this machine that SHIM may make attempts' cgroups in. */
export class CgroupRoot {
  private constructor(private readonly path: string) {}

  /** Probes for a version 2 hierarchy where this user may make groups and kill them; null where there is none. */
  static probe(): CgroupRoot | null {
    for (const mount of mounts) {
      if (!existsSync(join(mount, 'cgroup.procs'))) continue;
      const trial = join(mount, `shim-probe-${randomBytes(6).toString('hex')}`);
      try {
        mkdirSync(trial);
        try {
          accessSync(join(trial, 'cgroup.kill'), constants.W_OK);
          accessSync(join(trial, 'cgroup.procs'), constants.W_OK);
        } finally {
          rmdirSync(trial);
        }
        return new CgroupRoot(join(mount, rootName));
      } catch (error) {
        if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOSPC')) throw error;
      }
    }
    return null;
  }

  /**
   * Removes the cgroups that a worker which was killed left empty.
   *
   * @param olderThanMs a younger one may be waiting for its holder.
   */
  removeEmpty(olderThanMs: number): void {
    if (!existsSync(this.path)) return;
    for (const name of readdirSync(this.path)) {
      const stat = statSync(join(this.path, name), { throwIfNoEntry: false });
      if (stat?.isDirectory() && Date.now() - stat.mtimeMs > olderThanMs) new Cgroup(join(this.path, name)).remove();
    }
  }

  /** The cgroup of one attempt. @throws RangeError if the id is not a plain name. */
  of(attemptId: string): Cgroup {
    if (!/^[A-Za-z0-9-]+$/.test(attemptId)) throw new RangeError('an attempt id names a cgroup and holds only letters, digits and dashes');
    return new Cgroup(join(this.path, attemptId));
  }
}

/**
 * The file that takes a process out of an attempt's cgroup, for what an agent starts and is not to die with it; null where
 * this process is in no such cgroup.
 */
export function wayOutOfAttempt(): string | null {
  const own = /^0::(.*)$/m.exec(readIfThere('/proc/self/cgroup'))?.[1] ?? '';
  if (!own.split('/').includes(rootName)) return null;
  return mounts.map((mount) => join(mount, 'cgroup.procs')).find((file) => existsSync(file)) ?? null;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
