import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readProcess } from '../../host/process/process-table.js';
import { SupervisorDaemon } from '../../host/supervisor-daemon.js';
import { KeptReports, startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();
const dayMs = 86_400_000;

let reports: KeptReports;
let daemon: SupervisorDaemon;
let looks: number;
beforeEach(async () => {
  reports = new KeptReports();
  looks = 0;
  daemon = new SupervisorDaemon(local.contextOf(reports), () => {
    looks += 1;
  });
  await daemon.start();
});
afterEach(async () => {
  vi.useRealTimers();
  for (const runner of daemon.sessions.liveRunners) await runner.end({ exitClass: 'stopped', reason: 'end of the test' }, { checkpointFirst: false, graceMs: 0 });
  daemon.stop();
});

/** Sets the wall clock alone: timers and the monotonic clock go on, as on a machine whose clock is set. */
function setClock(byMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs });
}

async function looksAgain(times: number): Promise<void> {
  const wanted = looks + times;
  await expect.poll(() => looks, { interval: 20, timeout: 60_000 }).toBeGreaterThanOrEqual(wanted);
}

describe.each([
  ['ahead', dayMs],
  ['back', -dayMs],
])('a wall clock that is set %s by a day', (_where, byMs) => {
  it('makes no silent attempt hung, nor any other end', async () => {
    const spec = local.newSpec('patient');
    await daemon.sessions.startAgent(startRequest(spec, 1));
    const [pid = 0] = await starts(spec, 1);
    await looksAgain(1);
    setClock(byMs);
    await looksAgain(3);
    expect(reports.ends).toEqual([]);
    expect(readProcess(pid)?.state).toBe('S');
  });

  it('keeps none that hangs from being found', async () => {
    const spec = local.newSpec('hanging', { parameters: { ...local.newSpec('other').parameters, hangTimeoutMs: 4_000 } });
    await daemon.sessions.startAgent(startRequest(spec, 1));
    await starts(spec, 1);
    await expect.poll(() => daemon.sessions.liveRunners[0]?.runningAtMs ?? null, { interval: 5, timeout: 10_000 }).not.toBeNull();
    setClock(byMs);
    await expect.poll(() => reports.ends.map(({ exitClass }) => exitClass), { interval: 20, timeout: 60_000 }).toEqual(['hung']);
  });

  it('hides nothing that an attempt has left running from its successor', async () => {
    const argv = ['/bin/sh', '-c', 'echo $$ >> starts; setsid sh -c "echo \\$\\$ >> left; exec sleep 600" & sleep 600'];
    const spec = local.newSpec('leaving', { argv });
    await daemon.sessions.startAgent(startRequest(spec, 1));
    const [pid = 0] = await starts(spec, 1);
    const left = () => Number(readFileSync(join(spec.cwd, 'left'), 'utf8').trim().split('\n')[0]);
    await expect.poll(() => left(), { interval: 5 }).toBeGreaterThan(1);
    setClock(byMs);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => reports.ends.map(({ exitClass }) => exitClass), { interval: 5, timeout: 10_000 }).toEqual(['killed']);
    await daemon.sessions.startAgent(startRequest(spec, 2));
    expect(readProcess(left())?.state ?? 'gone').toMatch(/gone|Z/);
    expect(await starts(spec, 2)).toHaveLength(2);
  });
});
