import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installedBuild } from '../../host/build-id.js';
import { LockedError, takeLock } from '../../host/process/lock.js';
import { cloudConnection } from '../../analytics/statsig/connection.js';
import { readLocalRecord } from '../../analytics/statsig/local-record.js';
import { ensureShimHome, readWorkerRecord, type WorkerName } from '../../host/shim-home.js';
import { chooseStatsigPort } from './statsig-port.js';
import { readService, serviceNames, startKeeper, type KeptService, type ServiceName } from './keeper.js';
import { checkDatabase } from './temporal-database.js';
import { choosePorts, readTemporalRecord, serverCommand, temporalVersion, untilServing } from './temporal-server.js';
import { noteVersion, outdatedServices, refuseDowngrade, runningBuild, type OwnService } from './upgrade.js';

const besideThis = fileURLToPath(new URL('..', import.meta.url));
const startDeadlineMs = 30_000;

/** TERM to KILL of a service, ms. */
const stopGraceMs = 15_000;

/** KILL to the end of a process, ms. */
const killGraceMs = 5_000;
const pollMs = 25;

/** Thrown where a service does not come up, or does not end; the message names its log. */
export class ServiceError extends Error {
  override name = 'ServiceError';
}

/** One service as `shim doctor` and `shim up` show it. */
export interface ServiceStatus {
  name: string;
  running: boolean;
  pid: number | null;
  /** The process that starts it again; null where there is none, until the next start. */
  keeperPid: number | null;
  restarts: number;
  /** Address, port or log file, one line. */
  detail: string;
  /** What it runs: a build of SHIM, or the version of Temporal's CLI; null where that is not known. */
  build: string | null;
}

export interface StartOptions {
  home: string;
  environment: NodeJS.ProcessEnv;
  onProgress: (text: string) => void;
  /** Holds the compiled workers; the folder above this module's without it. */
  workersFolder?: string;
  /** For each service to come up, ms; 30 s without it. */
  deadlineMs?: number;
  /** Once Temporal serves, before the workers start. */
  beforeWorkers?: () => Promise<void>;
  /** Leave what runs another build as it is. */
  keepBuilds?: boolean;
}

/**
 * Starts what is not running: the embedded Temporal, unless the environment names another, the local Statsig server, unless
 * the environment has keys of the cloud, a control worker and a host worker, each with a keeper. What runs the code of another
 * build is drained and replaced; its agents go on. Returns when all of it answers; what runs already is left as it is.
 *
 * @throws ServiceError naming the log of what does not come up; TooOldError where a newer version was here; DatabaseError where
 * that of the embedded Temporal cannot be read.
 */
export async function startServices({ home, environment, onProgress, workersFolder = besideThis, deadlineMs = startDeadlineMs, beforeWorkers, keepBuilds = false }: StartOptions): Promise<void> {
  ensureShimHome(home);
  const lock = await startLock(home, onProgress);
  try {
    const wanted = installedBuild();
    refuseDowngrade(home, wanted);
    const namespace = environment['TEMPORAL_NAMESPACE'] ?? 'default';
    const outdated = keepBuilds ? [] : outdatedServices(home, wanted);
    await noteVersion(home, wanted);
    // One after another: the host worker is back before the control worker goes.
    const replace = async (name: OwnService) => {
      const old = outdated.find((service) => service.name === name);
      if (!old) return;
      onProgress(`replacing ${name} (${old.build}) by ${wanted.id}: draining; agents go on`);
      await endService(home, name, onProgress);
    };
    const statsigIsLocal = cloudConnection(environment) === null;
    // It comes up while Temporal does.
    if (statsigIsLocal) await replace('statsig');
    if (statsigIsLocal) await keepStatsig(home, workersFolder, environment, onProgress);
    let workerEnvironment = environment;
    if (!namesTemporal(environment)) {
      if (outdated.length > 0) await replaceTemporal(home, onProgress);
      const temporal = readService(home, 'temporal');
      if (temporal.pid === null && temporal.keeperPid === null) checkDatabase(home);
      // A keeper whose server is just dead brings it back at the ports it had.
      const record = (temporal.pid === null && temporal.keeperPid === null ? null : readTemporalRecord(home)) ?? (await choosePorts(home, environment, onProgress));
      await keep(home, 'temporal', serverCommand(home, record, namespace, onProgress, environment['SHIM_TEMPORAL_METRICS_PORT']), environment, onProgress);
      await untilServing(record.address, namespace, deadlineMs).catch((error: unknown) => {
        throw new ServiceError(`${error instanceof Error ? error.message : String(error)}; see ${temporal.logFile}. If it cannot use its database: shim up --rebuild`, { cause: error });
      });
      workerEnvironment = { ...environment, TEMPORAL_ADDRESS: record.address };
    }
    await beforeWorkers?.();
    for (const name of ['host-worker', 'control-worker'] as const) {
      await replace(name);
      await keep(home, name, workerCommand(workersFolder, name), workerEnvironment, onProgress);
      if (outdated.length > 0) await untilUp(home, name, () => readWorkerRecord(home, name)?.pid, deadlineMs);
    }
    for (const name of ['control-worker', 'host-worker'] as const) await untilUp(home, name, () => readWorkerRecord(home, name)?.pid, deadlineMs);
    if (statsigIsLocal) await untilUp(home, 'statsig', () => readLocalRecord(home)?.pid, deadlineMs);
  } finally {
    lock.release();
  }
}

/**
 * Ends the services, the last started first. Agents live on: the next host worker adopts them.
 *
 * @throws ServiceError naming a process that even KILL does not end.
 */
