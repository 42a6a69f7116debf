import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { agentPid } from '../client/agent-pid.js';
import { readWorkerRecord } from '../host/shim-home.js';
import { SessionFolder } from '../host/session-folder.js';
import { readService } from '../workers/embedded/keeper.js';
import { Bed } from './bed.js';
import { knownPid } from '../test/support/known-pid.js';

/**
 * SIGKILL of the host worker under `count` agents, two of which are killed while it is away: how long after it is up
 * again all living ones are adopted and the dead ones back.
 */
export async function benchAdoption(count: number): Promise<void> {
  await Bed.use({}, async (bed, client) => {
    const names = Array.from({ length: count }, (_, n) => `agent-${n}`);
    const startedMs = performance.now();
    for (const name of names) {
      const cwd = join(bed.folder, name);
      mkdirSync(cwd);
      await bed.start(client, { name, agent: 'command', argv: ['/bin/sh', '-c', 'exec sleep 3600'], cwd, policy: { healthyAfterMs: 1 } });
    }
    for (const name of names) await client.waitForState(name, ['running'], 60_000);
    console.log(`adoption: ${count} agents running ${seconds(performance.now() - startedMs)} after the first was asked for`);
    await delay(2_000);
    const pidOf = (name: string) => agentPid(new SessionFolder(bed.home, name).attempts().at(-1)?.path ?? '');
    const before = new Map(names.map((name) => [name, pidOf(name)]));
    const old = readService(bed.home, 'host-worker').pid;
    const killed = names.slice(0, 2);
    process.kill(knownPid(old), 'SIGKILL');
    for (const name of killed) process.kill(knownPid(before.get(name)), 'SIGKILL');
    while ([null, old].includes(readService(bed.home, 'host-worker').pid)) await delay(5);
    const bornMs = performance.now();
    while ((readWorkerRecord(bed.home, 'host-worker')?.pid ?? old) === old) await delay(5);
    const upMs = performance.now();
    while (killed.some((name) => new SessionFolder(bed.home, name).epochs().at(-1) !== 2 || pidOf(name) === null)) await delay(5);
    const backMs = performance.now();
    const kept = names.filter((name) => !killed.includes(name) && pidOf(name) === before.get(name)).length;
    console.log(`adoption: ${kept} of ${count - killed.length} living agents adopted, none started again, ${seconds(upMs - bornMs)} after the new worker's first instruction`);
    console.log(`adoption: the ${killed.length} that were killed meanwhile are back ${seconds(backMs - bornMs)} after it`);
  });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
