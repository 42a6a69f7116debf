import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearsMarker, readProcessTable } from '../../../host/process/process-table.js';
import { readService } from '../../../workers/embedded/keeper.js';
import { ServiceError, servicesStatus, startServices, stopServices } from '../../../workers/embedded/services.js';
import { readTemporalRecord } from '../../../workers/embedded/temporal-server.js';
import { poll } from '../../support/poll.js';
import { projectRoot } from '../../support/project-root.js';

const home = mkdtempSync(join(tmpdir(), 'shim-services-'));
for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE']) vi.stubEnv(name, undefined);
const environment = { ...process.env };
const progress: string[] = [];
const start = () => startServices({ home, environment, onProgress: (text) => progress.push(text), workersFolder: join(projectRoot(), 'dist', 'workers') });
const read = (name: 'temporal' | 'control-worker' | 'host-worker') => readService(home, name);
const readAsync = (name: 'temporal' | 'control-worker' | 'host-worker') => Promise.resolve(read(name));

/** Every process that has the folder's name in its environment. */
function processesOfHome(): number[] {
  return [...readProcessTable().values()].filter(({ pid, state }) => state !== 'Z' && bearsMarker(pid, `SHIM_HOME=${home}`)).map(({ pid }) => pid);
}

/** The services and their keepers, without the `sleep` of a keeper that polls. */
function servicesOfHome(): number[] {
  return processesOfHome().filter((pid) => !commandOf(pid).startsWith('sleep'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return 'sleep that has ended';
  }
}

/** Asks the embedded server, where it is now. */
async function askTemporal<T>(ask: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: readTemporalRecord(home)?.address ?? '', connectTimeout: 5_000 });
  try {
    return await ask(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

function killed(pid: number | null): number {
  if (pid === null) throw new Error('there is no process to kill');
  process.kill(pid, 'SIGKILL');
  return pid;
}

beforeAll(async () => {
  await start();
});

afterAll(async () => {
  await stopServices({ home, onProgress: () => undefined });
  rmSync(home, { recursive: true, force: true });
});

describe('services', () => {
  it('are all up once the start returns', async () => {
    const status = await servicesStatus(home);
    expect(status.map(({ name, running }) => [name, running])).toEqual([
      ['temporal', true],
      ['statsig', true],
      ['control-worker', true],
      ['host-worker', true],
    ]);
    expect(status.every(({ keeperPid }) => keeperPid !== null)).toBe(true);
  });

  it('stay as they are when started again', async () => {
    const before = await servicesStatus(home);
    progress.length = 0;
    await start();
    expect(await servicesStatus(home)).toEqual(before);
    expect(progress).toEqual([]);
  });

  it('keep what has closed for thirty days', async () => {
    const description = await askTemporal((client) => client.workflowService.describeNamespace({ namespace: 'default' }));
    expect(description.config?.workflowExecutionRetentionTtl?.seconds?.toString()).toBe(String(30 * 86_400));
  });

  it('come back at the same address with all history when Temporal is killed', async () => {
    const { address } = readTemporalRecord(home) ?? {};
    await askTemporal((client) => client.workflow.start('waits-for-nobody', { workflowId: 'survivor', taskQueue: 'nobody' }));
    const old = killed(read('temporal').pid);
    const { pid, restarts } = await poll(
      () => readAsync('temporal'),
      (service) => service.pid !== null && service.pid !== old,
    );
    expect(pid).not.toBe(old);
    expect(restarts).toBe(1);
    await start();
    expect(readTemporalRecord(home)?.address).toBe(address);
    const description = await askTemporal((client) => client.workflow.getHandle('survivor').describe());
    expect(description.status.name).toBe('RUNNING');
  });

  it.each(['temporal', 'host-worker'] as const)('go on as one copy when the keeper of %s is killed, and get a new one', async (name) => {
    const { pid, keeperPid } = read(name);
    killed(keeperPid);
    await poll(
      () => readAsync(name),
      (service) => service.keeperPid === null,
    );
    await start();
    const after = await poll(
      () => readAsync(name),
      (service) => service.keeperPid !== null,
    );
    expect(after.pid).toBe(pid);
    expect(servicesOfHome()).toHaveLength(8);
  });

  it('are started again by a keeper that found them alive', async () => {
    const { restarts } = read('host-worker');
    const old = killed(read('host-worker').pid);
    const after = await poll(
      () => readAsync('host-worker'),
      (service) => service.pid !== null && service.pid !== old,
    );
    expect(after.restarts).toBe(restarts + 1);
  });

  it('start once when two starts come together', async () => {
    await stopServices({ home, onProgress: () => undefined });
    await Promise.all([start(), start()]);
    expect(servicesOfHome()).toHaveLength(8);
  });

  it('leave nothing running when stopped, and stopping again is no error', async () => {
    await stopServices({ home, onProgress: () => undefined });
    expect(processesOfHome()).toEqual([]);
    await stopServices({ home, onProgress: () => undefined });
    expect((await servicesStatus(home)).map(({ pid, keeperPid }) => [pid, keeperPid])).toEqual([
      [null, null],
      [null, null],
      [null, null],
      [null, null],
    ]);
  });
});

it('leaves the Temporal that the environment names alone', async () => {
  const other = mkdtempSync(join(tmpdir(), 'shim-services-'));
  try {
    const started = startServices({
      home: other,
      environment: { ...environment, TEMPORAL_ADDRESS: '127.0.0.1:9' },
      onProgress: () => undefined,
      workersFolder: join(other, 'no-workers'),
      deadlineMs: 500,
    });
    await expect(started).rejects.toThrow(new ServiceError(`control-worker does not come up; see ${join(other, 'log', 'control-worker.log')}`));
    expect(readService(other, 'temporal')).toMatchObject({ pid: null, keeperPid: null });
    expect(readTemporalRecord(other)).toBeNull();
  } finally {
    await stopServices({ home: other, onProgress: () => undefined });
    rmSync(other, { recursive: true, force: true });
  }
});
