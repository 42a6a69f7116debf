import { fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { StatsigConnection } from './connection.js';
import { localConnection } from './local-record.js';

const messageSchema = z.object({ port: z.number().int(), secretKey: z.string(), consoleKey: z.string() });

/** A local server of one's own; it ends with this process, if not before. */
export interface LocalStatsigProcess {
  connection: StatsigConnection;
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts the local server as a child. Its state is that of $SHIM_HOME, whoever else serves it.
 *
 * @param program the compiled workers/statsig-server.js. @throws Error where it does not come up.
 */
export async function startLocalStatsig({ home, program }: { home: string; program: string }): Promise<LocalStatsigProcess> {
  // Its log would run into what this program prints.
  const child = fork(program, [], { execArgv: ['--enable-source-maps'], env: { ...process.env, SHIM_HOME: home }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const message = await Promise.race([once(child, 'message').then(([first]: unknown[]) => first), ended.then(([code]: unknown[]) => Promise.reject(new Error(`the local Statsig server ended with ${String(code)} before it was up`)))]);
  const { pid } = child;
  if (pid === undefined) throw new Error('the local Statsig server has no process');
  // A program that has nothing else to do may end: the server sees it.
  child.unref();
  child.channel?.unref();
  return {
    connection: localConnection(messageSchema.parse(message)),
    pid,
    stop: async () => {
      child.ref();
      child.kill('SIGTERM');
      await ended;
    },
  };
}
