import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { metricsTargetsFolder } from '../../host/metrics-target.js';
import { alertTokenFile } from '../../workers/alert-receiver.js';

/** Ports on loopback. Those of the configuration files in deploy/ are the usual ones. */
export interface StackPorts {
  prometheus: number;
  alertmanager: number;
  /** Where the control worker takes alerts. */
  alerts: number;
  /** Of Temporal's own metrics. */
  temporalMetrics: number;
  postgresql: number;
}

export const usualPorts: StackPorts = { prometheus: 9090, alertmanager: 9093, alerts: 9466, temporalMetrics: 9091, postgresql: 5433 };

// Compiled or not, deploy/ is beside the sources.
const deployFolder = ['../../deploy', '../../../deploy'].map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(join(path, 'prometheus'))) ?? 'deploy';

/**
 * Puts the configuration of deploy/ where the programs run, with this machine's ports, targets and token.
 *
 * @returns the folder; its parts are prometheus/ and alertmanager/.
 */
export function writeStackConfiguration(home: string, ports: StackPorts): string {
  const folder = join(home, 'stack');
  const prometheus = join(folder, 'prometheus');
  const alertmanager = join(folder, 'alertmanager');
  for (const path of [prometheus, alertmanager]) mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const rules of ['recording-rules.yml', 'alert-rules.yml']) put(join(prometheus, rules), readFileSync(join(deployFolder, 'prometheus', rules), 'utf8'));
  put(join(prometheus, 'prometheus.yml'), withPorts(readFileSync(join(deployFolder, 'prometheus', 'prometheus.yml'), 'utf8'), ports));
  put(join(alertmanager, 'alertmanager.yml'), withPorts(readFileSync(join(deployFolder, 'alertmanager', 'alertmanager.yml'), 'utf8'), ports));
  mkdirSync(metricsTargetsFolder(home), { recursive: true });
  link(metricsTargetsFolder(home), join(prometheus, 'targets'));
  link(alertTokenFile(home), join(alertmanager, 'alert-token'));
  return folder;
}

/** The mode of a file that is there already would stay. */
function put(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600 });
}

function withPorts(text: string, ports: StackPorts): string {
  const names = Object.keys(usualPorts) as (keyof StackPorts)[];
  return text.replace(/127\.0\.0\.1:(\d+)/g, (address, port) => {
    const name = names.find((known) => usualPorts[known] === Number(port));
    return name === undefined ? address : `127.0.0.1:${ports[name]}`;
  });
}

function link(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
