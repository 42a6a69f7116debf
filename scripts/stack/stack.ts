import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ensureShimHome } from '../../host/shim-home.js';
import { alertToken } from '../../workers/alert-receiver.js';
import { startServices, stopServices } from '../../workers/embedded/services.js';
import { writeStackConfiguration, type StackPorts } from './configuration.js';
import { postgresqlFolder, preparePostgresql } from './postgresql.js';
import type { StackPrograms } from './programs.js';

const readyWithinMs = 60_000;
const stopGraceMs = 15_000;

export interface StackOptions {
  home: string;
  programs: StackPrograms;
  ports: StackPorts;
  environment: NodeJS.ProcessEnv;
  onProgress: (text: string) => void;
  /** Of the cluster; see postgresqlFolder() without it. */
  postgresqlFolder?: string;
}

/** Prometheus, Alertmanager, PostgreSQL and SHIM's services on this machine, with the configuration of deploy/. */
export class Stack {
  private readonly children: ChildProcess[] = [];

  constructor(private readonly options: StackOptions) {}

  /** Starts all of it, in the order in which each needs the others. @throws Error naming the log of what does not come up. */
  async start(): Promise<void> {
    const { home, programs, ports, environment, onProgress } = this.options;
    ensureShimHome(home);
    alertToken(home);
    const folder = writeStackConfiguration(home, ports);
    mkdirSync(join(folder, 'log'), { recursive: true, mode: 0o700 });
    const store = await this.startPostgresql();
    await startServices({ home, onProgress, environment: { ...environment, ...store, SHIM_ALERT_PORT: String(ports.alerts), SHIM_TEMPORAL_METRICS_PORT: String(ports.temporalMetrics) } });
    await this.run('alertmanager', programs.alertmanager, ['--config.file=alertmanager.yml', '--storage.path=data', `--web.listen-address=127.0.0.1:${ports.alertmanager}`, '--cluster.listen-address='], join(folder, 'alertmanager'), `http://127.0.0.1:${ports.alertmanager}/-/ready`);
    await this.run('prometheus', programs.prometheus, ['--config.file=prometheus.yml', '--storage.tsdb.path=data', '--storage.tsdb.retention.time=40d', '--web.enable-lifecycle', `--web.listen-address=127.0.0.1:${ports.prometheus}`], join(folder, 'prometheus'), `http://127.0.0.1:${ports.prometheus}/-/ready`);
  }

  /** Ends what it started, the last first, and SHIM's services. Agents live on. */
  async stop(): Promise<void> {
    const { home, onProgress } = this.options;
    // The store is the last to go: workers write to it until they end.
    const [store, others] = this.options.programs.postgresql === null ? [[], this.children] : [this.children.slice(0, 1), this.children.slice(1)];
    for (const child of others.toReversed()) await end(child);
    await stopServices({ home, onProgress });
    for (const child of store) await end(child);
    this.children.length = 0;
  }

  private async startPostgresql(): Promise<NodeJS.ProcessEnv> {
    const { programs, ports, home } = this.options;
    if (programs.postgresql === null) return {};
    const folder = this.options.postgresqlFolder ?? postgresqlFolder(home);
    const { command, args, user, address } = preparePostgresql(programs.postgresql, folder, ports.postgresql);
    this.spawn('postgresql', command, args, folder, user);
    await this.until('postgresql', async () => {
      const client = new pg.Client({ connectionString: address });
      client.on('error', () => undefined);
      await client.connect();
      await client.end();
      return true;
    });
    return { SHIM_DATABASE_URL: address };
  }

  private async run(name: string, command: string, args: readonly string[], cwd: string, readyUrl: string): Promise<void> {
    this.spawn(name, command, args, cwd, null);
    await this.until(name, async () => (await fetch(readyUrl)).ok);
  }

  private spawn(name: string, command: string, args: readonly string[], cwd: string, user: { uid: number; gid: number } | null): void {
    this.options.onProgress(`starting ${name}`);
    const log = openSync(this.log(name), 'a', 0o600);
    // In a group of its own: a terminal's Ctrl-C is for this process, which ends the store after those who write to it.
    // What they write is for their user alone, as the rest of the folder is; SHIM's own services keep the user's umask, for agents have it from them.
    this.children.push(spawn('/bin/sh', ['-c', 'umask 077; exec "$@"', name, command, ...args], { ...user, cwd, detached: true, stdio: ['ignore', log, log] }));
  }

  /** Waits until a question is answered with yes; a server that is not up refuses it. */
  private async until(name: string, answers: () => Promise<boolean>): Promise<void> {
    const child = this.children.at(-1);
    for (const deadline = performance.now() + readyWithinMs; performance.now() < deadline; await delay(100)) {
      if (child?.exitCode !== null) break;
      if (await answers().catch(() => false)) return;
    }
    throw new Error(`${name} does not come up; see ${this.log(name)}`);
  }

  private log(name: string): string {
    return join(this.options.home, 'stack', 'log', `${name}.log`);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  // To PostgreSQL this is the fast way down: clients are sent away, nothing is lost.
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
  await exited;
  clearTimeout(timer);
}
