import { describe, expect, it } from 'vitest';
import { attemptRunningSignal, pauseUpdate, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import { SupervisedSession, type SessionChoices } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

// While a call waits for its host the time-skipping server skips nothing: the ten seconds pass for all tests at once.
const sessions = useSessions();
const by = { by: 'ann' };
const patience = 15_000;

describe.concurrent('a host that is away', () => {
  async function waiting(choices: SessionChoices = {}): Promise<SupervisedSession> {
    const session = await SupervisedSession.start(sessions.environment, { ...choices, hostAway: true });
    await session.until(({ state }) => state === 'waiting_for_host', patience);
    return session;
  }

  it('is waited for, and its session starts when it comes', async () => {
    const session = await waiting();
    expect((await session.status()).reason).toMatch(/^host host-\w+ has not answered since /);
    expect(await session.searchAttribute('state')).toBe('waiting_for_host');
    await session.hostComes();
    expect(await session.runs()).toMatchObject({ epoch: 1, restarts: 0 });
    expect(session.host.of('startAgent')).toHaveLength(1);
    await session.dispose();
  });

  it('is waited for where an attempt was seen to run before its start was answered, which then runs', async () => {
    const session = await SupervisedSession.start(sessions.environment, { hostAway: true, script: [({ epoch }) => Promise.resolve({ pid: 1_000 + epoch, startedAtMs: 1, adopted: true })] });
    const { sessionId, name, epoch, attemptId } = await session.startAskedFor();
    await session.handle.signal(attemptRunningSignal, { sessionId, name, epoch, attemptId, runningAtMs: 7 });
    await session.reaches('running');
    await session.until(({ state }) => state === 'waiting_for_host', patience);
    await session.hostComes();
    expect(await session.runs()).toMatchObject({ attempt: { attemptId, runningAtMs: 7 } });
    await session.dispose();
  });

  it('is waited for after a crash too, and its session counts as one restart', async () => {
    const session = await SupervisedSession.start(sessions.environment);
    await session.runs();
    const { input } = await session.host.nth('startAgent', 1);
    await session.hostGoes();
    await session.host.end(input, { exitClass: 'crashed' });
    await session.until(({ state }) => state === 'waiting_for_host', patience);
    await session.hostComes();
    expect(await session.runs(2)).toMatchObject({ restarts: 1 });
    await session.dispose();
  });

  it('a stop is answered at once with why it waits, and fences the start before the session closes', async () => {
    const session = await waiting();
    const { outcome, message } = await session.handle.executeUpdate(stopUpdate, { args: [by] });
    expect(outcome).toBe('accepted');
    expect(message).toMatch(/has not answered since .*; it takes effect when the host is back$/);
    expect((await session.status()).state).toBe('waiting_for_host');
    await session.hostComes();
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
    expect(session.host.calls.map(({ call }) => call)).toEqual(['stopAgent', 'recordState']);
    await session.dispose();
  });

  it('a pause waits too, and rests only after the start is fenced; a resume then begins an attempt', async () => {
    const session = await waiting();
    await session.handle.executeUpdate(pauseUpdate, { args: [by] });
    expect((await session.status()).state).toBe('waiting_for_host');
    await session.hostComes();
    await session.until(({ state }) => state === 'paused');
    expect(session.host.of('stopAgent').map(({ input }) => input)).toMatchObject([{ mode: 'pause', epoch: 1 }]);
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    await session.dispose();
  });

  it('a session that was running is stopped when its host is back', async () => {
    const session = await SupervisedSession.start(sessions.environment);
    await session.runs();
    await session.hostGoes();
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.until(({ state }) => state === 'waiting_for_host', patience);
    expect((await session.status()).attempt).toMatchObject({ epoch: 1 });
    await session.hostComes();
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
    await session.dispose();
  });
});
