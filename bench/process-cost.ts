import { readdirSync } from 'node:fs';
import { ticksPerSecond } from '../host/process/kernel-units.js';
import { readOrEmpty } from '../test/support/read-or-empty.js';
import { shellSpawnersOf } from '../test/support/shell-spawners.js';
import { readService, serviceNames, type ServiceName } from '../workers/embedded/keeper.js';

/** Processor time of each service so far, s; with that of its children that have ended, and of the process that starts shells for it. */
export type CpuSeconds = Record<ServiceName, number>;

/** What the services of a home have used so far. */
export function cpuOfServices(home: string): CpuSeconds {
  return Object.fromEntries(serviceNames.map((name) => [name, cpuOfService(readService(home, name).pid)])) as CpuSeconds;
}

/** What was used between two looks. */
export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return Object.fromEntries(serviceNames.map((name) => [name, after[name] - before[name]])) as CpuSeconds;
}

export function total(cpu: CpuSeconds): number {
  return serviceNames.reduce((sum, name) => sum + cpu[name], 0);
}

/** Memory of each service, MB: its proportional share of what it has mapped, with that of the process that starts shells for it. */
export function memoryOfServices(home: string): Record<ServiceName, number> {
  return Object.fromEntries(serviceNames.map((name) => [name, memoryOf(readService(home, name).pid) / 1_048_576])) as Record<ServiceName, number>;
}

/** Proportional set size of a process, bytes: what it shares with others is divided among them. 0 where it is gone. */
export function proportionalBytes(pid: number | null): number {
  const kilobytes = pid === null ? undefined : /^Pss:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}

/** Open file descriptors of a process; 0 where it is gone. */
export function openDescriptors(pid: number | null): number {
  return pid === null ? 0 : readdirSync(`/proc/${pid}/fd`).length;
}

function cpuOfService(pid: number | null): number {
  if (pid === null) return 0;
  return [pid, ...shellSpawnersOf(pid)].reduce((sum, each) => sum + cpuSeconds(each), 0);
}

function memoryOf(pid: number | null): number {
  return pid === null ? 0 : [pid, ...shellSpawnersOf(pid)].reduce((sum, each) => sum + proportionalBytes(each), 0);
}

function cpuSeconds(pid: number): number {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // utime, stime, and those of the children that were waited for.
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0) / ticksPerSecond;
}
