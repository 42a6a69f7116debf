import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CgroupRoot } from '../../../host/process/cgroup.js';
import { formatBytes } from '../format.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** Checkpoints are made until the disk is full; warn long before, bytes. */
const littleSpace = 2e9;
const tooLittleSpace = 200e6;

/** The folder SHIM keeps everything in. */
export function checkHome(home: string): Finding {
  const place = existing(home);
  try {
    accessSync(place, constants.W_OK);
  } catch (error) {
    return fail('home', `${home}: ${error instanceof Error ? error.message : 'not writable'}`, 'make it writable, or set SHIM_HOME to another folder');
  }
  if (place !== home) return ok('home', `${home} (is made by shim up)`);
  const open = (statSync(home).mode & 0o077) !== 0;
  return open ? warn('home', `${home} can be read by other users`, `chmod 700 ${home}`) : ok('home', home);
}

/** Room for checkpoints and logs. */
export function checkDisk(home: string): Finding {
  const { bavail, bsize } = statfsSync(existing(home));
  const free = bavail * bsize;
  const found = `${formatBytes(free)} free`;
  if (free < tooLittleSpace) return fail('disk', found, 'free some space: checkpoints cannot be made');
  return free < littleSpace ? warn('disk', found, 'free some space before checkpoints fail') : ok('disk', found);
}

/** Without a cgroup, process trees are ended and proved dead by a sweep over /proc. */
export function checkCgroup(): Finding {
  if (CgroupRoot.probe()) return ok('cgroup', 'writable: process trees are ended by the kernel');
  return warn('cgroup', 'not writable: process trees are ended by a sweep over /proc', 'nothing must be done; run where /sys/fs/cgroup is writable for the stronger proof');
}

/** The nearest folder above that is there. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}
