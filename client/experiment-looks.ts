import { storeAddress } from '../analytics/outcomes/store-address.js';
import type { ExperimentLook } from '../domain/experiments/experiment.js';

/** Every look at an experiment, oldest first, from the outcome store. */
export async function experimentLooks(home: string, environment: NodeJS.ProcessEnv, id: string): Promise<ExperimentLook[]> {
  // Loaded here: no other command needs a database.
  const { openStore } = await import('../analytics/outcomes/open-store.js');
  const store = await openStore(storeAddress(home, environment));
  try {
    return await store.looks(id);
  } finally {
    await store.close();
  }
}
