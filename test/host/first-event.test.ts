import { once } from 'node:events';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createHostActivities } from '../../activities/host-activities.js';
import type { StartAgentInput, StartAgentResult } from '../../domain/host-requests.js';
import type { SessionHost } from '../../host/session-host.js';
import { KeptReports, startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();
const wanted = new AbortController().signal;

function start(environment: MockActivityEnvironment, host: SessionHost, input: StartAgentInput): Promise<StartAgentResult> {
  return environment.run(createHostActivities(host).startAgent, input) as Promise<StartAgentResult>;
}

describe('the first event of an attempt', () => {
  it('is told with the answer to its start, and by nothing else', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const request = startRequest(local.newSpec('soon'), 1);
    const { startedAtMs } = await host.startAgent(request);
    expect(await host.firstEvent(request, wanted)).toBeGreaterThanOrEqual(startedAtMs);
    expect(host.liveRunners[0]?.setup.folder.live()).toMatchObject({ runningTold: true });
    expect(reports.toldToRun).toEqual([]);
    expect(await host.firstEvent(request, wanted), 'asked for once more').toBeGreaterThanOrEqual(startedAtMs);
  });

  it('is told to everybody who waits for it: a start may be asked for twice', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const request = startRequest(local.newSpec('twice'), 1);
    await host.startAgent(request);
    const [first, second] = await Promise.all([host.firstEvent(request, wanted), host.firstEvent(request, wanted)]);
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
    expect(await host.firstEvent(dies, wanted)).toBeNull();
    const spec = local.newSpec('left');
    const left = startRequest(spec, 1);
    await host.startAgent(left);
    const event = host.firstEvent(left, wanted);
    await starts(spec, 1);
    host.detach();
    expect(await event).toBeNull();
  });

  it('is told by a message to a session of an older version, which does not take it from the answer', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const request = startRequest(local.newSpec('older'), 1);
    expect(await start(new MockActivityEnvironment(), host, request)).not.toHaveProperty('runningAtMs');
    await expect.poll(() => reports.toldToRun, { timeout: 5_000 }).toEqual(['older/1']);
    expect(await start(new MockActivityEnvironment(), host, { ...request, runningInAnswer: true }), 'asked for once more').toMatchObject({ adopted: true, runningAtMs: expect.any(Number) });
  });

  it('is told by a message where the worker shuts down before it comes: the answer does not keep it', async () => {
    const reports = new KeptReports();
    const context = local.contextOf(reports);
    const host = local.newHost(context);
    const began = once(context.events, 'attempt_began');
    const environment = new MockActivityEnvironment();
    const answer = start(environment, host, { ...startRequest(local.newSpec('shut'), 1), runningInAnswer: true });
    await began;
    environment.cancel('WORKER_SHUTDOWN');
    expect(await answer).not.toHaveProperty('runningAtMs');
    expect(reports.toldToRun).toEqual([]);
    await expect.poll(() => reports.toldToRun, { timeout: 5_000 }).toEqual(['shut/1']);
  });
});
