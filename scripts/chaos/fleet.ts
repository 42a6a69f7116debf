import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSpec } from '../../client/session-spec.js';
import { ShimClient } from '../../client/shim-client.js';
import { startSessionHere } from '../../client/start-session.js';
import { SessionFolder } from '../../host/session-folder.js';
import { startServices, stopServices } from '../../workers/embedded/services.js';
import { Disk } from './disk.js';
import { leftBelow } from './leftovers.js';
import { livingAgents } from './living-agents.js';

const scriptedAgent = fileURLToPath(new URL('../../examples/scripted-agent/scripted-agent.js', import.meta.url));
const fakeClock = new URL('fake-clock.js', import.meta.url).href;

/** For all to begin, ms. */
const atWorkMs = 120_000;

/** A session of the scripted agent, which never comes to the end of its work. */
export interface Worker {
  name: string;
  /** Outside of what is filled up and torn: the external service. */
  ledger: string;
  folder: SessionFolder;
}

/** An installation of its own, with its sessions, on a disk of its own where this machine lets one be mounted. */
export class Fleet {
  readonly root = mkdtempSync(join(tmpdir(), 'shim-chaos-'));
  readonly disk: Disk;
  readonly home: string;
  readonly clockFile = join(this.root, 'clock');
  /** For temporary files of the services. */
  readonly temporary = join(this.root, 'tmp');
  readonly workers: Worker[] = [];
  private readonly environment: NodeJS.ProcessEnv;

  constructor(seed: number) {
    this.disk = new Disk(this.root, `shim-chaos-${seed}`);
    this.home = join(this.disk.path, 'home');
    mkdirSync(this.temporary);
    writeFileSync(this.clockFile, '0');
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_') && !name.startsWith('SHIM_')));
    this.environment = { ...own, SHIM_HOME: this.home, SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0', SHIM_LOG_LEVEL: 'warn', SHIM_CHAOS_CLOCK: this.clockFile, NODE_OPTIONS: `--import=${fakeClock}`, TMPDIR: this.temporary };
  }

  /** Starts what is not running. Right after a fault it may fail: who needs it asks again. */
  async up(deadlineMs = 30_000): Promise<void> {
    await startServices({ home: this.home, environment: this.environment, onProgress: () => undefined, deadlineMs });
  }

  async down(): Promise<void> {
    await stopServices({ home: this.home, onProgress: () => undefined });
  }

  /** Lends a client. */
  async ask<T>(question: (client: ShimClient) => Promise<T>): Promise<T> {
    const client = await ShimClient.connect(this.home, this.environment);
    try {
      return await question(client);
    } finally {
      await client.close();
    }
  }

  /** Returns when each is at work. @param stepMs a third of an item. */
  async start(count: number, stepMs: number): Promise<void> {
    await this.ask(async (client) => {
      for (let n = 1; n <= count; n += 1) {
        const name = `agent-${String(n).padStart(2, '0')}`;
        const cwd = join(this.root, name);
        mkdirSync(cwd);
        const ledger = join(this.root, `${name}.ledger`);
        const argv = [process.execPath, scriptedAgent, '--ledger', ledger, '--items', '1000000', '--step-ms', String(stepMs)];
        const policy = { intensity: { maxFailures: 10_000, windowMs: 600_000 }, backoff: { maxMs: 1_000, jitter: 0 } };
        const spec = createSpec({ name, agent: 'command', argv, cwd, policy, parameters: { backoffBaseMs: 200, hangTimeoutMs: 15_000 } }, this.environment);
        await startSessionHere(client, this.home, spec, this.environment);
        this.workers.push({ name, ledger, folder: new SessionFolder(this.home, name) });
      }
    });
    // On a busy machine a short run would be over before there is anything to kill.
    for (const until = performance.now() + atWorkMs; this.workers.some(({ ledger }) => !existsSync(ledger)); await delay(50)) {
      if (performance.now() > until) throw new Error('the agents do not come to work, and nothing has been done to them yet');
    }
  }

  /** Pids of the living copies of each agent, by name. */
  living(): Map<string, number[]> {
    const byLedger = livingAgents(new Set(this.workers.map(({ ledger }) => ledger)));
    return new Map(this.workers.map(({ name, ledger }) => [name, byLedger.get(ledger) ?? []]));
  }

  ledgerOf({ ledger }: Worker): string {
    return existsSync(ledger) ? readFileSync(ledger, 'utf8') : '';
  }

  /** Ends what is left, in whatever state it is, and takes the disk and all files away. @returns what there was that should not have been. */
  remove(): string[] {
    const left = leftBelow(this.root);
    // What keeps another one alive may have begun it anew in between.
    for (let tries = 0; tries < 5; tries += 1) for (const { pid } of leftBelow(this.root)) kill(pid);
    const busy = this.disk.remove();
    rmSync(this.root, { recursive: true, force: true });
    return [...left.map(({ pid, what }) => `a process is left: ${pid} ${what}`), ...busy.map((why) => `the disk cannot be taken away: ${why}`)];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
