import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Connection } from '@temporalio/client';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { PublishedParameter } from '../../analytics/outcomes/store.js';
import type { ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';
import { experimentStatusQuery, parameterStatusQuery, parameterWorkflowId, type ParameterStatus } from '../../workflows/kaizen-messages.js';
import { controlQueue } from '../../workflows/messages.js';
import type { runExperiment } from '../../workflows/run-experiment.js';
import type { MortalEnvironment } from './mortal-worker.js';
import { projectRoot } from './project-root.js';
import { SimulatedFleet } from './simulated-fleet.js';
import { quickPlan } from './experiment-world.js';

/** What becomes of the treatment: it is good and stays so, does harm at once, or does harm once it is deployed. */
export type Fate = 'good' | 'harmful' | 'regressing';

export interface KilledExperiment {
  conclusion: ExperimentStatus['conclusion'];
  /** What sessions read at the end, from the store. */
  published: PublishedParameter | null;
  parameter: ParameterStatus;
  /** Workers that died of a SIGKILL. */
  deaths: number;
  /** Calls of activities, `<name>#<n>`, in order; each once however often it was tried. */
  calls: string[];
}

export interface KilledExperimentOptions {
  connection: Connection;
  address: string;
  namespace: string;
  /** For the store and the log. */
  folder: string;
  fate: Fate;
  /** See MortalEnvironment. */
  dieAt?: string;
}

/** Sessions that come at once, and how often they come, ms: an experiment of seconds wants a fleet in a hurry. */
const sessionsAtOnce = 5;
const everyMs = 50;

/** Durations of seconds, where nothing skips time; what regresses is watched until it is seen, however slow the machine. */
function hurriedPlan(fate: Fate): ExperimentPlan {
  return quickPlan({ horizonMs: 50, tickMs: 250, unitsPerStep: 10, deadlineMs: 600_000, monitorMs: fate === 'good' ? 1_500 : 600_000 });
}

/** Runs an experiment on a real server to its end, with a worker process that dies at one call, and is begun again each time. */
export async function runKilled({ connection, address, namespace, folder, fate, dieAt }: KilledExperimentOptions): Promise<KilledExperiment> {
  const file = join(folder, 'outcomes.db');
  const log = join(folder, 'calls');
  writeFileSync(log, '');
  const store = await openStore(file);
  const client = new Client({ connection, namespace });
  const environment: MortalEnvironment = { MORTAL_ADDRESS: address, MORTAL_NAMESPACE: namespace, MORTAL_STORE: file, MORTAL_LOG: log, ...(dieAt ? { MORTAL_AT: dieAt } : {}) };
  const worker = new Respawned(environment);
  try {
    const plan = hurriedPlan(fate);
    const handle = await client.workflow.start<typeof runExperiment>('runExperiment', { workflowId: plan.id, taskQueue: controlQueue, args: [{ scope: defaultScope, plan, opportunity: null }] });
    let phase: ExperimentStatus['phase'] = 'acquiring';
    const crashes = (value: unknown): number => (value === plan.control ? (fate === 'harmful' ? 0.02 : 0.6) : fate === 'good' || (fate === 'regressing' && phase !== 'monitoring') ? 0.02 : 1);
    const fleet = new SimulatedFleet({ store, parameter: plan.parameter, random: seededRandom(3), crashes });
    const over = handle.result().then(() => true);
    do {
      await fleet.come(sessionsAtOnce, Date.now());
      phase = (await store.experiment(plan.id))?.phase ?? phase;
    } while (!(await Promise.race([over, delay(everyMs, false)])));
    const { conclusion } = await handle.query(experimentStatusQuery);
    return { conclusion, published: await store.parameter(plan.parameter), parameter: await client.workflow.getHandle(parameterWorkflowId(plan.parameter)).query(parameterStatusQuery), deaths: worker.deaths, calls: callsOf(log) };
  } finally {
    await worker.end();
    await store.close();
  }
}

/** A mortal worker, begun again whenever it dies. */
class Respawned {
  deaths = 0;
  private isWanted = true;
  private child: ChildProcess;

  constructor(private readonly environment: MortalEnvironment) {
    this.child = this.begin();
  }

  async end(): Promise<void> {
    this.isWanted = false;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  private begin(): ChildProcess {
    const program = join(projectRoot(), 'dist', 'test', 'support', 'mortal-worker.js');
    if (!existsSync(program)) throw new Error(`${program} is missing: run npm run build`);
    const child = spawn(process.execPath, [program], { env: { ...process.env, ...this.environment }, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('exit', (_code, signal) => {
      if (!this.isWanted) return;
      if (signal === 'SIGKILL') this.deaths += 1;
      this.child = this.begin();
    });
    return child;
  }
}

function callsOf(log: string): string[] {
  const seen = new Map<string, number>();
  return [...new Set(readFileSync(log, 'utf8').split('\n').filter(Boolean))].map((call) => {
    const name = call.split(' ')[0] ?? '';
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name}#${seen.get(name)}`;
  });
}
