import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wayOutOfAttempt } from '../../host/process/cgroup.js';
import { readCommandLine } from '../../host/process/process-details.js';
import { bearsMarker, isAlive, isDead, readProcessTable, type ProcessIdentity } from '../../host/process/process-table.js';
import { keeperScript } from './keeper-script.js';
import { maxLogBytes, serviceLogFile } from './service-logs.js';

/** The processes that make up SHIM on one machine, in the order of their start. */
export const serviceNames = ['temporal', 'statsig', 'control-worker', 'host-worker'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What a keeper calls itself. */
const keeperName = 'shim-keeper';

/** What is running of one service. */
export interface KeptService {
  name: ServiceName;
  /** Null where it is not alive. */
  pid: number | null;
  /** Null where nobody would start it again. */
  keeperPid: number | null;
  /** How often its keeper has started it again. */
  restarts: number;
  logFile: string;
}

/** Reads what is running of a service, from its pid files and the process table. */
export function readService(home: string, name: ServiceName): KeptService {
  const run = join(home, 'run');
  const marker = serviceMarker(home, name);
  const keeperPid = livePid(join(run, `${name}.keeper.pid`), marker) ?? findKeeper(run, name, marker);
  return {
    name,
    pid: livePid(join(run, `${name}.pid`), marker) ?? (keeperPid === null ? null : findKept(keeperPid)),
    keeperPid,
    restarts: readNumbers(join(run, `${name}.restarts`))[0] ?? 0,
    logFile: serviceLogFile(home, name),
  };
}

/** Whether this very process is the service of that home, started by its keeper, and not one beside it, as in a container. */
export function isKept(home: string, name: ServiceName, environment: NodeJS.ProcessEnv = process.env): boolean {
  return `SHIM_SERVICE=${environment['SHIM_SERVICE'] ?? ''}` === serviceMarker(home, name);
}

/** Starts a keeper that outlives this process. @param alivePid the service, where it lives without one. @throws Error of the spawn. */
export async function startKeeper(home: string, name: ServiceName, command: readonly string[], environment: NodeJS.ProcessEnv, alivePid: number | null): Promise<void> {
  const [variable, value] = serviceMarker(home, name).split(/=(.*)/s);
  const alive = alivePid === null ? '' : String(alivePid);
  const keeper = spawn('/bin/sh', ['-c', keeperScript, keeperName, name, join(home, 'run'), serviceLogFile(home, name), String(maxLogBytes), alive, wayOutOfAttempt() ?? '', ...command], {
    cwd: home,
    // Services that an agent brought up must not be taken for a part of that agent.
    env: { ...environment, SHIM_ATTEMPT: undefined, SHIM_TREE: undefined, SHIM_SESSION: undefined, SHIM_HOME: home, [variable ?? '']: value },
    detached: true,
    stdio: 'ignore',
  });
  await once(keeper, 'spawn');
  keeper.unref();
}

/** In the environment of a service and its keeper: a pid file alone may name another process by now. */
function serviceMarker(home: string, name: ServiceName): string {
  return `SHIM_SERVICE=${name}@${home}`;
}

/** Agents inherit the host worker's environment, so the marker alone does not tell a service from what it started. */
function livePid(file: string, marker: string): number | null {
  const [pid = 0, startTicks = 0] = readNumbers(file);
  const identity: ProcessIdentity = { pid, startTicks };
  return pid > 1 && isAlive(identity) && bearsMarker(pid, marker) ? pid : null;
}

/** Where a keeper's arguments begin, after the shell's own, and the command that it keeps. */
const keeperNameAt = 3;
const keptCommandAt = 10;

/** By its arguments, where its pid file is lost, as on a disk that was full: a second keeper would start a second service. */
function findKeeper(run: string, name: ServiceName, marker: string): number | null {
  const isKeeper = (pid: number) => readCommandLine(pid).slice(keeperNameAt, keeperNameAt + 3).join('\0') === [keeperName, name, run].join('\0');
  // What it has just forked is not the program yet that it becomes.
  const found = [...readProcessTable().values()].find((info) => !isDead(info) && isKeeper(info.pid) && !isKeeper(info.ppid) && bearsMarker(info.pid, marker));
  return found?.pid ?? null;
}

/** The service that a keeper has started; null where it has none now. */
function findKept(keeperPid: number): number | null {
  const command = readCommandLine(keeperPid).slice(keptCommandAt).join('\0');
  const found = [...readProcessTable().values()].find((info) => info.ppid === keeperPid && !isDead(info) && readCommandLine(info.pid).join('\0') === command);
  return found?.pid ?? null;
}

/** The whole numbers in a file; none where there is no such file. */
function readNumbers(file: string): number[] {
  try {
    return (/^[\d ]*$/m.exec(readFileSync(file, 'utf8').slice(0, 100))?.[0] ?? '').split(' ').map(Number);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