export async function stopServices({ home, onProgress }: Pick<StartOptions, 'home' | 'onProgress'>): Promise<void> {
  if (!existsSync(join(home, 'run'))) return;
  const lock = await startLock(home, onProgress);
  try {
    for (const name of serviceNames.toReversed()) {
      const { pid, keeperPid } = readService(home, name);
      if (pid === null && keeperPid === null) continue;
      onProgress(`stopping ${name}`);
      await endService(home, name, onProgress);
    }
  } finally {
    lock.release();
  }
}

/** TERM, and KILL where that is not enough. @throws ServiceError where even that is not. */
async function endService(home: string, name: ServiceName, onProgress: (text: string) => void): Promise<void> {
  const { pid, keeperPid } = readService(home, name);
  signal(keeperPid ?? pid, 'SIGTERM');
  if (await hasEnded(home, name, stopGraceMs)) return;
  onProgress(`killing ${name}`);
  const stubborn = readService(home, name);
  signal(stubborn.keeperPid, 'SIGKILL');
  signal(stubborn.pid, 'SIGKILL');
  if (!(await hasEnded(home, name, killGraceMs))) throw new ServiceError(`${name} (process ${stubborn.pid}) cannot be ended; see ${stubborn.logFile}`);
}

/** The server is left alone unless this SHIM comes with another one: that has the same database, and the ports stay. */
async function replaceTemporal(home: string, onProgress: (text: string) => void): Promise<void> {
  const running = readTemporalRecord(home)?.version;
  if (running === undefined || readService(home, 'temporal').pid === null) return;
  const wanted = temporalVersion(onProgress);
  if (wanted === running) return;
  onProgress(`replacing Temporal ${running} by ${wanted}; agents go on`);
  await endService(home, 'temporal', onProgress);
}

async function hasEnded(home: string, name: ServiceName, withinMs: number): Promise<boolean> {
  for (const until = performance.now() + withinMs; performance.now() < until; await delay(pollMs)) {
    const { pid, keeperPid } = readService(home, name);
    if (pid === null && keeperPid === null) return true;
  }
  return false;
}

/** Each service of this machine, in the order of their start; without Temporal or Statsig where the environment names another. */
export function servicesStatus(home: string): Promise<ServiceStatus[]> {
  const elsewhere: ServiceName[] = [...(namesTemporal(process.env) ? ['temporal' as const] : []), ...(cloudConnection(process.env) ? ['statsig' as const] : [])];
  return Promise.resolve(
    serviceNames.filter((name) => !elsewhere.includes(name)).map((name) => {
      const { pid, keeperPid, restarts, logFile } = readService(home, name);
      return { name, running: pid !== null, pid, keeperPid, restarts, detail: pid === null ? `not running; log: ${logFile}` : detailOf(home, name), build: name === 'temporal' ? (readTemporalRecord(home)?.version ?? null) : runningBuild(home, name) };
    }),
  );
}

function detailOf(home: string, name: ServiceName): string {
  if (name === 'statsig') return `http://127.0.0.1:${readLocalRecord(home)?.port ?? '?'}`;
  if (name !== 'temporal') return `metrics at http://127.0.0.1:${readWorkerRecord(home, name)?.metricsPort ?? '?'}/metrics`;
  const record = readTemporalRecord(home);
  return record ? `${record.address}, Web UI ${record.uiUrl}` : '';
}

async function keep(home: string, name: ServiceName, command: readonly string[], environment: NodeJS.ProcessEnv, onProgress: (text: string) => void): Promise<void> {
  const { pid, keeperPid } = readService(home, name);
  if (keeperPid !== null) return;
  onProgress(pid === null ? `starting ${name}` : `${name} runs without its keeper; giving it one`);
  await startKeeper(home, name, command, environment, pid);
}

async function keepStatsig(home: string, workersFolder: string, environment: NodeJS.ProcessEnv, onProgress: (text: string) => void): Promise<void> {
  const { pid, keeperPid } = readService(home, 'statsig');
  // The workers read where it is, so that is settled before any of them starts.
  if (pid === null && keeperPid === null) await chooseStatsigPort(home);
  await keep(home, 'statsig', workerCommand(workersFolder, 'statsig-server'), environment, onProgress);
}

function workerCommand(folder: string, program: WorkerName | 'statsig-server'): string[] {
  return [process.execPath, '--enable-source-maps', join(folder, `${program}.js`)];
}

/** A service is up when the record it writes last names the living process. */
async function untilUp(home: string, name: ServiceName, recordedPid: () => number | null | undefined, deadlineMs: number): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const service: KeptService = readService(home, name);
    if (service.pid !== null && recordedPid() === service.pid) return;
    if (performance.now() > until) throw new ServiceError(`${name} does not come up; see ${service.logFile}`);
    await delay(pollMs);
  }
}

/** One start or stop at a time: a second one waits, and then finds everything done. */
async function startLock(home: string, onProgress: (text: string) => void): Promise<{ release(): void }> {
  const path = join(home, 'run', 'up.lock');
  const until = performance.now() + startDeadlineMs;
  for (let told = false; ; told = true) {
    try {
      return takeLock(path);
    } catch (error) {
      if (!(error instanceof LockedError) || performance.now() > until) throw error;
      if (!told) onProgress('waiting for another start or stop');
      await delay(pollMs);
    }
  }
}

function namesTemporal(environment: NodeJS.ProcessEnv): boolean {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some((name) => Boolean(environment[name]));
}

function signal(pid: number | null, name: NodeJS.Signals): void {
  if (pid === null) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
