import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureShimHome } from '../../../host/shim-home.js';
import { choosePorts, readTemporalRecord, serverCommand, untilServing, type TemporalRecord } from '../../../workers/embedded/temporal-server.js';
import { searchAttributes } from '../../../workflows/messages.js';
import { registeredAttributes } from '../../../workflows/registered-attributes.js';
import { poll } from '../../support/poll.js';

/** Numbers of the types in temporal.api.enums.v1.IndexedValueType. */
const typeNumbers = { Keyword: 2, Int: 3 } as const;
const expectedAttributes = Object.fromEntries(Object.entries(registeredAttributes).map(([name, type]) => [name, typeNumbers[type]]));

/** Tests run side by side. */
const anyPorts = { SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0' };

/** Where the header of a SQLite file says how it is written and read: 2 and 2 is a write-ahead log. */
const journalVersions = { from: 18, to: 20 };

describe('the embedded Temporal', () => {
  let home: string;
  let server: ChildProcess | undefined;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'shim-temporal-'));
    ensureShimHome(home);
  });

  afterEach(async () => {
    await kill();
    rmSync(home, { recursive: true, force: true });
  });

  /** Starts it and waits until it is ready, then lends a client. */
  async function serve(use: (client: Client) => Promise<void>): Promise<void> {
    const { address } = await launch((argv) => argv);
    await untilServing(address, 'default', 30_000);
    await withClient(address, use);
  }

  async function launch(change: (argv: string[]) => string[]): Promise<TemporalRecord> {
    const record = readTemporalRecord(home) ?? (await choosePorts(home, anyPorts));
    const [program = '', ...args] = change(serverCommand(home, record, 'default', () => undefined));
    server = spawn(program, args, { stdio: 'ignore' });
    return record;
  }

  async function withClient(address: string, use: (client: Client) => Promise<void>): Promise<void> {
    const connection = await Connection.connect({ address });
    try {
      await use(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  /** As a power cut would end it, but for the disk's own cache. */
  async function kill(): Promise<void> {
    if (!server) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    server = undefined;
  }

  async function attributesOf(client: Client): Promise<Record<string, unknown> | null | undefined> {
    return (await client.connection.operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes;
  }

  async function namesOfAttributes(address: string): Promise<string[]> {
    let names: string[] = [];
    await withClient(address, async (client) => {
      names = Object.keys((await attributesOf(client)) ?? {});
    });
    return names;
  }

  it('writes its database through a write-ahead log', async () => {
    await serve(async (client) => {
      await client.workflow.start('waits-for-nobody', { workflowId: 'first', taskQueue: 'nobody' });
    });
    const header = readFileSync(join(home, 'temporal', 'temporal.db')).subarray(journalVersions.from, journalVersions.to);
    expect([...header]).toEqual([2, 2]);
    expect(readFileSync(join(home, 'temporal', 'temporal.db-wal')).length).toBeGreaterThan(0);
  });

  it('has, after a SIGKILL, what it had answered for: workflows, and the values of their search attributes', async () => {
    const started = { taskQueue: 'nobody', typedSearchAttributes: [{ key: searchAttributes.host, value: 'host-a' }] };
    await serve(async (client) => {
      await client.workflow.start('waits-for-nobody', { workflowId: 'survivor', ...started });
    });
    await kill();
    await serve(async (client) => {
      expect(await attributesOf(client)).toMatchObject(expectedAttributes);
      const { typedSearchAttributes } = await client.workflow.getHandle('survivor').describe();
      expect(typedSearchAttributes.get(searchAttributes.host)).toBe('host-a');
    });
  });

  it('adds the search attributes that a newer SHIM brings to a database that exists', async () => {
    const { address } = await launch((argv) => argv.filter((word, at) => word !== '--search-attribute' && argv[at - 1] !== '--search-attribute'));
    const older = await poll(
      () => namesOfAttributes(address).catch(() => null),
      (names) => names !== null,
    );
    expect(older).not.toContain('ShimHost');
    await kill();
    await serve(async (client) => {
      expect(await attributesOf(client)).toMatchObject(expectedAttributes);
      const typedSearchAttributes = [{ key: searchAttributes.host, value: 'host-a' }];
      await client.workflow.start('waits-for-nobody', { workflowId: 'newer', taskQueue: 'nobody', typedSearchAttributes });
    });
  });

  it('keeps its ports while they are free, and leaves only one that is taken', async () => {
    const first = await choosePorts(home, anyPorts);
    expect(await choosePorts(home, anyPorts)).toEqual(first);
    const stranger = createServer().listen(first.port, '127.0.0.1');
    await once(stranger, 'listening');
    try {
      const second = await choosePorts(home, anyPorts);
      expect(second.port).not.toBe(first.port);
      expect(second.uiPort).toBe(first.uiPort);
      expect(readTemporalRecord(home)).toEqual(second);
    } finally {
      stranger.close();
    }
  });
});
