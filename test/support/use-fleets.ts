import { afterAll, afterEach, beforeAll } from 'vitest';
import { createFleetActivities } from '../../activities/fleet-activities.js';
import { KeptRecord } from './kept-record.js';
import { SupervisedFleet, type FleetChoices, type Wanted } from './supervised-fleet.js';
import { WorkflowEnvironment } from './workflow-environment.js';

/** Gives a test file its environment; fleets begun with `supervise` are ended with their test. */
export function useFleets() {
  const begun: SupervisedFleet[] = [];
  let environment: WorkflowEnvironment;
  let record: KeptRecord;
  beforeAll(async () => {
    record = await KeptRecord.open();
    environment = await WorkflowEnvironment.create((client) => ({ ...record.activities, ...createFleetActivities({ client }) }));
  });
  afterEach(async () => {
    for (const fleet of begun.splice(0)) await fleet.dispose();
  });
  afterAll(async () => {
    await environment.close();
    await record.remove();
  });
  return {
    get environment() {
      return environment;
    },
    async supervise(wanted: readonly Wanted[], choices: FleetChoices = {}): Promise<SupervisedFleet> {
      const fleet = await SupervisedFleet.start(environment, wanted, choices);
      begun.push(fleet);
      return fleet;
    },
  };
}
