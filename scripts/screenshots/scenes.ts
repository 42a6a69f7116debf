import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { KaizenClient } from '../../client/kaizen-client.js';
import { createSpec, type SessionRequest } from '../../client/session-spec.js';
import { ShimClient } from '../../client/shim-client.js';
import { startSessionHere } from '../../client/start-session.js';
import type { KaizenSettings } from '../../domain/experiments/kaizen-settings.js';
import type { SessionState } from '../../domain/session.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import { listSessionFolders } from '../../host/session-folder.js';
import { startServices, stopServices } from '../../workers/embedded/services.js';
import { endLatestAttempt } from '../../test/support/end-latest-attempt.js';

/** A busy machine takes its time, ms. */
const patienceMs = 120_000;
const minuteMs = 60_000;

/** Who asks for what is asked for. */
const person = 'ana';

/** What each session of the scenes is in. */
export const sceneStates = {
  'fix-login': 'running',
  'write-docs': 'waiting_for_limit',
  'upgrade-deps': 'backing_off',
  'nightly-tests': 'failed',
  'refactor-api': 'paused',
  'release-notes': 'waiting_for_session',
} as const satisfies Readonly<Record<string, SessionState>>;
export type SceneName = keyof typeof sceneStates;

export const sceneNames = Object.keys(sceneStates) as SceneName[];

/** Sessions that have to count before its experiment deploys anything. */
const sceneUnits = 40;

/** The fleet of the scenes, and its experiment. */
export const sceneFleet = 'team';
export const sceneExperiment = 'danger_zone/1';

/**
 * An installation of its own with a session in each state that a person may find one in, a fleet and an experiment: what pictures are
 * taken of, and what the tests of the Web UI look at.
 */
export class Scenes {
  readonly folder = mkdtempSync(join(tmpdir(), 'shim-scenes-'));
  readonly home = join(this.folder, 'home');
  private readonly environment: NodeJS.ProcessEnv = { ...withoutTemporal(), USER: person, SHIM_HOME: this.home, SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0' };
  private connected: ShimClient | null = null;

  /** @param root the project's folder, built. */
  constructor(private readonly root: string) {}

  get client(): ShimClient {
    if (!this.connected) throw new Error('the scenes have not begun');
    return this.connected;
  }

  /** Runs the CLI. @returns what it printed. @throws Error where it fails, with what it said. */
  async shim(...argv: string[]): Promise<string> {
    const { stdout } = await execa(process.execPath, [join(this.root, 'client', 'shim.mjs'), ...argv], { env: this.environment, extendEnv: false, stdin: 'ignore', cwd: this.folder, timeout: patienceMs });
    return stdout;
  }

  /** Lends a client of the loop and its experiments. */
  kaizen<T>(work: (client: KaizenClient) => Promise<T>): Promise<T> {
    return KaizenClient.with(this.home, this.environment, work);
  }

  /** Brings all of it up. @param settings of the experiment, where it is not to take its usual days. @returns once each session is in its state, and the experiment has begun. */
  async begin(settings: Partial<KaizenSettings> = {}): Promise<void> {
    const agent = pathToFileURL(join(this.root, 'dist', 'examples', 'scripted-agent', 'scripted-agent.js')).href;
    writeFileSync(join(this.folder, 'agent.mjs'), `await import(${JSON.stringify(agent)});\n`);
    await startServices({ home: this.home, environment: this.environment, onProgress: () => undefined });
    this.connected = await ShimClient.connect(this.home, this.environment);
    const long = ['--items', '500', '--step-ms', '1500'];
    await this.start('fix-login', long);
    await this.start('write-docs', ['--fail', 'limit', '--fail-at', '2', '--limit-seconds', String(3 * 3_600)], { account: 'claude-code/ana' });
    await this.start('upgrade-deps', ['--fail', 'out-of-memory', '--fail-at', '2', '--fail-attempts', '9'], { parameters: { backoffBaseMs: 20 * minuteMs }, policy: { backoff: { maxMs: 60 * minuteMs } } });
    await this.start('nightly-tests', ['--fail', 'auth']);
    await this.start('refactor-api', long);
    await this.start('release-notes', [], { after: 'fix-login' });
    await this.client.waitForState('refactor-api', ['running'], patienceMs);
    await this.client.pause('refactor-api', { by: person, reason: 'its plan is to be read first' });
    // In a folder of its own: in that of the project another SHIM may be at work, and would be a second writer.
    cpSync(join(this.root, 'examples', 'team'), join(this.folder, sceneFleet), { recursive: true });
    await this.shim('apply', join(this.folder, sceneFleet, 'shim.yaml'));
    await this.kaizen(async (client) => {
      await client.startKaizen(defaultScope, settings, person);
      await client.tryValue(defaultScope, { parameter: 'danger_zone', value: 0.6, units: sceneUnits, hypothesis: 'agents that are recycled earlier crash less often' });
    });
    for (const name of sceneNames) await this.client.waitForState(name, [sceneStates[name]], patienceMs);
  }

  /** Ends every session and every service; nothing is left. */
  async end(): Promise<void> {
    try {
      if (this.connected) await this.stopSessions(this.connected);
    } finally {
      await stopServices({ home: this.home, onProgress: () => undefined });
      for (const folder of listSessionFolders(this.home)) await endLatestAttempt(folder);
      // An agent that is just ending may still write its last line.
      await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }

  private async stopSessions(client: ShimClient): Promise<void> {
    const names = (await client.list()).map(({ name }) => name);
    for (const name of names) await client.stop(name, { by: person });
    for (const name of names) await client.waitForState(name, ['stopped', 'completed'], patienceMs);
    await client.close();
  }

  /** Starts a session of the scripted agent, in a folder of its own. */
  private start(name: SceneName, work: readonly string[], request: Partial<SessionRequest> = {}): Promise<void> {
    const cwd = join(this.folder, name);
    mkdirSync(cwd);
    const argv = ['node', '../agent.mjs', '--ledger', `../${name}.ledger`, ...work];
    return startSessionHere(this.client, this.home, createSpec({ name, agent: 'command', argv, cwd, ...request }, this.environment), this.environment);
  }
}

/** The scenes have a Temporal of their own, whatever the person's environment names. */
function withoutTemporal(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_') && !name.startsWith('SHIM_')));
}
