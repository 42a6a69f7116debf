import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrometheusClient } from '../../analytics/metrics-source/prometheus-client.js';
import { anyFreePort } from '../../workers/embedded/free-port.js';
import { poll } from './poll.js';

/** Where Prometheus is; null on a machine that has none. */
export function prometheusProgram(): string | null {
  try {
    return execFileSync('which', ['prometheus'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** A real Prometheus of a test's own, on loopback, that scrapes five times a second. */
export class PrometheusServer {
  private constructor(
    readonly address: string,
    private readonly folder: string,
    private readonly server: ChildProcess,
  ) {}

  /** @param ports of the /metrics it scrapes. */
  static async start(program: string, ports: readonly number[]): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), 'shim-prometheus-'));
    const targets = ports.map((port) => `127.0.0.1:${port}`);
    // YAML is a superset of JSON.
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '400ms', scrape_timeout: '400ms' }, scrape_configs: [{ job_name: 'shim', static_configs: [{ targets }] }] }));
    const port = await anyFreePort();
    const options = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
    const server = spawn(program, options, { cwd: folder, stdio: 'ignore' });
    const started = new PrometheusServer(`http://127.0.0.1:${port}`, folder, server);
    await poll(async () => (await fetch(`${started.address}/-/ready`).catch(() => null))?.status, (status) => status === 200, 20_000);
    return started;
  }

  /** Waits until the newest value of a series, or of their sum, is this. */
  async has(expression: string, value: number): Promise<void> {
    const client = new PrometheusClient(this.address);
    await poll(() => client.query(`sum(${expression})`, Date.now()), (samples) => samples[0]?.value === value, 20_000);
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGTERM');
    await exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
