import type { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { SessionSpec } from '../../domain/session.js';
import { changeUpdate, pauseUpdate, resumeUpdate, type CommandResult } from '../../workflows/messages.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'fleet/team' };

/** As it is wanted from now on. */
function changed(spec: SessionSpec, change: Partial<SessionSpec> = {}): SessionSpec {
  return { ...spec, limits: { ...spec.limits, memoryBytes: 5_000_000 }, parameters: { ...spec.parameters, hangTimeoutMs: 7_000 }, changedAt: '2026-02-02T00:00:00.000Z', ...change };
}

function tell(session: SupervisedSession, spec: SessionSpec): Promise<CommandResult> {
  return session.current().executeUpdate(changeUpdate, { args: [{ ...by, spec }] });
}

describe('a session that is to go on as another specification says', () => {
  it('stays paused, of which nobody is told a second time, and goes on changed', async () => {
    const session = await sessions.supervise({ budget: { usd: 5 }, script: [{ exitClass: 'stopped', spend: { tokens: 1, usd: 5.5, hours: 0 }, overBudget: { scope: 'session', fleet: null, measure: 'usd', level: 'exceeded', spent: 5.5, limit: 5 } }] });
    await session.reaches('paused');
    await session.host.nth('takeNotice', 1);
    await tell(session, changed(session.spec, { budget: { usd: 9 } }));
    expect(await session.until(({ budget }) => budget?.limit.usd === 9)).toMatchObject({ state: 'paused', pauseReason: 'budget', epoch: 1 });
    await session.current().executeUpdate(resumeUpdate, { args: [{ by: 'ann' }] });
    expect(await session.runs(2)).toMatchObject({ pauseReason: null });
    expect(session.host.of('startAgent').at(-1)?.input).toMatchObject({ budget: { usd: 9 }, spec: { limits: { memoryBytes: 5_000_000 } } });
    expect(session.host.of('takeNotice')).toHaveLength(1);
  });

  it.each(['misconfigured', 'crashed'] as const)('goes on at once where it was %s and rests for that', async (exitClass) => {
    const session = await sessions.supervise({ script: [exitClass, exitClass] });
    await session.until(({ state }) => state === 'failed' || state === 'backing_off');
    const { epoch } = await session.status();
    await tell(session, changed(session.spec));
    await session.host.nth('startAgent', epoch + 1);
    expect(session.host.of('startAgent').at(-1)?.input.spec.changedAt).toBe('2026-02-02T00:00:00.000Z');
  });

  it('while it is being paused rests first', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await session.current().executeUpdate(pauseUpdate, { args: [by] });
    await tell(session, changed(session.spec));
    await session.reaches('paused');
    await session.current().executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    expect(session.host.of('startAgent').at(-1)?.input.spec.limits.memoryBytes).toBe(5_000_000);
  });

  it.each<[string, Partial<SessionSpec>]>([
    ['other work', { argv: ['another'] }],
    ['another folder', { cwd: '/elsewhere' }],
    ['another session', { sessionId: '00000000-0000-4000-8000-000000000000' }],
  ])('refuses %s', async (_what, change) => {
    const session = await sessions.supervise();
    await session.runs();
    const error: unknown = await tell(session, changed(session.spec, change)).then(() => null, (reason: unknown) => reason);
    expect((error as WorkflowUpdateFailedError).cause?.message).toMatch(/cannot go on with other work/);
    expect(await session.status()).toMatchObject({ state: 'running', epoch: 1 });
  });
});
