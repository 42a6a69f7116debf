import type { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { HostError, hostErrorCodes, type StartAgentInput, type StartAgentResult } from '../../domain/host-requests.js';
import { pauseUpdate, resumeUpdate, stopUpdate, type CommandInput } from '../../workflows/messages.js';
import { describeWriter } from '../../domain/second-writer.js';
import { Gate } from '../support/gate.js';
import { aWriter } from '../support/session-fixtures.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'ann' };

/** The host begins nothing. */
const refuses = (_input: StartAgentInput): Promise<StartAgentResult> => Promise.reject(new HostError(hostErrorCodes.secondWriter, describeWriter(aWriter), { writer: aWriter }));

function pausedFor({ spec }: SupervisedSession) {
  const who = 'claude (pid 71, user ann, since 1970-01-01T00:00:00.000Z) works on the same conversation';
  return { state: 'paused', pauseReason: 'second_writer', desired: 'paused', attempt: null, reason: `paused by SHIM: ${who}. Two would write over each other: end it, then: shim resume ${spec.name}; or at your own risk: shim resume ${spec.name} --beside` };
}

describe('another process beside a running attempt', () => {
  it('pauses the session after a checkpoint, says who it is, and the session goes on when a person says so', async () => {
    const session = await sessions.supervise();
    const { attempt } = await session.runs();
    await session.host.seeWriter(attempt ?? expect.fail('it does not run'), aWriter);
    expect(await session.reaches('paused')).toMatchObject({ ...pausedFor(session), ends: [{ exitClass: 'stopped', decision: 'paused' }] });
    expect(session.host.of('stopAgent').map(({ input }) => input.mode)).toEqual(['pause']);
    await session.current().executeUpdate(resumeUpdate, { args: [by] });
    expect(await session.runs(2)).toMatchObject({ pauseReason: null, desired: 'running' });
  });

  it('of an earlier epoch changes nothing', async () => {
    const session = await sessions.supervise({ script: ['killed'] });
    const { input } = await session.host.nth('startAgent', 1);
    await session.runs(2);
    await session.host.seeWriter(input, aWriter);
    expect(await session.status()).toMatchObject({ state: 'running', desired: 'running', epoch: 2 });
  });

  it('does not make a stop a pause', async () => {
    const held = new Gate();
    const session = await sessions.supervise();
    const { attempt } = await session.runs();
    session.host.holdStop = held.opened;
    await session.current().executeUpdate(stopUpdate, { args: [by] });
    await session.host.seeWriter(attempt ?? expect.fail('it does not run'), aWriter);
    held.open();
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
  });

  it('does not take a pause from the person who asked for it', async () => {
    const held = new Gate();
    const session = await sessions.supervise();
    const { attempt } = await session.runs();
    session.host.holdStop = held.opened;
    await session.current().executeUpdate(pauseUpdate, { args: [by] });
    await session.host.seeWriter(attempt ?? expect.fail('it does not run'), aWriter);
    held.open();
    expect(await session.reaches('paused')).toMatchObject({ pauseReason: 'person', reason: 'paused by ann' });
  });
});

describe('another process before a resume', () => {
  it('pauses the session without an attempt, and counts no restart', async () => {
    const session = await sessions.supervise({ script: ['killed', refuses] });
    expect(await session.reaches('paused')).toMatchObject({ ...pausedFor(session), epoch: 2, restarts: 0 });
    expect(session.host.of('stopAgent')).toEqual([]);
    await session.current().executeUpdate(resumeUpdate, { args: [by] });
    expect(await session.runs(3)).toMatchObject({ restarts: 1, pauseReason: null });
  });

  it('that is still there pauses it again', async () => {
    const session = await sessions.supervise({ script: [refuses, refuses] });
    await session.reaches('paused');
    await session.current().executeUpdate(resumeUpdate, { args: [by] });
    expect(await session.until(({ state, epoch }) => state === 'paused' && epoch === 2)).toMatchObject({ ...pausedFor(session), restarts: 0 });
    await session.current().executeUpdate(stopUpdate, { args: [by] });
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
  });
});

describe('a resume beside another process', () => {
  const beside = { by: 'ann', reason: 'I only read', beside: true as const };
  const resume = (session: SupervisedSession, command: CommandInput) => session.current().executeUpdate(resumeUpdate, { args: [command] });

  it('tells the host whom a person has allowed, says what is risked, and keeps it over attempts and runs', async () => {
    const session = await sessions.supervise({ script: [refuses, 'killed'] });
    await session.reaches('paused');
    expect((await resume(session, beside)).message).toMatch(/beside claude \(pid 71, .*what both write to the same files or conversation may be lost/);
    await session.runs(3);
    expect(session.host.of('startAgent').map(({ input }) => input.beside)).toEqual([undefined, [{ pid: 71, startTicks: 7 }], [{ pid: 71, startTicks: 7 }]]);
    expect(await session.status()).toMatchObject({ beside: [{ ...aWriter, allowedBy: 'ann: I only read' }], pauseReason: null });
  });

  it('allows nobody who comes later: each is paused for, and has to be allowed', async () => {
    const session = await sessions.supervise({ script: [refuses] });
    await session.reaches('paused');
    await resume(session, beside);
    const { attempt } = await session.runs(2);
    await session.host.seeWriter(attempt ?? expect.fail('it does not run'), { ...aWriter, startTicks: 8 });
    await session.reaches('paused');
    await resume(session, beside);
    await session.runs(3);
    expect(session.host.of('startAgent').at(-1)?.input.beside).toEqual([{ pid: 71, startTicks: 7 }, { pid: 71, startTicks: 8 }]);
  });

  it('is refused where the session is not paused for one, or nobody knows for whom', async () => {
    const session = await sessions.supervise();
    const { attempt } = await session.runs();
    const refusal = async () => {
      const error: unknown = await resume(session, beside).then(() => null, (reason: unknown) => reason);
      return (error as WorkflowUpdateFailedError).cause?.message;
    };
    expect(await refusal()).toMatch(/is not paused for a second writer/);
    await session.host.seeWriter(attempt ?? expect.fail('it does not run'), { evidence: 'growth', pid: null, program: '', user: '', sinceMs: null });
    await session.reaches('paused');
    expect(await refusal()).toMatch(/cannot go on beside one that was not found: somebody who is gone/);
    await resume(session, by);
    await session.runs(2);
  });
});
