import type { ExperimentPlatform } from './platform.js';
import { StatsigUnavailableError } from './statsig-error.js';

/** Where there are neither keys of Statsig's cloud nor a local server: nobody is assigned, and what is asked for waits. */
export const absentPlatform: ExperimentPlatform = {
  register: absent,
  allocate: absent,
  decide: absent,
  abandon: absent,
  sync: absent,
  assign: () => null,
};

function absent(): Promise<never> {
  return Promise.reject(new StatsigUnavailableError('there are neither STATSIG_SERVER_KEY and STATSIG_CONSOLE_KEY nor a local Statsig server'));
}
