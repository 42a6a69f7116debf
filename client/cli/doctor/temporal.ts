import { existsSync } from 'node:fs';
import { installedBuild } from '../../../host/build-id.js';
import { hostId } from '../../../host/shim-home.js';
import { NoSuchSessionError, NoWorkerError, ShimDownError } from '../../errors.js';
import { ShimClient } from '../../shim-client.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { statusOfServices } from '../services.js';
import type { ServiceStatus } from '../../../workers/embedded/services.js';
import { fail, ok, warn, type Finding } from './finding.js';

const neverSupervised = 'this host was never supervised';

/** The processes of `shim up`. */
export async function checkServices({ home }: CliContext): Promise<Finding[]> {
  const services = await statusOfServices(home);
  const { id } = installedBuild();
  const isOther = ({ name, build }: ServiceStatus) => name !== 'temporal' && build !== null && build !== id;
  const findings = services.map((service) => {
    const { name, running, detail, build } = service;
    if (!running) return warn(name, 'not running', 'shim up');
    return isOther(service) ? warn(name, `runs ${build}, this is ${id}`, 'shim up: it is replaced, agents go on') : ok(name, `${detail}${build === null ? '' : `; ${build}`}`);
  });
  return [ok('version', `SHIM ${id}`), ...findings];
}

/** Whether Temporal answers, and this host holds its lease. */
export async function checkLease({ home, environment }: CliContext): Promise<Finding> {
  if (!existsSync(home)) return warn('host lease', neverSupervised, 'shim up');
  let client: ShimClient | null = null;
  try {
    client = await ShimClient.connect(home, environment);
    const { state, reason, sinceMs } = await client.hostStatus(hostId(home));
    const found = `${state} since ${formatWhen(new Date(sinceMs).toISOString(), Date.now())}: ${oneLine(reason)}`;
    return state === 'up' ? ok('host lease', found) : fail('host lease', found, 'shim up; if that does not help, see the log of the host worker');
  } catch (error) {
    if (error instanceof ShimDownError || error instanceof NoWorkerError) return warn('host lease', error.message, 'shim up');
    if (error instanceof NoSuchSessionError) return warn('host lease', neverSupervised, 'shim up');
    throw error;
  } finally {
    await client?.close();
  }
}
