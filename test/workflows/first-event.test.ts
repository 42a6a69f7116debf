import { describe, expect, it } from 'vitest';
import { stopUpdate } from '../../workflows/messages.js';
import { Gate } from '../support/gate.js';
import { openCalls } from '../support/open-calls.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();

async function signalsOf(session: SupervisedSession): Promise<(string | null | undefined)[]> {
  const { events } = await session.current().fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal ? [signal.signalName] : []));
}

describe('an attempt that runs when its start is answered', () => {
  it('is running with the answer, and no signal tells of it', async () => {
    const session = await sessions.supervise({ runsAtOnce: true });
    const { attempt } = await session.runs();
    expect(attempt?.runningAtMs).toBeGreaterThan(0);
    expect(await session.searchAttribute('state')).toBe('running');
    expect(await signalsOf(session)).toEqual([]);
  });

  it('is so after a restart, too', async () => {
    const session = await sessions.supervise({ runsAtOnce: true, script: ['killed'] });
    await session.runs(2);
    expect(await session.searchAttribute('attempt')).toBe(2);
    expect(await signalsOf(session)).toEqual(['attemptEnded']);
  });

  it('is told of once more by a worker that does not know, which changes nothing', async () => {
    const session = await sessions.supervise({ runsAtOnce: true });
    const before = await session.runs();
    await session.host.sayRunning((await session.host.nth('startAgent', 1)).input);
    await expect.poll(() => openCalls(session.current())).toEqual([]);
    const after = await session.status();
    expect({ ...after, attempt: null }).toEqual({ ...before, attempt: null });
    await session.current().executeUpdate(stopUpdate, { args: [{ by: 'test' }] });
    expect(await session.current().result()).toMatchObject({ state: 'stopped' });
  });

  it('is not waited for by a stop', async () => {
    const late = new Gate();
    const session = await sessions.supervise({ script: [({ epoch }) => Promise.resolve({ pid: 1_000 + epoch, startedAtMs: 1, adopted: false })] });
    session.host.holdFirstEvent = late.opened;
    await session.host.nth('startAgent', 1);
    await session.current().executeUpdate(stopUpdate, { args: [{ by: 'test' }] });
    expect(await session.current().result()).toMatchObject({ state: 'stopped', attempts: 1 });
    expect(await openCalls(session.current())).toEqual(['startAgent']);
    late.open();
  });
});
