import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** All other processes that have to do with a folder: they were told so by their environment, work in it, or have a file of it open. */
export function leftBelow(folder: string): { pid: number; what: string }[] {
  const below = (path: string) => path === folder || path.startsWith(`${folder}/`);
  return list('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => environmentOf(pid).some((setting) => setting.startsWith(`SHIM_HOME=${folder}/`)) || [link(`/proc/${pid}/cwd`), ...openFiles(Number(pid))].some(below))
    .map((pid) => ({ pid: Number(pid), what: read(`/proc/${pid}/cmdline`).split('\0').join(' ').slice(0, 120) }));
}

/** What a process has open, one path or name of the kernel's for each; none where it is not there. */
export function openFiles(pid: number | null): string[] {
  if (pid === null) return [];
  const folder = `/proc/${pid}/fd`;
  return list(folder).map((descriptor) => link(join(folder, descriptor))).filter((path) => path !== '');
}

/** How many there are of each kind: sockets, pipes, watches; a file counts by its folder, in which numbers tell nothing apart. */
export function countKinds(paths: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const kind = path.startsWith('/') ? path.replace(/\/[^/]*$/, '').replace(/\d+/g, 'N') : path.replace(/:\[\d+\]$/, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function environmentOf(pid: string): string[] {
  return read(`/proc/${pid}/environ`).split('\0');
}

/** A process may be gone at any time, or be another's: then it has nothing. */
function read(path: string): string {
  return orElse('', () => readFileSync(path, 'utf8'));
}

function link(path: string): string {
  return orElse('', () => readlinkSync(path));
}

function list(path: string): string[] {
  return orElse([], () => readdirSync(path));
}

function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return otherwise;
    throw error;
  }
}
