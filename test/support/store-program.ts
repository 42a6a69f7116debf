import { once } from 'node:events';
import Sqlite from 'libsql';
import { openStore } from '../../analytics/outcomes/open-store.js';
import { outcome } from '../analytics/outcomes/records.js';

/** A process that uses a store as it is told: `store-program <where> tell | tell-on | mature <experiment> | hold`. */
const [where = '', task = '', experimentId = ''] = process.argv.slice(2);

/** Sessions of fifty attempts, each told at once, until it is killed; a line for each that is kept. */
async function tellOn(): Promise<void> {
  const store = await openStore(where);
  for (let told = 0; ; told += 1) {
    await store.record(Array.from({ length: 50 }, (_, at) => outcome({ sessionId: `session-${told}`, epoch: at + 1 })));
    console.log(`session-${told}`);
  }
}

/** Keeps all others from writing until its input ends. */
async function hold(): Promise<void> {
  const file = new Sqlite(where);
  file.exec('BEGIN IMMEDIATE');
  console.log('held');
  process.stdin.resume();
  await once(process.stdin, 'end');
  file.exec('COMMIT');
}

async function tell(): Promise<void> {
  const store = await openStore(where);
  await store.record([outcome({ sessionId: 'told' })]);
  await store.close();
}

async function mature(): Promise<void> {
  const store = await openStore(where);
  console.log('maturing');
  await store.mature(experimentId, { horizonMs: 1_000, nowMs: 1e6, checkpointLimitMs: 50 });
  await store.close();
}

const tasks: Record<string, () => Promise<void>> = { tell, 'tell-on': tellOn, mature, hold };
await tasks[task]?.();
