import { afterEach, beforeEach } from 'vitest';
import type { ExperimentPlan } from '../../domain/experiments/experiment.js';
import { ExperimentWorld, type ExperimentUnderTest } from './experiment-world.js';
import type { FleetOptions } from './simulated-fleet.js';

/** Gives each test of a file a world of its own: what a test leaves open would keep a server from ever skipping time again. */
export function useExperiments() {
  let world: ExperimentWorld;

  beforeEach(async () => {
    world = await ExperimentWorld.create();
  });
  afterEach(() => world.close());

  return {
    get environment() {
      return world.environment;
    },
    get store() {
      return world.store;
    },
    get platform() {
      return world.platform;
    },
    get alerts() {
      return world.alerts;
    },
    breakStore: (fault: Error | null): void => world.breakStore(fault),
    fillStore: (fault: Error | null): void => world.fillStore(fault),
    breakWebhook: (fault: Error | null): void => world.breakWebhook(fault),
    run: (change?: Partial<ExperimentPlan>, fleet?: Partial<FleetOptions>): Promise<ExperimentUnderTest> => world.run(change, fleet),
    setUp: (plan: Pick<ExperimentPlan, 'parameter'>): Promise<void> => world.setUp(plan),
    set: (plan: Pick<ExperimentPlan, 'parameter'>, value: number): Promise<void> => world.set(plan, value),
  };
}
