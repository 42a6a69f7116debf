import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mkdirSync } from 'node:fs';
import type { StatsigConnection } from './connection.js';
import { ConsoleApi } from './console-api.js';
import { startLocalStatsig, type LocalStatsigProcess } from './local-process.js';
import { localConnection, readLocalRecord } from './local-record.js';
import { StatsigUnavailableError } from './statsig-error.js';

const besideThis = fileURLToPath(new URL('../../workers', import.meta.url));

/** Thrown where a key is wanted that nobody gave. */
export class StatsigKeyError extends Error {
  override name = 'StatsigKeyError';
}

/** $SHIM_HOME, or ~/.shim; made where it is missing. */
export function integrationHome(home: string | undefined): string {
  const folder = resolve(home ?? process.env['SHIM_HOME'] ?? join(homedir(), '.shim'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The local server that runs for a folder, or one that is started for this process alone. @param workersFolder holds the compiled statsig-server.js. */
export async function localStatsig(home: string, workersFolder: string = besideThis): Promise<{ connection: StatsigConnection; process: LocalStatsigProcess | null }> {
  const record = readLocalRecord(home);
  if (record && (await answers(localConnection(record)))) return { connection: localConnection(record), process: null };
  const started = await startLocalStatsig({ home, program: join(workersFolder, 'statsig-server.js') });
  return { connection: started.connection, process: started };
}

async function answers(connection: StatsigConnection): Promise<boolean> {
  try {
    await new ConsoleApi(connection, { retries: 0, timeoutMs: 2_000 }).findExperiment('');
    return true;
  } catch (error) {
    if (error instanceof StatsigUnavailableError) return false;
    throw error;
  }
}
