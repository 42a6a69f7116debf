import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { madeOnce } from './made-once.js';
import { readRecord } from './record-file.js';
import { replaceFile } from './replace-file.js';

/** The folder that holds everything SHIM keeps on this machine: $SHIM_HOME, or ~/.shim. */
export function shimHome(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment['SHIM_HOME'] ?? join(homedir(), '.shim'));
}

/** Makes the folder and its fixed parts, private to the user. */
export function ensureShimHome(home: string): void {
  for (const folder of ['', 'run', 'env', 'sessions', 'log']) mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
}

/** Takes away what processes that were killed in the midst of writing a record of run/ have left; those that live go on. */
export function removeHalfWritten(home: string): void {
  for (const file of readdirSync(join(home, 'run'))) {
    const pid = /\.json\.(\d+)$/.exec(file)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(home, 'run', file), { force: true });
  }
}

/** This machine's id: made once, then always the same, whatever the machine is called later. */
export function hostId(home: string): string {
  const file = join(home, 'host-id');
  const made = `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${randomBytes(3).toString('hex')}`;
  return madeOnce(file, `${made}\n`).toString('utf8').trim();
}

const workerRecordSchema = z.object({ pid: z.number(), metricsPort: z.number(), startedAtMs: z.number(), /** Lacking in records of older versions. */ build: z.string().optional() });
export type WorkerRecord = z.infer<typeof workerRecordSchema>;
export type WorkerName = 'host-worker' | 'control-worker';

function workerRecordFile(home: string, worker: WorkerName): string {
  return join(home, 'run', `${worker}.json`);
}

/** Notes that a worker is up, and at which loopback port its metrics are. */
export function writeWorkerRecord(home: string, worker: WorkerName, record: WorkerRecord): void {
  const path = workerRecordFile(home, worker);
  replaceFile(path, `${path}.${process.pid}`, JSON.stringify(record));
}

/** Reads what a worker noted last; null where there is nothing. The worker may have died since. */
export function readWorkerRecord(home: string, worker: WorkerName): WorkerRecord | null {
  return readRecord(workerRecordFile(home, worker), workerRecordSchema);
}
