import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSpec } from '../../client/session-spec.js';
import type { ShimClient } from '../../client/shim-client.js';
import { startSessionHere } from '../../client/start-session.js';

const shortAgent = fileURLToPath(new URL('../../../examples/fleet/short-agent.sh', import.meta.url));

export interface FleetOptions {
  client: ShimClient;
  home: string;
  /** Where the sessions' working folders are made. */
  folder: string;
  /** Sessions at once. */
  atOnce: number;
  /** Of the agents' crashes. */
  seed: number;
  /** A folder that the agents look into: which files are there decides what their world is like. */
  world: string;
}

/** Short sessions one after another, so many at once, until it is stopped: a stand-in for a team that works all day. */
export class Fleet {
  private begun = 0;
  private closed = 0;
  private stopping = false;
  private working: Promise<void>[] = [];

  constructor(private readonly options: FleetOptions) {}

  /** Sessions that closed so far. */
  get sessions(): number {
    return this.closed;
  }

  start(): void {
    this.working = Array.from({ length: this.options.atOnce }, () => this.work());
  }

  /** Ends with the sessions that are under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.working);
  }

  /** Begins one session of its own. @returns its name, once it has closed. */
  async runOne(): Promise<string> {
    const { client, home, folder, seed, world } = this.options;
    this.begun += 1;
    const name = `short-${this.begun}`;
    const cwd = join(folder, name);
    mkdirSync(cwd);
    const argv = [shortAgent, String(seed + this.begun), world];
    // Crashes are what it is about: none of them is to leave a session that waits for a person.
    const policy = { backoff: { maxMs: 1_000 }, intensity: { maxFailures: 1_000, windowMs: 600_000 } };
    await startSessionHere(client, home, createSpec({ name, agent: 'command', argv, cwd, policy }));
    await client.waitUntilClosed(name);
    this.closed += 1;
    return name;
  }

  private async work(): Promise<void> {
    while (!this.stopping) await this.runOne();
  }
}
