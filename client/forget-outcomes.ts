import { existsSync } from 'node:fs';
import { storeAddress } from '../analytics/outcomes/store-address.js';
import type { Forgotten } from '../analytics/outcomes/forgetting.js';

/** Forgets what sessions came to that closed before a moment, in the outcome store of this environment. @param beforeMs Unix ms. */
export async function forgetOutcomes(home: string, environment: NodeJS.ProcessEnv, beforeMs: number, isDryRun: boolean): Promise<Forgotten> {
  const address = storeAddress(home, environment);
  // A file that is not there would be made.
  if (!address.startsWith('postgres') && !existsSync(address)) return { sessions: 0, attempts: 0 };
  const { openStore } = await import('../analytics/outcomes/open-store.js');
  const store = await openStore(address);
  try {
    return await store.forget(beforeMs, { isDryRun });
  } finally {
    await store.close();
  }
}
