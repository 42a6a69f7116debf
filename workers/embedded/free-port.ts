import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Below the ports that kernels give to outgoing connections: one of those could be taken before its server listens. */
const lowest = 10_000;
const highest = 32_768;
const tries = 200;

/** A port that is still taken after this is somebody else's now, ms. */
const releaseMs = 3_000;

/** @returns the port, or null where it is taken. @param port 0 for any. */
export function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}

/** A port of the loopback interface for a server that is yet to start, and that is to have it again. @throws Error where there is none. */
export async function anyFreePort(): Promise<number> {
  for (let round = 0; round < tries; round += 1) {
    const free = await listenOnce(randomInt(lowest, highest));
    if (free !== null) return free;
  }
  throw new Error('no free port on the loopback interface');
}

/** A server that was just killed holds its port until the kernel has taken it down: whoever knows its address keeps it. @returns whether it is free. */
export async function untilFree(port: number): Promise<boolean> {
  for (const until = performance.now() + releaseMs; performance.now() < until; await delay(20)) if ((await listenOnce(port)) !== null) return true;
  return false;
}
