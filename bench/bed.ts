import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShimClient } from '../client/shim-client.js';
import { createSpec } from '../client/session-spec.js';
import { startSessionHere } from '../client/start-session.js';
import { mapBounded } from '../domain/concurrency.js';
import { listSessionFolders } from '../host/session-folder.js';
import { endLatestAttempt } from '../test/support/end-latest-attempt.js';
import { startServices, stopServices } from '../workers/embedded/services.js';

/** Sessions that are stopped at the same time. */
const stopsAtOnce = 32;

/** A whole SHIM for a benchmark, with a home and ports of its own. */
export class Bed {
  readonly folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
  readonly home = join(this.folder, 'home');
  private readonly environment: NodeJS.ProcessEnv;

  private constructor(extra: NodeJS.ProcessEnv) {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
    this.environment = { ...own, SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0', SHIM_LOG_LEVEL: 'warn', ...extra };
  }

  /** Lends a running SHIM, and takes it down whatever happens: that the work fails, or that somebody ends the benchmark. */
  static async use(extra: NodeJS.ProcessEnv, work: (bed: Bed, client: ShimClient) => Promise<void>): Promise<void> {
    const bed = new Bed(extra);
    const ended = new AbortController();
    const broken = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal, { signal: ended.signal }).then(() => Promise.reject(new Error(`ended by ${signal}`))));
    try {
      await Promise.race([bed.lend(work), ...broken]);
    } finally {
      ended.abort();
      await Promise.allSettled(broken);
      await bed.takeDown();
    }
  }

  private async lend(work: (bed: Bed, client: ShimClient) => Promise<void>): Promise<void> {
    await this.up();
    const client = await ShimClient.connect(this.home, this.environment);
    try {
      await work(this, client);
      await this.stopAll(client);
    } finally {
      await client.close();
    }
  }

  private async takeDown(): Promise<void> {
    await stopServices({ home: this.home, onProgress: () => undefined });
    for (const folder of listSessionFolders(this.home)) await endLatestAttempt(folder);
    // An agent that is just ending may still write its last line.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async up(): Promise<void> {
    await startServices({ home: this.home, environment: this.environment, onProgress: () => undefined });
  }

  /** Stops every session, and waits until all have ended. */
  async stopAll(client: ShimClient): Promise<void> {
    const names = (await client.listOpen()).map(({ name }) => name);
    await mapBounded(names, stopsAtOnce, async (name) => {
      await client.stop(name, { by: 'the end of the benchmark' });
      await client.waitUntilClosed(name);
    });
  }

  async start(client: ShimClient, request: Parameters<typeof createSpec>[0], extra: NodeJS.ProcessEnv = {}): Promise<void> {
    const environment = { ...this.environment, ...extra };
    await startSessionHere(client, this.home, createSpec({ environmentNames: Object.keys(extra), ...request }, environment), environment);
  }
}

/** A working tree: `files` files of about 4 kB in folders of 50. */
export function makeTree(folder: string, files: number): void {
  for (let n = 0; n < files; n += 1) {
    const parent = join(folder, `part-${Math.floor(n / 50)}`);
    if (n % 50 === 0) mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, `file-${n}.txt`), `line ${n} of the tree\n`.repeat(200));
  }
}

/** Lines of a conversation, about `bytes` of them. */
export function transcriptText(bytes: number): string {
  const entry = (n: number) => `${JSON.stringify({ type: n % 2 === 0 ? 'user' : 'assistant', uuid: `m-${n}`, message: { role: 'user', content: `message ${n} `.repeat(160) } })}\n`;
  const lines: string[] = [];
  for (let n = 0, length = 0; length < bytes; n += 1) {
    const line = entry(n);
    lines.push(line);
    length += line.length;
  }
  return lines.join('');
}

/** Quantile of a sample by the nearest rank, p in 0-1. */
export function quantile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** One line of a benchmark's output: `name  p50 … p95 … max …` in ms. */
export function describeSamples(samples: readonly number[]): string {
  return [0.5, 0.95, 0.99, 1].map((p) => `p${p * 100} ${quantile(samples, p).toFixed(1)}`).join('  ');
}
