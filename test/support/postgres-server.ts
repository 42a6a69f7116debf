import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { anyFreePort } from '../../workers/embedded/free-port.js';
import { postgresUser } from '../../scripts/stack/postgresql.js';
import { poll } from './poll.js';

/** A real PostgreSQL of a test's own, on loopback. */
export class PostgresServer {
  private process: ChildProcess | null = null;

  private constructor(
    readonly address: string,
    private readonly folder: string,
    private readonly launch: () => ChildProcess,
  ) {}

  static async start(programs: string): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'shim-postgres-'));
    const user = postgresUser();
    if (user) chownSync(folder, user.uid, user.gid);
    const options = { ...user, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' }, stdio: 'ignore' as const };
    execFileSync(join(programs, 'initdb'), ['--pgdata', join(folder, 'data'), '--auth=trust', '--username=shim', '--no-sync'], options);
    const port = await anyFreePort();
    const launch = () => spawn(join(programs, 'postgres'), ['-D', join(folder, 'data'), '-h', '127.0.0.1', '-p', String(port), '-k', folder, '-F'], options);
    const started = new PostgresServer(`postgres://shim@127.0.0.1:${port}/postgres`, folder, launch);
    await started.run();
    return started;
  }

  /** Starts it, again after a halt: on the same port, with the same data. */
  async run(): Promise<void> {
    this.process = this.launch();
    await poll(() => this.answers(), (answers) => answers, 20_000);
  }

  /** Ends it as an administrator does who does not wait: its connections are ended. */
  async halt(): Promise<void> {
    if (this.process === null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGINT');
    await exited;
    this.process = null;
  }

  /** A new, empty database. @returns its address. */
  async createDatabase(): Promise<string> {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    const client = new pg.Client({ connectionString: this.address });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return this.address.replace(/\/postgres$/, `/${name}`);
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.address });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && ['ECONNREFUSED', '57P03'].includes(String(error.code))) return false;
      throw error;
    }
  }
}
