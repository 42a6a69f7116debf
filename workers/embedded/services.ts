import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LockedError, takeLock } from '../../host/process/lock.js';
import { ensureShimHome, readWorkerRecord, type WorkerName } from '../../host/shim-home.js';
import { readService, serviceNames, startKeeper, type KeptService, type ServiceName } from './keeper.js';
import { choosePorts, readTemporalRecord, serverCommand, untilServing } from './temporal-server.js';

const startDeadlineMs = 30_000;

/** TERM to KILL of a service, ms. */
const stopGraceMs = 15_000;
const pollMs = 25;

/** Thrown where a service does not come up; the message names its log. */
export class ServiceError extends Error {
  override name = 'ServiceError';
}

/** One service as `shim doctor` and `shim up` show it. */
export interface ServiceStatus {
  name: string;
  running: boolean;
  pid: number | null;
  restarts: number;
  /** Address, port or log file, one line. */
  detail: string;
}

export interface StartOptions {
  home: string;
  environment: NodeJS.ProcessEnv;
  onProgress: (text: string) => void;
}

/**
 * Starts what is not running: the embedded Temporal, unless the environment names another, a control worker and a host
 * worker, each with a keeper. Returns when all of it answers; what runs already is left as it is.
 *
 * @throws ServiceError naming the log of what does not come up.
 */
export async function startServices({ home, environment, onProgress }: StartOptions): Promise<void> {
  ensureShimHome(home);
  const lock = await startLock(home, onProgress);
  try {
    const namespace = environment['TEMPORAL_NAMESPACE'] ?? 'default';
    let workerEnvironment = environment;
    if (!namesTemporal(environment)) {
      const temporal = readService(home, 'temporal');
      const record = (temporal.pid === null ? null : readTemporalRecord(home)) ?? (await choosePorts(home, environment));
      keep(home, 'temporal', serverCommand(home, record, onProgress), environment, onProgress);
      await untilServing(record.address, namespace, startDeadlineMs).catch((error: unknown) => {
        throw new ServiceError(`${error instanceof Error ? error.message : String(error)}; see ${temporal.logFile}`, { cause: error });
      });
      workerEnvironment = { ...environment, TEMPORAL_ADDRESS: record.address };
    }
    for (const name of ['control-worker', 'host-worker'] as const) keep(home, name, workerCommand(name), workerEnvironment, onProgress);
    for (const name of ['control-worker', 'host-worker'] as const) await untilWorking(home, name);
  } finally {
    lock.release();
  }
}

/** Ends the services, the last started first. Agents live on: the next host worker adopts them. */
export async function stopServices({ home, onProgress }: Pick<StartOptions, 'home' | 'onProgress'>): Promise<void> {
  for (const name of serviceNames.toReversed()) {
    const { pid, keeperPid } = readService(home, name);
    if (pid === null && keeperPid === null) continue;
    onProgress(`stopping ${name}`);
    signal(keeperPid, 'SIGTERM');
    if (keeperPid === null) signal(pid, 'SIGTERM');
    const until = performance.now() + stopGraceMs;
    for (let kept = readService(home, name); kept.pid !== null || kept.keeperPid !== null; kept = readService(home, name)) {
      if (performance.now() > until) {
        signal(kept.keeperPid, 'SIGKILL');
        signal(kept.pid, 'SIGKILL');
      }
      await delay(pollMs);
    }
  }
}

export function servicesStatus(home: string): Promise<ServiceStatus[]> {
  const external = namesTemporal(process.env);
  const names = external ? serviceNames.filter((name) => name !== 'temporal') : serviceNames;
  return Promise.resolve(
    names.map((name) => {
      const { pid, restarts, logFile } = readService(home, name);
      return { name, running: pid !== null, pid, restarts, detail: pid === null ? `not running; log: ${logFile}` : detailOf(home, name) };
    }),
  );
}

function detailOf(home: string, name: ServiceName): string {
  if (name !== 'temporal') return `metrics at http://127.0.0.1:${readWorkerRecord(home, name)?.metricsPort ?? '?'}/metrics`;
  const record = readTemporalRecord(home);
  return record ? `${record.address}, Web UI ${record.uiUrl}` : '';
}

function keep(home: string, name: ServiceName, command: readonly string[], environment: NodeJS.ProcessEnv, onProgress: (text: string) => void): void {
  const { pid, keeperPid } = readService(home, name);
  if (keeperPid !== null) return;
  onProgress(pid === null ? `starting ${name}` : `${name} runs without its keeper; giving it one`);
  startKeeper(home, name, command, environment, pid);
}

function workerCommand(name: WorkerName): string[] {
  return [process.execPath, '--enable-source-maps', fileURLToPath(new URL(`../${name}.js`, import.meta.url))];
}

/** A worker is up when the record it writes last names the living process. */
async function untilWorking(home: string, name: WorkerName): Promise<void> {
  const until = performance.now() + startDeadlineMs;
  for (;;) {
    const service: KeptService = readService(home, name);
    if (service.pid !== null && readWorkerRecord(home, name)?.pid === service.pid) return;
    if (performance.now() > until) throw new ServiceError(`${name} does not come up; see ${service.logFile}`);
    await delay(pollMs);
  }
}

/** One `shim up` at a time: a second one waits, and then finds everything running. */
async function startLock(home: string, onProgress: (text: string) => void): Promise<{ release(): void }> {
  const path = join(home, 'run', 'up.lock');
  const until = performance.now() + startDeadlineMs;
  for (let told = false; ; told = true) {
    try {
      return takeLock(path);
    } catch (error) {
      if (!(error instanceof LockedError) || performance.now() > until) throw error;
      if (!told) onProgress('waiting for another shim up');
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
