import { listenOnce } from '../../../workers/embedded/free-port.js';
import { readService } from '../../../workers/embedded/keeper.js';
import { readTemporalRecord } from '../../../workers/embedded/temporal-server.js';
import { namesTemporal } from '../../connection.js';
import type { CliContext } from '../context.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** A port that a person has fixed is not replaced by another: with it taken, its service does not come up. */
const fixedPorts: Readonly<Record<string, 'host-worker' | 'control-worker'>> = { SHIM_METRICS_PORT: 'host-worker', SHIM_CONTROL_METRICS_PORT: 'control-worker', SHIM_ALERT_PORT: 'control-worker' };

const usualPorts = { SHIM_TEMPORAL_PORT: 7233, SHIM_UI_PORT: 8233 } as const;

/** Whether what listens where SHIM is to listen is SHIM's own. */
export async function checkPorts({ home, environment }: Pick<CliContext, 'home' | 'environment'>): Promise<Finding[]> {
  return Promise.all([checkTemporalPorts(home, environment), ...Object.entries(fixedPorts).flatMap(([variable, service]) => checkFixed(home, variable, service, environment[variable]))]);
}

async function checkTemporalPorts(home: string, environment: NodeJS.ProcessEnv): Promise<Finding> {
  if (namesTemporal(environment)) return ok('ports', 'not needed for Temporal: the environment names one');
  const record = readTemporalRecord(home);
  if (record && readService(home, 'temporal').pid !== null) return ok('ports', `${record.port} and ${record.uiPort} are Temporal's and its Web UI's`);
  const wanted = [record?.port ?? portOf(environment, 'SHIM_TEMPORAL_PORT'), record?.uiPort ?? portOf(environment, 'SHIM_UI_PORT')].filter((port) => port !== 0);
  const taken = await takenOf(wanted);
  if (taken.length === 0) return ok('ports', wanted.length === 0 ? 'any free ones are taken' : `${wanted.join(' and ')} are free`);
  return warn('ports', `${taken.join(' and ')} ${taken.length === 1 ? 'is' : 'are'} taken by another program`, 'nothing must be done: shim up takes free ones and says which; to choose them: SHIM_TEMPORAL_PORT, SHIM_UI_PORT');
}

function checkFixed(home: string, variable: string, service: 'host-worker' | 'control-worker', value: string | undefined): Promise<Finding>[] {
  if (value === undefined || value === '0') return [];
  const name = `port ${variable}`;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return [Promise.resolve(fail(name, `${JSON.stringify(value.slice(0, 20))} is no port`, `set ${variable} to a number from 1 to 65535, or unset it`))];
  if (readService(home, service).pid !== null) return [Promise.resolve(ok(name, `the ${service} runs`))];
  return [takenOf([port]).then((taken) => (taken.length === 0 ? ok(name, `${port} is free`) : fail(name, `${port} is taken by another program`, `end that one (ss -ltnp | grep ${port} names it), or set ${variable} to another port`)))];
}

function portOf(environment: NodeJS.ProcessEnv, variable: keyof typeof usualPorts): number {
  return Number(environment[variable] ?? usualPorts[variable]);
}

async function takenOf(ports: readonly number[]): Promise<number[]> {
  const free = await Promise.all(ports.map((port) => listenOnce(port)));
  return ports.filter((_port, at) => free[at] === null);
}
