import { existsSync } from 'node:fs';
import { installedBuild } from '../../../host/build-id.js';
import { hostId } from '../../../host/shim-home.js';
import { namesTemporal } from '../../connection.js';
import { NoSuchSessionError, NoWorkerError, ShimDownError } from '../../errors.js';
import { ShimClient } from '../../shim-client.js';
import type { CliContext } from '../context.js';
import { formatWhen, oneLine } from '../format.js';
import { statusOfServices } from '../services.js';
import { readService } from '../../../workers/embedded/keeper.js';
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
    return state === 'up' ? ok('host lease', found) : fail('host lease', found, remedyOfLost(home));
  } catch (error) {
    // Nothing that is started here brings back a Temporal that is elsewhere.
    if (error instanceof ShimDownError && namesTemporal(environment)) return fail('host lease', oneLine(error.message.split(';')[0] ?? ''), 'check TEMPORAL_ADDRESS, the keys and certificates, and that it is up');
    if (error instanceof ShimDownError || error instanceof NoWorkerError) return warn('host lease', error.message, 'shim up');
    if (error instanceof NoSuchSessionError) return warn('host lease', neverSupervised, 'shim up');
    throw error;
  } finally {
    await client?.close();
  }
}

/** `shim up` leaves a worker alone whose process lives, whether it answers or not. */
function remedyOfLost(home: string): string {
  const { pid, keeperPid } = readService(home, 'host-worker');
  if (pid === null || keeperPid === null) return 'shim up; if that does not help, see the log of the host worker';
  return `its process lives and does not answer: kill -9 ${pid}; its keeper starts another, agents go on`;
}
