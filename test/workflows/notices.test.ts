import { describe, expect, it } from 'vitest';
import { pauseUpdate, resetUpdate, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import { poll } from '../support/poll.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'test' };
/** A host that is away is noticed after 10 s, which pass for real; ms. */
const awayPatienceMs = 20_000;

describe('a session tells its host what people are to hear', () => {
  it('once it has finished, before it closes', async () => {
    const session = await sessions.supervise({ script: ['killed', 'completed'] });
    await session.handle.result();
    expect(session.host.of('takeNotice').map(({ input }) => input)).toMatchObject([{ id: `${session.spec.sessionId}-1`, kind: 'finished', state: 'completed', attempt: 2, line: expect.stringContaining('is completed: it was completed') }]);
  });

  it('each time it has failed, and what is needed for that', async () => {
    const session = await sessions.supervise({ script: ['auth_failed', 'misconfigured'] });
    await session.reaches('failed');
    expect((await session.host.nth('takeNotice', 1)).input).toMatchObject({ kind: 'needs_person', need: 'login' });
    await session.handle.executeUpdate(resetUpdate, { args: [by] });
    expect((await session.host.nth('takeNotice', 2)).input).toMatchObject({ id: `${session.spec.sessionId}-2`, kind: 'failed', need: null, attempt: 2 });
  });

  it('where its agent was not allowed what it wanted to do', async () => {
    const session = await sessions.supervise({ script: [{ exitClass: 'completed', denied: ['Bash: make deploy'] }] });
    await session.handle.result();
    expect(session.host.of('takeNotice').map(({ input }) => input)).toMatchObject([{ kind: 'needs_person', need: 'permission', line: expect.stringContaining('for want of a permission: Bash: make deploy') }]);
  });

  it('and nothing of what a person did to it', async () => {
    const session = await sessions.supervise({});
    await session.runs();
    await session.handle.executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    expect(session.host.of('takeNotice')).toEqual([]);
  });

  it('when the host is back, where it went away in the moment of the end', async () => {
    const session = await sessions.supervise({});
    await session.runs();
    const { epoch, attempt } = await session.status();
    await session.hostGoes();
    await session.host.end({ sessionId: session.spec.sessionId, name: session.spec.name, epoch, attemptId: attempt?.attemptId ?? '' }, { exitClass: 'misconfigured' });
    await session.until(({ state }) => state === 'failed');
    await poll(() => timesAsked(session), (times) => times === 2, awayPatienceMs);
    await session.hostComes();
    expect((await session.host.nth('takeNotice', 1)).input).toMatchObject({ kind: 'failed', attempt: 1 });
    expect(session.host.of('takeNotice')).toHaveLength(1);
  });
});

/** How often the workflow has asked its host to take a notice; a host that is away is asked again. */
async function timesAsked(session: SupervisedSession): Promise<number> {
  const { events } = await session.current().fetchHistory();
  return (events ?? []).filter(({ activityTaskScheduledEventAttributes: call }) => call?.activityType?.name === 'takeNotice').length;
}
