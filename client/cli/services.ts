import type { CliContext } from './context.js';

/** One process that `shim up` starts. */
export interface ServiceStatus {
  name: string;
  running: boolean;
  pid: number | null;
  /** Address, port or log file, one line. */
  detail: string;
}

/** What runs SHIM on this machine: Temporal, unless the environment names another, a control worker and a host worker. */
interface Services {
  startServices: (options: { home: string; environment: NodeJS.ProcessEnv; onProgress: (text: string) => void }) => Promise<unknown>;
  stopServices: (options: { home: string; onProgress: (text: string) => void }) => Promise<unknown>;
  servicesStatus: (home: string) => Promise<ServiceStatus[]>;
}

/** Starts what is not running yet, and returns when all of it answers. */
export async function bringUp(context: CliContext): Promise<ServiceStatus[]> {
  const { startServices, servicesStatus } = await loadServices();
  const before = await servicesStatus(context.home);
  if (before.every(({ running }) => running)) return before;
  await startServices({ home: context.home, environment: context.environment, onProgress: context.progress });
  return servicesStatus(context.home);
}

/** Ends the services. The agents go on: the next `shim up` finds them. */
export async function bringDown(context: CliContext): Promise<void> {
  const { stopServices } = await loadServices();
  await stopServices({ home: context.home, onProgress: context.progress });
}

export async function statusOfServices(home: string): Promise<ServiceStatus[]> {
  return (await loadServices()).servicesStatus(home);
}

async function loadServices(): Promise<Services> {
  return (await import(new URL('../../workers/embedded/services.js', import.meta.url).href)) as Services;
}
