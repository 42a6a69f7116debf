import { openStore } from '../../analytics/outcomes/open-store.js';
import { outcome } from '../analytics/outcomes/records.js';

/** A process that uses a store as it is told: `store-program <where> open | record | mature <experiment>`. */
const [where = '', task = '', experimentId = ''] = process.argv.slice(2);
const store = await openStore(where);
if (task === 'record') {
  // Until it is killed: sessions of fifty attempts, each told at once.
  for (let told = 0; ; told += 1) {
    await store.record(Array.from({ length: 50 }, (_, at) => outcome({ sessionId: `session-${told}`, epoch: at + 1 })));
    console.log(`session-${told}`);
  }
}
if (task === 'mature') await store.mature(experimentId, { horizonMs: 1_000, nowMs: 1e6, checkpointLimitMs: 50 });
await store.record([outcome()]);
await store.close();
