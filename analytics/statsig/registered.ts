import type { Arm } from '../../domain/experiments/unit.js';
import type { ConsoleExperiment } from './console-api.js';
import type { RegisteredExperiment } from './platform.js';
import { StatsigRefusedError } from './statsig-error.js';

/** An experiment as we know it by its record at Statsig. @throws StatsigRefusedError where an experiment of that name has other groups. */
export function registered({ id, name, groups }: ConsoleExperiment): RegisteredExperiment {
  const idOf = (arm: Arm): string => {
    const group = groups.find((one) => one.name.toLowerCase() === arm);
    if (!group) throw new StatsigRefusedError(400, `the experiment ${name} at Statsig has no group ${arm}`);
    return group.id;
  };
  return { id, name, groups: { control: idOf('control'), treatment: idOf('treatment') } };
}
