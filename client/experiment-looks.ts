import { join } from 'node:path';
import type { ExperimentLook } from '../domain/experiments/experiment.js';

/** Every look at an experiment, oldest first, from the outcome store. */
export async function experimentLooks(home: string, environment: NodeJS.ProcessEnv, id: string): Promise<ExperimentLook[]> {
  // Loaded here: no other command needs a database.
  const { openStore } = await import('../analytics/outcomes/open-store.js');
  const store = await openStore(environment['SHIM_DATABASE_URL'] ?? join(home, 'outcomes.db'));
  try {
    return await store.looks(id);
  } finally {
    await store.close();
  }
}
