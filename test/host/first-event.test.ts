import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { KeptReports, startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();

describe('the first event of an attempt', () => {
  it('is told with the answer to its start, and by nothing else', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const request = startRequest(local.newSpec('soon'), 1);
    const { startedAtMs } = await host.startAgent(request);
    expect(await host.firstEvent(request)).toBeGreaterThanOrEqual(startedAtMs);
    expect(host.liveRunners[0]?.setup.folder.live()).toMatchObject({ runningTold: true });
    expect(reports.toldToRun).toEqual([]);
    expect(await host.firstEvent(request), 'asked for once more').toBeGreaterThanOrEqual(startedAtMs);
  });

  it('is told to everybody who waits for it: a start may be asked for twice', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const request = startRequest(local.newSpec('twice'), 1);
    await host.startAgent(request);
    const [first, second] = await Promise.all([host.firstEvent(request), host.firstEvent(request)]);
    expect(first).toBe(second);
    expect(first).not.toBeNull();
    expect(reports.toldToRun).toEqual([]);
  });

  it('is told by a message where nobody waits', async () => {
    const reports = new KeptReports();
    const context = local.contextOf(reports);
    const host = local.newHost(context);
    const running = once(context.events, 'attempt_running');
    await host.startAgent(startRequest(local.newSpec('unasked'), 1));
    await running;
    await expect.poll(() => reports.toldToRun).toEqual(['unasked/1']);
  });

  it('is waited for no longer where the attempt ends, or the worker lets go', async () => {
    const host = local.newHost();
    const dies = startRequest(local.newSpec('dies', { argv: ['/bin/sh', '-c', 'echo $$ >> starts; exit 3'] }), 1);
    await host.startAgent(dies);
    expect(await host.firstEvent(dies)).toBeNull();
    const spec = local.newSpec('left');
    const left = startRequest(spec, 1);
    await host.startAgent(left);
    const event = host.firstEvent(left);
    await starts(spec, 1);
    host.detach();
    expect(await event).toBeNull();
  });
});
