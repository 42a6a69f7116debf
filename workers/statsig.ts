import type { Logger } from 'pino';
import type { Store } from '../analytics/outcomes/store.js';
import { absentPlatform } from '../analytics/statsig/absent-platform.js';
import { cloudConnection } from '../analytics/statsig/connection.js';
import { localConnection, readLocalRecord } from '../analytics/statsig/local-record.js';
import { StatsigMirror } from '../analytics/statsig/mirror.js';
import type { ExperimentPlatform } from '../analytics/statsig/platform.js';
import { StatsigPlatform } from '../analytics/statsig/statsig-platform.js';

/** Between two rounds of the mirror, ms. */
const mirrorEveryMs = 3_000;

/**
 * Statsig as the environment has it, in the cloud or the local server of $SHIM_HOME, and the mirror that tells it what the
 * store owes it. Nothing here waits for Statsig.
 */
export function connectToStatsig(home: string, environment: NodeJS.ProcessEnv, store: Store, logger: Logger): { platform: ExperimentPlatform; close: () => Promise<void> } {
  const record = readLocalRecord(home);
  const connection = cloudConnection(environment) ?? (record && localConnection(record));
  if (!connection) {
    logger.warn('no keys of Statsig and no local server: there are no experiments');
    return { platform: absentPlatform, close: () => Promise.resolve() };
  }
  const platform = StatsigPlatform.opening({ connection, outbox: store });
  platform.opened.catch((error: unknown) => logger.error({ error }, 'the Statsig SDK did not start'));
  const mirror = new StatsigMirror({ store, connection, platform, onRefused: (error) => logger.error({ error }, 'Statsig refused what it was told; it is given up') });
  mirror.start(mirrorEveryMs, (error) => logger.warn({ error }, 'Statsig or the store is away; what is owed is told later'));
  return {
    platform,
    close: async () => {
      await platform.close();
      await mirror.stop();
    },
  };
}
