import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** The folder that holds everything SHIM keeps on this machine: $SHIM_HOME, or ~/.shim. */
export function shimHome(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment['SHIM_HOME'] ?? join(homedir(), '.shim'));
}

/** Makes the folder and its fixed parts, private to the user. */
export function ensureShimHome(home: string): void {
  for (const folder of ['', 'run', 'env', 'sessions', 'log']) mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
}

/** This machine's id: made once, then always the same, whatever the machine is called later. */
export function hostId(home: string): string {
  const file = join(home, 'host-id');
  const made = `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${randomBytes(3).toString('hex')}`;
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${made}\n`, { mode: 0o600 });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(temporary);
  }
  return readFileSync(file, 'utf8').trim();
}

const hostWorkerRecordSchema = z.object({ pid: z.number(), hostId: z.string(), metricsPort: z.number(), startedAtMs: z.number() });
export type HostWorkerRecord = z.infer<typeof hostWorkerRecordSchema>;

/** Where the host worker says that it is up, and at which port its metrics are. */
export function hostWorkerFile(home: string): string {
  return join(home, 'run', 'host-worker.json');
}

/** Reads what the host worker wrote; null where there is none. */
export function readHostWorkerRecord(home: string): HostWorkerRecord | null {
  try {
    return hostWorkerRecordSchema.parse(JSON.parse(readFileSync(hostWorkerFile(home), 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
