import { z } from 'zod';
import { cloudConnection, withoutKeys, type StatsigConnection } from '../../../analytics/statsig/connection.js';
import { localConnection, readLocalRecord } from '../../../analytics/statsig/local-record.js';
import { readWorkerRecord } from '../../../host/shim-home.js';
import type { CliContext } from '../context.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** A server that is there answers at once, ms; the cloud may take longer. */
const patienceMs = 3_000;
const cloudPatienceMs = 10_000;

/** Where the configuration of deploy/, and with it `npm run stack`, has Prometheus. */
const prometheusAddress = 'http://127.0.0.1:9090';

const targetsSchema = z.object({ data: z.object({ activeTargets: z.array(z.object({ scrapeUrl: z.string(), health: z.string(), lastError: z.string() })) }) });

/** Whether Statsig answers, in the cloud or here, and takes the key. */
export async function checkStatsig({ home, environment }: Pick<CliContext, 'home' | 'environment'>): Promise<Finding> {
  const lacking = (['STATSIG_SERVER_KEY', 'STATSIG_CONSOLE_KEY'] as const).filter((name) => !environment[name]);
  if (lacking.length === 1) return warn('statsig keys', `${lacking.join()} is not set, so that the other key is not used`, 'set both for the cloud, or neither for the local server');
  const cloud = cloudConnection(environment);
  if (cloud) return askStatsig(cloud, 'the cloud', cloudPatienceMs, 'check the keys in the console (Settings, Keys & Environments) and that this machine reaches statsigapi.net');
  const local = readLocalRecord(home);
  if (!local || local.pid === null) return warn('statsig keys', 'none: the local server is used, which shim up starts', 'nothing must be done; for the cloud set STATSIG_SERVER_KEY and STATSIG_CONSOLE_KEY');
  return askStatsig(localConnection(local), 'the local server', patienceMs, 'shim up; if that does not help, see the log of statsig');
}

async function askStatsig(connection: StatsigConnection, who: string, withinMs: number, remedy: string): Promise<Finding> {
  try {
    const response = await fetch(`${connection.address}/console/v1/experiments?limit=1`, { headers: { 'STATSIG-API-KEY': connection.consoleKey, 'STATSIG-API-VERSION': '20240601' }, signal: AbortSignal.timeout(withinMs) });
    await response.body?.cancel();
    return response.ok ? ok('statsig keys', `${who} answers and takes the key`) : fail('statsig keys', `${who} answers ${response.status}`, remedy);
  } catch (error) {
    return fail('statsig keys', withoutKeys(`${who} does not answer: ${reasonOf(error)}`, connection), remedy);
  }
}

/** fetch says why only in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** Whether Prometheus is there and sees the workers; nothing but dashboards and alerts needs it. @param address where it is looked for. */
export async function checkPrometheus({ home }: Pick<CliContext, 'home'>, address = prometheusAddress): Promise<Finding> {
  const ports = (['host-worker', 'control-worker'] as const).flatMap((name) => readWorkerRecord(home, name)?.metricsPort ?? []);
  let targets: z.infer<typeof targetsSchema>['data']['activeTargets'];
  try {
    const response = await fetch(`${address}/api/v1/targets?state=active`, { signal: AbortSignal.timeout(patienceMs) });
    targets = targetsSchema.parse(await response.json()).data.activeTargets;
  } catch {
    return warn('prometheus', `none answers at ${address}`, 'only needed for dashboards and alerts: npm run stack, or one of your own with deploy/prometheus/');
  }
  if (ports.length === 0) return warn('prometheus', 'it answers; no worker of this machine has run yet', 'shim up');
  const own = targets.filter(({ scrapeUrl }) => ports.some((port) => new URL(scrapeUrl).port === String(port)));
  const ill = own.find(({ health }) => health !== 'up');
  if (ill) return warn('prometheus', `cannot read ${ill.scrapeUrl}: ${ill.lastError || ill.health}`, 'shim up; a worker that has just started is read within 15 s');
  if (own.length < ports.length) return warn('prometheus', `it answers, and reads ${own.length} of the ${ports.length} workers here`, `have it read ${home}/run/metrics-targets/*.json (file_sd_configs), as deploy/prometheus/prometheus.yml does`);
  return ok('prometheus', `reads the ${own.length} workers of this machine`);
}
