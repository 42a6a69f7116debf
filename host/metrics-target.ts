import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostId } from './shim-home.js';

/** Where Prometheus finds this machine's workers: `file_sd_configs` with `*.json` in it follows their ports. */
export function metricsTargetsFolder(home: string): string {
  return join(home, 'run', 'metrics-targets');
}

/**
 * Notes where a worker serves its metrics, as Prometheus' file discovery reads it. The file is readable for all, unlike
 * the rest: it holds a port, and Prometheus runs as a user of its own.
 *
 * @param file without .json; a worker beside the one that `shim up` keeps here has a file of its own.
 */
export function writeMetricsTarget(home: string, worker: 'host' | 'control', port: number, file: string = worker): void {
  const folder = metricsTargetsFolder(home);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const path = join(folder, `${file}.json`);
  writeFileSync(`${path}.new`, JSON.stringify([{ targets: [`127.0.0.1:${port}`], labels: { worker, host: hostId(home) } }]));
  // Whatever the umask of the worker is.
  chmodSync(`${path}.new`, 0o644);
  renameSync(`${path}.new`, path);
}
