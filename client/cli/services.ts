import type { ServiceStatus } from '../../workers/embedded/services.js';
import { installedBuild } from '../../host/build-id.js';
import { namesTemporal } from '../connection.js';
import { BadInputError } from '../errors.js';
import { rebuildSessions, type RebuiltSession } from '../rebuild-sessions.js';
import type { CliContext } from './context.js';

/** Starts what is not running yet, and returns when all of it answers. What runs another build goes on; `shim up` replaces it. */
export async function bringUp({ home, environment, progress, warn }: CliContext): Promise<ServiceStatus[]> {
  const { startServices, servicesStatus } = await loadServices();
  const before = await servicesStatus(home);
  const { id } = installedBuild();
  if (before.some(({ name, build }) => build !== null && name !== 'temporal' && build !== id)) warn(`the workers run another build than this (${id}); run: shim up`);
  if (before.every(({ running, keeperPid }) => running && keeperPid !== null)) return before;
  await startServices({ home, environment, onProgress: progress, keepBuilds: true });
  return servicesStatus(home);
}

/** As bringUp, and what runs another build is replaced by this one. Agents go on. */
export async function bringUpAnew({ home, environment, progress }: CliContext): Promise<ServiceStatus[]> {
  const { startServices, servicesStatus } = await loadServices();
  await startServices({ home, environment, onProgress: progress });
  return servicesStatus(home);
}

/** Puts the database of the embedded Temporal aside and starts every session's workflow anew from its folder. Agents go on. */
export async function rebuild({ home, environment, progress }: CliContext): Promise<{ services: ServiceStatus[]; sessions: RebuiltSession[] }> {
  const { startServices, stopServices, servicesStatus, moveDatabaseAside } = await loadServices();
  if (namesTemporal(environment)) throw new BadInputError('--rebuild is for the Temporal of this SHIM_HOME; the environment names another');
  await stopServices({ home, onProgress: progress });
  const aside = moveDatabaseAside(home, Date.now());
  if (aside !== null) progress(`the old database is kept in ${aside}`);
  let sessions: RebuiltSession[] = [];
  const beforeWorkers = async () => {
    sessions = await rebuildSessions(home, environment);
  };
  await startServices({ home, environment, onProgress: progress, beforeWorkers });
  return { services: await servicesStatus(home), sessions };
}

/** Ends the services. The agents go on: the next `shim up` finds them. */
export async function bringDown({ home, progress }: CliContext): Promise<void> {
  const { stopServices } = await loadServices();
  await stopServices({ home, onProgress: progress });
}

/** Each service of this machine. */
export async function statusOfServices(home: string): Promise<ServiceStatus[]> {
  const { servicesStatus } = await loadServices();
  return servicesStatus(home);
}

/** Loaded on demand, for it brings the Temporal SDK along. */
async function loadServices() {
  const [services, { moveDatabaseAside }] = await Promise.all([import('../../workers/embedded/services.js'), import('../../workers/embedded/temporal-database.js')]);
  return { ...services, moveDatabaseAside };
}
