import { spawn, spawnSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultKind } from './schedule.js';

/** Room for everything that SHIM keeps, so that it can be filled up. */
const megabytes = 600;

/** What the file system's own records and the image's take beside it. */
const overheadMegabytes = 64;

/**
 * The disk that a fleet's files lie on: ext4 on a loop device whose image is in memory, or a tmpfs, or, where nothing may be
 * mounted, a folder. What can be done to it depends on that; one thing is done to it at a time.
 */
export class Disk {
  readonly path: string;
  private readonly backing: string;
  private readonly kind: 'loop' | 'tmpfs' | 'folder';
  /** Files of the kernel's that bound what a device reads and writes in a second; none where this machine has no such files. */
  private readonly throttles: readonly string[];
  private isHurt = false;
  private frozen = false;

  constructor(root: string, label: string) {
    this.path = join(root, 'disk');
    this.backing = join(root, 'backing');
    mkdirSync(this.path);
    mkdirSync(this.backing);
    this.kind = this.mountLoop(label) ? 'loop' : ran('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, label, this.path) ? 'tmpfs' : 'folder';
    this.throttles = this.kind === 'loop' ? throttleFiles() : [];
  }

  /** Kinds of faults that cannot be had here. */
  get lacking(): FaultKind[] {
    return [...(this.kind === 'folder' ? ['fill-disk' as const] : []), ...(this.kind === 'loop' ? [] : ['freeze-disk' as const]), ...(this.throttles.length > 0 ? [] : ['slow-disk' as const])];
  }

  /** Whether whoever writes to it waits: this process would, too. */
  get isFrozen(): boolean {
    return this.frozen;
  }

  /** Takes all room there is. @returns its end, and what was done; null where it cannot be done now. */
  fill(): Hurt | null {
    if (this.kind === 'folder' || this.isHurt) return null;
    const ballast = join(this.path, 'ballast');
    const { bavail, bsize } = statfsSync(this.path);
    // Others write meanwhile: the last of it is taken piece by piece.
    spawnSync('fallocate', ['-l', String(Math.max(1, Math.floor(bavail * 0.98) * bsize)), ballast]);
    fillUp(ballast);
    return this.hurt(`filled the disk with ${Math.round((bavail * bsize) / 1e6)} MB`, () => rmSync(ballast, { force: true }));
  }

  /** Whoever writes waits. It thaws by itself, whatever becomes of this process. */
  freeze(forMs: number): Hurt | null {
    if (this.kind !== 'loop' || this.isHurt) return null;
    const freezer = spawn('/bin/sh', ['-c', 'fsfreeze -f "$1" || exit 1; timeout "$2" cat > /dev/null; fsfreeze -u "$1"', 'shim-chaos', this.path, String(forMs / 1_000)], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.frozen = true;
    freezer.once('close', () => (this.frozen = false));
    return this.hurt(`froze the disk for ${Math.round(forMs)} ms`, () => freezer.stdin.end());
  }

  /** Lets no more than that many bytes through in a second, in and out. */
  slow(bytesPerSecond: number): Hurt | null {
    if (this.throttles.length === 0 || this.isHurt) return null;
    this.throttle(bytesPerSecond);
    return this.hurt(`slowed the disk down to ${Math.round(bytesPerSecond / 1_000)} kB/s`, () => this.throttle(0));
  }

  /** Takes it away. @returns what still has a file of it open, which keeps it from being taken away in order. */
  remove(): string[] {
    if (this.kind === 'folder') return [];
    if (this.kind === 'loop') {
      if (this.throttles.length > 0) this.throttle(0);
      spawnSync('fsfreeze', ['-u', this.path], { stdio: 'ignore' });
    }
    const { status, stderr } = spawnSync('umount', [this.path], { encoding: 'utf8' });
    if (status !== 0) ran('umount', '--lazy', this.path);
    if (this.kind === 'loop' && !ran('umount', this.backing)) ran('umount', '--lazy', this.backing);
    return status === 0 ? [] : [stderr.trim()];
  }

  private hurt(what: string, end: () => void): Hurt {
    this.isHurt = true;
    return {
      what,
      end: () => {
        this.isHurt = false;
        end();
      },
    };
  }

  private mountLoop(label: string): boolean {
    if (!ran('mount', '-t', 'tmpfs', '-o', `size=${megabytes + overheadMegabytes}m`, label, this.backing)) return false;
    const image = join(this.backing, 'image');
    writeFileSync(image, '');
    truncateSync(image, megabytes * 1_048_576);
    if (ran('mkfs.ext4', '-q', '-F', '-m', '0', image) && ran('mount', '-o', 'loop', image, this.path)) return true;
    ran('umount', this.backing);
    return false;
  }

  private throttle(bytesPerSecond: number): void {
    const { dev } = statSync(this.path);
    // As the kernel packs them: twelve bits of the one above eight of the other, whose rest lies above both.
    const device = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
    for (const file of this.throttles) writeFileSync(file, `${device} ${Math.round(bytesPerSecond)}`);
  }
}

/** Something that was done to a disk and lasts until its end is called. */
export interface Hurt {
  what: string;
  end(): void;
}

/** Of the cgroup (version 1, controller blkio) that this process and all it starts are in. */
function throttleFiles(): string[] {
  const own = /^\d+:(?:[^:]*,)?blkio(?:,[^:]*)?:(.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  const mount = /^\S+ (\S+) cgroup (?:\S*,)?blkio[, ]/m.exec(read('/proc/mounts'))?.[1];
  if (own === undefined || mount === undefined) return [];
  const files = ['read', 'write'].map((direction) => join(mount, own, `blkio.throttle.${direction}_bps_device`));
  return files.every(isWritable) ? files : [];
}

function fillUp(path: string): void {
  try {
    for (;;) appendFileSync(path, Buffer.alloc(65_536));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

function ran(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
