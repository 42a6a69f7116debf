import { copyFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** Size at which a service's log is moved aside; one older log is kept. */
export const maxLogBytes = 10_000_000;
const lookEveryMs = 60_000;

export function serviceLogFile(home: string, name: string): string {
  return join(home, 'log', `${name}.log`);
}

/**
 * Bounds the logs of services that run for long; their keepers do it at each start. The file is copied and emptied, for
 * the service goes on writing to it: lines that come between the two are lost.
 *
 * @returns ends it.
 */
export function boundServiceLogs(home: string, names: readonly string[], onError: (error: unknown) => void): () => void {
  const timer = setInterval(() => {
    for (const name of names) boundLog(serviceLogFile(home, name)).catch(onError);
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Moves a log's text aside where it is too long. A log that is not there is fine. */
export async function boundLog(file: string, maxBytes = maxLogBytes): Promise<void> {
  try {
    if ((await stat(file)).size <= maxBytes) return;
    await copyFile(file, `${file}.1`);
    await truncate(file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
