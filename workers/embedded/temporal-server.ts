import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { z } from 'zod';
import { readRecord } from '../../host/record-file.js';
import { ensureBinary } from '../../scripts/find-binary.mjs';
import { registeredAttributes } from '../../workflows/registered-attributes.js';
import { prepareNamespace } from './namespace.js';
import { anyFreePort, listenOnce, untilFree } from './free-port.js';

const defaultPort = 7233;
const defaultUiPort = 8233;

const recordSchema = z.object({ address: z.string(), uiUrl: z.string(), port: z.number().int(), uiPort: z.number().int(), /** Of the CLI that was started last; lacking in records of older versions. */ version: z.string().optional() });

/** Where the embedded server listens: chosen once, so that it comes back at the same place. */
export type TemporalRecord = z.infer<typeof recordSchema>;

function recordFile(home: string): string {
  return join(home, 'run', 'temporal.json');
}

export function readTemporalRecord(home: string): TemporalRecord | null {
  return readRecord(recordFile(home), recordSchema);
}

/**
 * Chooses the server's ports: those it had, the usual ones, or free ones. SHIM_TEMPORAL_PORT and SHIM_UI_PORT replace the
 * usual ones; 0 means any free one.
 */
export async function choosePorts(home: string, environment: NodeJS.ProcessEnv, onProgress: (text: string) => void = () => undefined): Promise<TemporalRecord> {
  const before = readTemporalRecord(home);
  if (before) for (const port of [before.port, before.uiPort]) await untilFree(port);
  const port = await firstFree([before?.port, Number(environment['SHIM_TEMPORAL_PORT'] ?? defaultPort)]);
  const uiPort = await firstFree([before?.uiPort, Number(environment['SHIM_UI_PORT'] ?? defaultUiPort)]);
  const record = { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, port, uiPort, version: temporalVersion(onProgress) };
  writeFileSync(recordFile(home), JSON.stringify(record), { mode: 0o600 });
  return record;
}

/** The version of the Temporal CLI that a start takes. @throws Error with what to do, where there is none and none can be fetched. */
export function temporalVersion(onProgress: (text: string) => void): string {
  const { stdout } = spawnSync(ensureBinary('temporal', onProgress), ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return /^temporal version (\S+)/.exec(stdout ?? '')?.[1] ?? 'unknown';
}

/**
 * Two limits that would cost a restart 50 ms are raised. And what search attributes there are is not read anew for each session of
 * a list, as a development server does, to show a new one at once: that takes half of its time; `prepareNamespace` waits for them.
 */
const dynamicConfig = ['history.transferProcessorMaxPollRPS=2000', 'history.timerProcessorMaxPollRPS=2000', 'system.forceSearchAttributesCacheRefreshOnRead=false'];

/**
 * The command line of the embedded server: a database file in WAL mode that survives power cuts.
 *
 * @param metricsPort of the server's own metrics; any free one without it.
 * @throws Error with what to do, where there is no Temporal CLI and none can be fetched.
 */
export function serverCommand(home: string, { port, uiPort }: TemporalRecord, namespace: string, onProgress: (text: string) => void, metricsPort?: string): string[] {
  mkdirSync(join(home, 'temporal'), { recursive: true, mode: 0o700 });
  const pair = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ensureBinary('temporal', onProgress),
    'server',
    'start-dev',
    ...pair('--db-filename', [join(home, 'temporal', 'temporal.db')]),
    ...pair('--ip', ['127.0.0.1']),
    ...pair('--port', [String(port)]),
    ...pair('--ui-ip', ['127.0.0.1']),
    ...pair('--ui-port', [String(uiPort)]),
    ...pair('--metrics-port', metricsPort === undefined ? [] : [metricsPort]),
    ...pair('--namespace', [namespace]),
    ...pair('--log-level', ['warn']),
    ...pair('--sqlite-pragma', ['journal_mode=WAL', 'synchronous=FULL']),
    ...pair('--dynamic-config-value', dynamicConfig),
    ...pair(
      '--search-attribute',
      Object.entries(registeredAttributes).map(([name, type]) => `${name}=${type}`),
    ),
  ];
}

/** Waits until the server answers, and prepares the namespace. @throws Error after `deadlineMs`. */
export async function untilServing(address: string, namespace: string, deadlineMs: number): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        await prepareNamespace(connection, namespace);
      } finally {
        await connection.close();
      }
      return;
    } catch (error) {
      if (performance.now() > until) throw new Error(`Temporal does not answer at ${address}`, { cause: error });
      await delay(50);
    }
  }
}

async function firstFree(wanted: readonly (number | undefined)[]): Promise<number> {
  for (const port of wanted) {
    const free = port === undefined || port === 0 ? null : await listenOnce(port);
    if (free !== null) return free;
  }
  return anyFreePort();
}
