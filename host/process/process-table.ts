import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { pageBytes, ticksPerSecond } from './kernel-units.js';

/** One process as /proc shows it. */
export interface ProcessInfo {
  pid: number;
  ppid: number;
  processGroup: number;
  session: number;
  /** R, S, D, T (stopped), Z (zombie)… */
  state: string;
  threads: number;
  /** Start time in clock ticks since boot: with the pid and the boot it names a process for good. */
  startTicks: number;
  /** Processor time, ms. */
  cpuMs: number;
  /** Of its address space; none in a process that is past the point of ending, before it is a zombie. */
  virtualBytes: number;
  rssBytes: number;
}

/** Names a process for good: pids are used again, start times within a boot are not. */
export interface ProcessIdentity {
  pid: number;
  startTicks: number;
}

const msPerTick = 1_000 / ticksPerSecond;
const buffer = Buffer.allocUnsafe(4_096);

/** Grows to the largest environment that was seen, up to a bound. */
let environmentBuffer = Buffer.allocUnsafe(65_536);
const maxEnvironmentBytes = 8_388_608;

/** Every process of this machine, by pid: one synchronous pass, about 5 µs a process (async reads take eight times as long). */
export function readProcessTable(): Map<number, ProcessInfo> {
  const table = new Map<number, ProcessInfo>();
  for (const entry of readdirSync('/proc')) {
    const first = entry.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    const info = readProcess(Number(entry));
    if (info) table.set(info.pid, info);
  }
  return table;
}

/** One process; null where it is gone. */
export function readProcess(pid: number): ProcessInfo | null {
  const text = readShort(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The command's name is in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (n: number) => Number(fields[n]);
  return {
    pid,
    state: fields[0] ?? 'X',
    ppid: field(1),
    processGroup: field(2),
    session: field(3),
    threads: field(17),
    cpuMs: (field(11) + field(12)) * msPerTick,
    startTicks: field(19),
    virtualBytes: field(20),
    rssBytes: field(21) * pageBytes,
  };
}

/** Whether the very process is there and not a zombie. */
export function isAlive(process: ProcessIdentity): boolean {
  return isLife(readProcess(process.pid), process);
}

/** The same, as a table has it. */
export function isAliveIn(table: ReadonlyMap<number, ProcessInfo>, process: ProcessIdentity): boolean {
  return isLife(table.get(process.pid) ?? null, process);
}

function isLife(info: ProcessInfo | null, { startTicks }: ProcessIdentity): boolean {
  return info !== null && info.startTicks === startTicks && !isDead(info);
}

/**
 * A zombie keeps its pid and start time, but nothing runs in it any more, as in a process that is ending and has given up
 * its memory; unless only its first thread has ended, while others go on.
 */
export function isDead({ state, virtualBytes, threads }: ProcessInfo): boolean {
  return (state === 'Z' || state === 'X' || virtualBytes === 0) && threads <= 1;
}

/** Whether a process was started with `marker` (NAME=value) in its environment; false where it may not be read. */
export function bearsMarker(pid: number, marker: string): boolean {
  const environment = readEnvironment(pid);
  if (environment === null) return false;
  const wanted = Buffer.from(`${marker}\0`);
  for (let at = environment.indexOf(wanted); at >= 0; at = environment.indexOf(wanted, at + 1)) {
    if (at === 0 || environment[at - 1] === 0) return true;
  }
  return false;
}

/** Each NAME=value in the environment that a process was started with, of one name; none where it may not be read. */
export function markersOf(pid: number, name: string): string[] {
  const environment = readEnvironment(pid);
  const found: string[] = [];
  if (environment === null) return found;
  const wanted = Buffer.from(`${name}=`);
  for (let at = environment.indexOf(wanted); at >= 0; at = environment.indexOf(wanted, at + 1)) {
    if (at !== 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    if (end > 0) found.push(environment.toString('utf8', at, end));
  }
  return found;
}

/** Bytes read and written by a process so far, through any system call; 0 where it may not be read. */
export function readIoBytes(pid: number): number {
  const text = readShort(`/proc/${pid}/io`);
  if (text === null) return 0;
  const [, read, written] = /^rchar: (\d+)\nwchar: (\d+)$/m.exec(text) ?? [];
  return Number(read ?? 0) + Number(written ?? 0);
}

/** Clock ticks since boot: what starts from now on has a start time of at least this. */
export function ticksSinceBoot(): number {
  return Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * (1_000 / msPerTick));
}

let lastTicks = { ticks: 0, atMs: Number.NEGATIVE_INFINITY };

/** The same as it was no longer ago than this, ms: read once for a look at a thousand attempts. */
export function recentTicksSinceBoot(maxAgeMs: number): number {
  const nowMs = performance.now();
  if (nowMs - lastTicks.atMs > maxAgeMs) lastTicks = { ticks: ticksSinceBoot(), atMs: nowMs };
  return lastTicks.ticks;
}

/** The clock tick of a moment of this boot that is given in Unix ms; as wrong as the clock was set anew since then. */
export function ticksAt(unixMs: number): number {
  return ticksSinceBoot() - Math.floor((Date.now() - unixMs) / msPerTick);
}

/** Names this boot of this machine. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readShort(path: string): string | null {
  return readWith(path, (descriptor) => buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0)));
}

/** The environment a process was started with; valid until the next call. */
function readEnvironment(pid: number): Buffer | null {
  return readWith(`/proc/${pid}/environ`, (descriptor) => {
    for (;;) {
      const length = readSync(descriptor, environmentBuffer, 0, environmentBuffer.length, 0);
      if (length < environmentBuffer.length || length >= maxEnvironmentBytes) return environmentBuffer.subarray(0, length);
      environmentBuffer = Buffer.allocUnsafe(environmentBuffer.length * 2);
    }
  });
}

function readWith<T>(path: string, read: (descriptor: number) => T): T | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    return read(descriptor);
  } catch (error) {
    if (isProcessGone(error)) return null;
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isProcessGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(error.code));
}
