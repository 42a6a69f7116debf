import type { ServiceStatus } from '../../workers/embedded/services.js';
import type { CliContext } from './context.js';

/** Starts what is not running yet, and returns when all of it answers. */
export async function bringUp({ home, environment, progress }: CliContext): Promise<ServiceStatus[]> {
  const { startServices, servicesStatus } = await loadServices();
  const before = await servicesStatus(home);
  if (before.every(({ running, keeperPid }) => running && keeperPid !== null)) return before;
  await startServices({ home, environment, onProgress: progress });
  return servicesStatus(home);
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
function loadServices() {
  return import('../../workers/embedded/services.js');
}
