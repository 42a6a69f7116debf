import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { AttemptReport } from '../../domain/attempt.js';
import type { ResumeReceipt } from '../../domain/receipt.js';
import type { SessionState } from '../../domain/session.js';
import { listSessionFolders, SessionFolder } from '../../host/session-folder.js';
import type { SessionStatus } from '../../workflows/messages.js';
import { verifyLedger, type LedgerVerdict } from '../../examples/scripted-agent/ledger.js';
import { endLatestAttempt } from './end-latest-attempt.js';

// The compiled programs are what is tested: the services run them, and so does the client here.
const dist = (path: string) => new URL(`../../dist/${path}`, import.meta.url);
const { ShimClient } = (await import(dist('client/shim-client.js').href)) as typeof import('../../client/shim-client.js');
const { createSpec } = (await import(dist('client/session-spec.js').href)) as typeof import('../../client/session-spec.js');
const { startSessionHere } = (await import(dist('client/start-session.js').href)) as typeof import('../../client/start-session.js');
const services = (await import(dist('workers/embedded/services.js').href)) as typeof import('../../workers/embedded/services.js');
const { agentPid } = (await import(dist('client/agent-pid.js').href)) as typeof import('../../client/agent-pid.js');

export const scriptedAgent = fileURLToPath(dist('examples/scripted-agent/scripted-agent.js'));

/** What a session is asked for with. */
export type SpecRequest = Parameters<typeof createSpec>[0];
type TypedClient = Awaited<ReturnType<typeof ShimClient.connect>>;

/** A whole SHIM of a test's own: home, ports, services, client. */
export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'shim-test-'));
  readonly home = join(this.folder, 'home');
  readonly environment: NodeJS.ProcessEnv = { ...withoutTemporal(), SHIM_HOME: this.home, SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0' };
  private connected: TypedClient | null = null;

  async up(): Promise<void> {
    await services.startServices({ home: this.home, environment: this.environment, onProgress: () => undefined });
    this.connected ??= await ShimClient.connect(this.home, this.environment);
  }

  /** Temporal is another one now. */
  async reconnect(): Promise<void> {
    await this.connected?.close();
    this.connected = await ShimClient.connect(this.home, this.environment);
  }

  get client(): TypedClient {
    if (!this.connected) throw new Error('not up');
    return this.connected;
  }

  /** Stops every session and every service, and removes the folder; nothing is left running, even after a test that failed. */
  async remove(): Promise<void> {
    try {
      if (this.connected) await this.stopSessions(this.connected);
    } finally {
      await services.stopServices({ home: this.home, onProgress: () => undefined });
      for (const folder of listSessionFolders(this.home)) await endLatestAttempt(folder);
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async stopSessions(client: TypedClient): Promise<void> {
    for (const { name } of await client.list()) await client.stop(name, { by: 'the end of the test' });
    for (const { name } of await client.list()) await client.waitForState(name, ['stopped', 'completed'], 30_000);
    await client.close();
  }

  /** All that Temporal keeps of a session's latest run, its payloads as text. */
  async history(name: string): Promise<string> {
    const connection = await Connection.connect({ address: this.client.address });
    try {
      return readable(await new Client({ connection }).workflow.getHandle(`session/${name}`).fetchHistory());
    } finally {
      await connection.close();
    }
  }

  /** Starts a session of the scripted agent. @returns what to look at it by. */
  async startScripted(name: string, options: readonly string[], request: Partial<SpecRequest> = {}): Promise<ScriptedSession> {
    const cwd = join(this.folder, name);
    mkdirSync(cwd, { recursive: true });
    const ledger = join(this.folder, `${name}.ledger`);
    const argv = [process.execPath, scriptedAgent, '--ledger', ledger, ...options];
    await this.start({ name, agent: 'command', argv, cwd, ...request });
    return new ScriptedSession(this, name, ledger);
  }

  /** Ends a workflow as an operator may, behind SHIM's back. */
  async terminate(name: string, reason: string, kind: 'session' | 'fleet' = 'session'): Promise<void> {
    const connection = await Connection.connect({ address: this.client.address });
    try {
      await new Client({ connection }).workflow.getHandle(`${kind}/${name}`).terminate(reason);
    } finally {
      await connection.close();
    }
  }

  /** @param environment of whoever asks; the session's is taken from it. */
  start(request: SpecRequest, environment: NodeJS.ProcessEnv = this.environment): Promise<void> {
    return startSessionHere(this.client, this.home, createSpec(request, environment), environment);
  }
}

/** One session of the scripted agent, and its work. */
export class ScriptedSession {
  readonly folder: SessionFolder;

  constructor(
    private readonly shim: Installation,
    readonly name: string,
    readonly ledger: string,
  ) {
    this.folder = new SessionFolder(shim.home, name);
  }

  until(...states: SessionState[]): Promise<SessionStatus> {
    return this.shim.client.waitForState(this.name, states, 60_000);
  }

  status(): Promise<SessionStatus> {
    return this.shim.client.status(this.name);
  }

  /** Resolves once the work has come to an item. */
  async untilItem(item: number, half: 'begin' | 'end' = 'begin'): Promise<void> {
    await until(() => this.ledgerText().includes(`${half} ${item} `), `${half} ${item} of ${this.name}`);
  }

  /** The agent's own pid. */
  pid(): number {
    const attempt = this.folder.attempts().at(-1);
    const pid = attempt ? agentPid(attempt.path) : null;
    if (pid === null) throw new Error(`${this.name} is not running`);
    return pid;
  }

  ends(): (AttemptReport['exitClass'] | null)[] {
    return this.folder.attempts().map((attempt) => attempt.report()?.exitClass ?? null);
  }

  /** The receipt of an attempt, once it is complete. */
  async receipt(epoch: number): Promise<ResumeReceipt> {
    await until(() => this.folder.attempt(epoch).receipt()?.fidelity != null, `the receipt of attempt ${epoch}`);
    const receipt = this.folder.attempt(epoch).receipt();
    if (!receipt) throw new Error('the receipt went away');
    return receipt;
  }

  /** Items that have been ended so far, from the first one on. */
  itemsDone(): number {
    return this.ledgerText().split('\n').filter((line) => line.startsWith('end ')).length;
  }

  verify(items: number): LedgerVerdict {
    return verifyLedger(this.ledgerText(), items);
  }

  private ledgerText(): string {
    try {
      return readFileSync(this.ledger, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
      throw error;
    }
  }
}

/** Every item once: nothing lost, doubled or half done. */
export const everyItemOnce: LedgerVerdict = { lost: [], doubled: [], torn: [] };

/** Waits for a condition that has no event of its own to wait for. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, timeoutMs = 45_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** Every string of a message, and every run of bytes as a string. */
function readable(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return typeof value === 'object' && value !== null ? Object.values(value).map(readable).join('\n') : '';
}

function withoutTemporal(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_') && !name.startsWith('SHIM_')));
}
