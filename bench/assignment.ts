import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assignParameters } from '../analytics/assign-parameters.js';
import { openStore } from '../analytics/outcomes/open-store.js';
import { localConnection, newLocalKeys } from '../analytics/statsig/local-record.js';
import { LocalStatsigServer } from '../analytics/statsig/local-server.js';
import { LocalStatsigStore } from '../analytics/statsig/local-store.js';
import { StatsigIntegration } from '../analytics/statsig/statsig-integration.js';
import { StatsigPlatform } from '../analytics/statsig/statsig-platform.js';
import { parametersSchema } from '../domain/parameters.js';

const sessions = 1_000;
const rounds = 5;
const input = { agent: 'command', hostId: 'bench', parameters: parametersSchema.parse({}), pinned: [], attempts: 0 };

/** What it costs to assign a session: by the SDK alone, and with the store's reads and its durable write. */
export async function benchAssignment(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shim-bench-assignment-'));
  const events = new LocalStatsigStore(join(folder, 'statsig.db'));
  const keys = newLocalKeys();
  const server = new LocalStatsigServer(events, keys);
  const connection = localConnection({ port: await server.start(0), ...keys });
  const store = await openStore(join(folder, 'outcomes.db'));
  const statsig = new StatsigIntegration(keys.secretKey, { consoleKey: keys.consoleKey, address: connection.address, home: folder, store });
  await statsig.initialize();
  const platform = await StatsigPlatform.open({ connection, outbox: store });
  try {
    const { name } = await statsig.createExperiment({ parameter: 'danger_zone', hypothesis: 'fewer crashes', currentValue: 0.75, proposedValue: 0.6 });
    await platform.sync();
    // An exposure is kept after its session was answered, and before the next one asks.
    const kept = () => platform.flush();
    print('the SDK alone, exposure logged', await timesOf((session) => Promise.resolve(platform.assign(name, `${session}-of-the-sdk`)), kept));
    print('a session (two reads, the arm, one durable write)', await timesOf((session) => assignParameters({ store, platform }, { ...input, sessionId: session, name: session, startedAtMs: Date.now() }, Date.now()), kept));
    const again: number[] = [];
    for (let round = 0; round < rounds; round += 1) again.push(...(await timesOf((session) => statsig.getVariant('danger_zone', session))));
    print('getVariant of a session that is assigned', again);
  } finally {
    await platform.close();
    await statsig.shutdown();
    await store.close();
    await server.stop();
    events.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of each session's call. */
async function timesOf(call: (session: string) => Promise<unknown>, after: () => Promise<void> = () => Promise.resolve()): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < sessions; at += 1) {
    const before = performance.now();
    await call(`session-${at}`);
    times.push(performance.now() - before);
    await after();
  }
  return times;
}

function print(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((one, other) => one - other);
  const quantile = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3);
  console.log(`assignment: ${what}: median ${quantile(0.5)} ms, p95 ${quantile(0.95)} ms, of ${times.length}`);
}
