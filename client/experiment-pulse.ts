import { cloudConnection } from '../analytics/statsig/connection.js';
import { localConnection, readLocalRecord } from '../analytics/statsig/local-record.js';
import { StatsigRefusedError, StatsigUnavailableError } from '../analytics/statsig/statsig-error.js';
import type { PulseArm } from '../analytics/statsig/experiment-results.js';
import type { ExperimentStatus } from '../domain/experiments/experiment.js';
import type { Arms } from '../domain/statistics/interval.js';

/** A report does not wait longer for it, ms. */
const patienceMs = 3_000;

/** What Statsig's own Pulse says of both arms of an experiment; null where there is no Statsig, or it has nothing to say. */
export async function experimentPulse(home: string, environment: NodeJS.ProcessEnv, { statsigName }: Pick<ExperimentStatus, 'statsigName'>): Promise<Arms<PulseArm> | null> {
  const local = readLocalRecord(home);
  const connection = cloudConnection(environment) ?? (local && localConnection(local));
  if (!connection || statsigName === undefined) return null;
  // Loaded here: no other command asks Statsig.
  const [{ ConsoleApi }, { readPulse }] = await Promise.all([import('../analytics/statsig/console-api.js'), import('../analytics/statsig/read-pulse.js')]);
  try {
    return await readPulse(new ConsoleApi(connection, { timeoutMs: patienceMs, retries: 0 }), statsigName);
  } catch (error) {
    // A cross-check: a report is whole without it.
    if (error instanceof StatsigUnavailableError || error instanceof StatsigRefusedError) return null;
    throw error;
  }
}
