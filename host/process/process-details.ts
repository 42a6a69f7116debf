import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ticksPerSecond } from './kernel-units.js';
import { ticksSinceBoot, type ProcessInfo } from './process-table.js';

/** Flags of an open file that say it is for writing: O_WRONLY, O_RDWR. */
const writingFlags = 0o3;

/** The command line of a process; empty where there is none, or it may not be read. */
export function readCommandLine(pid: number): string[] {
  const text = readIfAllowed(`/proc/${pid}/cmdline`);
  return text === null || text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

/** The environment that a process was started with; null where it may not be read. */
export function readEnvironmentOf(pid: number): Record<string, string> | null {
  const text = readIfAllowed(`/proc/${pid}/environ`);
  if (text === null) return null;
  const pairs = text.split('\0').filter((pair) => pair.indexOf('=') > 0);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** The folder that a process works in, without links; null where it may not be read. */
export function readWorkingFolder(pid: number): string | null {
  return allowed(() => readlinkSync(`/proc/${pid}/cwd`));
}

/** The files that a process has open for writing, without links; none where they may not be read. */
export function filesWrittenBy(pid: number): string[] {
  const descriptors = allowed(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.flatMap((descriptor) => {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readIfAllowed(`/proc/${pid}/fdinfo/${descriptor}`) ?? '')?.[1];
    if (flags === undefined || (Number.parseInt(flags, 8) & writingFlags) === 0) return [];
    return allowed(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [];
  });
}

/** Bytes that a process has handed to the kernel to write so far, wherever to; null where it may not be read. */
export function readWrittenBytes(pid: number): number | null {
  const written = /^wchar: (\d+)$/m.exec(readIfAllowed(`/proc/${pid}/io`) ?? '')?.[1];
  return written === undefined ? null : Number(written);
}

/** Name of the user that a process runs as, or the number where there is no name; '' where it is gone. */
export function readUser(pid: number): string {
  const uid = /^Uid:\t(\d+)/m.exec(readIfAllowed(`/proc/${pid}/status`) ?? '')?.[1];
  if (uid === undefined) return '';
  const line = (readIfAllowed('/etc/passwd') ?? '').split('\n').find((each) => each.split(':')[2] === uid);
  return line?.split(':')[0] ?? uid;
}

/** When a process was started, Unix ms; as wrong as the clock was set anew since then. */
export function startedAtMs({ startTicks }: Pick<ProcessInfo, 'startTicks'>): number {
  return Date.now() - Math.round(((ticksSinceBoot() - startTicks) * 1_000) / ticksPerSecond);
}

function readIfAllowed(path: string): string | null {
  return allowed(() => readFileSync(path, 'utf8'));
}

function allowed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(String(error.code))) return null;
    throw error;
  }
}
