import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AttemptReport } from '../../domain/attempt.js';
import { parametersSchema } from '../../domain/parameters.js';
import { ProcessMonitor } from '../../host/process-monitor.js';
import { SessionFolder } from '../../host/session-folder.js';
import { KeptReports, startRequest, starts, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();

/** Streams a message of a context that is 70 % full, then is silent. */
function contextOf70(): string {
  const line = JSON.stringify({ type: 'assistant', message: { id: 'm', role: 'assistant', content: [{ type: 'text', text: 'so far' }], usage: { input_tokens: 139_995, output_tokens: 5 } } });
  return `echo $$ >> starts; echo '${line}'; exec sleep 60`;
}

async function begun(change: object = {}, script = contextOf70()) {
  const reports = new KeptReports();
  const context = local.contextOf(reports);
  const host = local.newHost(context);
  const spec = local.newSpec('live', { argv: ['/bin/sh', '-c', script], parameters: parametersSchema.parse(change) });
  const input = startRequest(spec, 1);
  const running = once(context.events, 'attempt_running');
  await host.startAgent(input);
  await starts(spec, 1);
  await running;
  const ended = once(reports, 'ended') as Promise<[AttemptReport]>;
  return { reports, context, host, spec, input, ended, folder: new SessionFolder(local.home, 'live').attempt(1) };
}

describe('parameters of a running attempt', () => {
  it('that are changed are read back; those of the next attempt stay', async () => {
    const { host, input, spec } = await begun();
    const wanted = { checkpointIntervalMinutes: 3, resumeStrategy: 'brief', dangerZone: 0.9, backoffBaseMs: 77, hangTimeoutMs: 5_000 } as const;
    const { parameters } = await host.applyParameters({ ...input, parameters: wanted });
    expect(parameters).toEqual({ ...wanted, resumeStrategy: spec.parameters.resumeStrategy });
    expect(await host.applyParameters({ ...input, parameters: wanted })).toEqual({ parameters });
  });

  it('end it at once where its context is in the new danger zone', async () => {
    const { host, input, spec, ended } = await begun();
    await host.applyParameters({ ...input, parameters: { ...spec.parameters, dangerZone: 0.6 } });
    const [report] = await ended;
    expect(report).toMatchObject({ exitClass: 'recycled', reason: 'context 70 % full, danger zone at 60 %', maxContextUse: 0.7 });
  });

  it('let the watchdog find a hang earlier', async () => {
    const { host, input, spec, ended, context } = await begun();
    const monitor = new ProcessMonitor(context, () => host.liveRunners, () => undefined);
    monitor.start();
    await host.applyParameters({ ...input, parameters: { ...spec.parameters, hangTimeoutMs: 1_000 } });
    const [report] = await ended;
    monitor.stop();
    expect(report.exitClass).toBe('hung');
    expect(report.longestSilenceMs).toBeGreaterThan(1_000);
    expect(report.longestSilenceMs).toBeLessThan(10_000);
  });

  it('let checkpoints by time come more often, and their times are in the report', async () => {
    const { host, input, spec, ended, context } = await begun();
    const monitor = new ProcessMonitor(context, () => host.liveRunners, () => undefined);
    await host.applyParameters({ ...input, parameters: { ...spec.parameters, checkpointIntervalMinutes: 0.01 } });
    monitor.start();
    for (let n = 1; n <= 2; n += 1) {
      writeFileSync(join(spec.cwd, `file-${n}`), 'new');
      await once(context.events, 'checkpoint_created');
    }
    monitor.stop();
    await host.liveRunners[0]?.end({ exitClass: 'stopped', reason: 'seen enough' }, { checkpointFirst: false, graceMs: 0 });
    const [{ checkpointTimes }] = await ended;
    expect(checkpointTimes?.made).toBeGreaterThanOrEqual(2);
    expect(checkpointTimes?.buckets.reduce((sum, count) => sum + count, 0)).toBe(checkpointTimes?.made);
    expect(checkpointTimes?.totalMs).toBeGreaterThan(0);
  });

  it('are kept for the worker that adopts it, with what was measured so far', async () => {
    const { host, input, spec, folder } = await begun();
    await host.applyParameters({ ...input, parameters: { ...spec.parameters, dangerZone: 0.9, hangTimeoutMs: 12_345 } });
    host.detach();
    const before = folder.live();
    const next = local.newHost();
    expect(await next.adopt(new SessionFolder(local.home, 'live'))).toMatchObject({ hasEnded: false });
    expect(next.liveRunners[0]?.parameters).toEqual({ ...spec.parameters, dangerZone: 0.9, hangTimeoutMs: 12_345 });
    expect(before?.maxContextUse).toBe(0.7);
    await next.liveRunners[0]?.end({ exitClass: 'stopped', reason: 'seen enough' }, { checkpointFirst: false, graceMs: 0 });
    expect(folder.report()).toMatchObject({ maxContextUse: 0.7, checkpointTimes: before?.checkpointTimes });
  });

  it('of another attempt, or one that has ended, are refused', async () => {
    const { host, input, spec } = await begun();
    await expect(host.applyParameters({ ...input, attemptId: 'another', parameters: spec.parameters })).rejects.toMatchObject({ code: 'NotRunning' });
    await host.stopAgent({ ...input, mode: 'pause', reason: 'test' });
    await expect(host.applyParameters({ ...input, parameters: spec.parameters })).rejects.toMatchObject({ code: 'NotRunning' });
  });
});
