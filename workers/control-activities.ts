import type { Client } from '@temporalio/client';
import { createAccountActivities } from '../activities/account-activities.js';
import { createDetectActivities } from '../activities/detect-activities.js';
import { createEntityActivities } from '../activities/entity-activities.js';
import { createExperimentActivities } from '../activities/experiment-activities.js';
import { createFleetActivities } from '../activities/fleet-activities.js';
import { createKaizenActivities } from '../activities/kaizen-activities.js';
import { createParameterActivities } from '../activities/parameter-activities.js';
import { createSessionChainActivities } from '../activities/session-chain-activities.js';
import { createSessionRecordActivities } from '../activities/session-record-activities.js';
import type { Alerts } from '../analytics/alerts.js';
import { OpportunityDetector } from '../analytics/detector/opportunity-detector.js';
import { StoreSource } from '../analytics/metrics-source/store-source.js';
import type { Store } from '../analytics/outcomes/store.js';
import type { ExperimentPlatform } from '../analytics/statsig/platform.js';

/** What the control worker's activities act on. */
export interface ControlNeeds {
  client: Client;
  store: Store;
  platform: ExperimentPlatform;
  alerts: Pick<Alerts, 'raise'>;
}

/** Every activity of the control queue. */
export function controlActivities({ client, store, platform, alerts }: ControlNeeds) {
  const entities = createEntityActivities({ client });
  return {
    ...createAccountActivities({ client }),
    ...createSessionRecordActivities({ store, platform }),
    ...entities,
    ...createFleetActivities({ client }),
    ...createSessionChainActivities({ client }),
    ...createParameterActivities({ store, client }),
    ...createKaizenActivities({ client, entities, store }),
    ...createDetectActivities({ detector: new OpportunityDetector(new StoreSource(store)) }),
    ...createExperimentActivities({ store, platform, alerts }),
  };
}
