import { once } from 'node:events';
import { join } from 'node:path';
import { newLocalKeys, readLocalRecord, writeLocalRecord } from '../analytics/statsig/local-record.js';
import { LocalStatsigServer } from '../analytics/statsig/local-server.js';
import { LocalStatsigStore } from '../analytics/statsig/local-store.js';
import { installedBuild } from '../host/build-id.js';
import { ensureShimHome, shimHome } from '../host/shim-home.js';
import { createLogger } from './logger.js';

/**
 * The local Statsig server. As a service of `shim up` it listens where its record says. As the child of a program that opened
 * a channel to it, it takes any port, tells the program of it, and ends with the program.
 */
async function main(): Promise<void> {
  const home = shimHome();
  ensureShimHome(home);
  const { id: build } = installedBuild();
  const logger = createLogger('statsig');
  const store = new LocalStatsigStore(join(home, 'statsig.db'));
  const record = process.send ? null : readLocalRecord(home);
  const keys = record ?? newLocalKeys();
  const server = new LocalStatsigServer(store, keys);
  const ended = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(process, 'disconnect')]);
  const port = await server.start(record?.port ?? 0);
  const { secretKey, consoleKey } = keys;
  const listening = { port, secretKey, consoleKey, pid: process.pid };
  if (process.send) process.send(listening);
  else writeLocalRecord(home, { ...listening, build });
  logger.info({ port }, 'the local Statsig server is up');
  await ended;
  await server.stop();
  store.close();
  // An open channel would keep this process alive.
  if (process.connected) process.disconnect();
  logger.info('the local Statsig server is down');
}

await main();
