import { newLocalKeys, readLocalRecord, writeLocalRecord } from '../../analytics/statsig/local-record.js';
import { anyFreePort, untilFree } from './free-port.js';

/** Chooses where the local Statsig server is to listen, the port it had or a free one, and its keys, which stay. */
export async function chooseStatsigPort(home: string): Promise<void> {
  const before = readLocalRecord(home);
  const { secretKey, consoleKey } = before ?? newLocalKeys();
  const port = before && (await untilFree(before.port)) ? before.port : await anyFreePort();
  writeLocalRecord(home, { port, secretKey, consoleKey, pid: null });
}
