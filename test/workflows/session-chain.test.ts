import { describe, expect, it } from 'vitest';
import { pauseUpdate, resetUpdate, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'ann' };

async function end(session: SupervisedSession, exitClass: 'completed' | 'auth_failed', attempt = 1): Promise<void> {
  const { input } = await session.host.nth('startAgent', attempt);
  await session.host.end(input, { exitClass });
}

/** Waits for it, and knows how it is. */
function knows(session: SupervisedSession, what: string) {
  return session.until(({ state, reason }) => state === 'waiting_for_session' && reason.includes(what));
}

describe('a session after another', () => {
  it('waits visibly, and begins when the other one has completed', async () => {
    const first = await sessions.supervise();
    await first.runs();
    const second = await sessions.supervise({ after: first.spec.name });
    expect(await knows(second, 'it was running')).toMatchObject({ after: first.spec.name, epoch: 0, attempt: null });
    expect(await second.searchAttribute('state')).toBe('waiting_for_session');
    await end(first, 'completed');
    await second.runs();
    expect(second.host.of('startAgent')).toHaveLength(1);
  });

  it('begins at once where the other one has completed before', async () => {
    const first = await sessions.supervise({ script: ['completed'] });
    await first.handle.result();
    const second = await sessions.supervise({ after: first.spec.name });
    await second.runs();
  });

  it('goes on waiting where the other one fails, says so and what to do, and begins when that is mended and done', async () => {
    const first = await sessions.supervise();
    await first.runs();
    const second = await sessions.supervise({ after: first.spec.name });
    await knows(second, 'it was running');
    await end(first, 'auth_failed');
    expect(await knows(second, 'has failed')).toMatchObject({ reason: expect.stringContaining(`shim reset ${first.spec.name}; or start this one anyway: shim resume ${second.spec.name}`) });
    await first.current().executeUpdate(resetUpdate, { args: [by] });
    await knows(second, 'it was starting');
    await first.runs(2);
    await end(first, 'completed', 2);
    await second.runs();
  });

  it('goes on waiting where the other one is stopped, and is started anyway by a resume', async () => {
    const first = await sessions.supervise();
    await first.runs();
    const second = await sessions.supervise({ after: first.spec.name });
    await knows(second, 'it was running');
    await first.current().executeUpdate(stopUpdate, { args: [by] });
    await knows(second, 'was stopped and will not complete');
    expect(await second.current().executeUpdate(resumeUpdate, { args: [by] })).toMatchObject({ outcome: 'accepted', message: expect.stringContaining('it begins now') });
    await second.runs();
  });

  it('says at its start that the other one was stopped, or is not there', async () => {
    const stopped = await sessions.supervise();
    await stopped.runs();
    await stopped.current().executeUpdate(stopUpdate, { args: [by] });
    await stopped.handle.result();
    await knows(await sessions.supervise({ after: stopped.spec.name }), 'was stopped and will not complete');
    await knows(await sessions.supervise({ after: 'nobody-of-that-name' }), 'is not there (Temporal does not know it)');
  });

  it('is stopped while it waits, and the other one goes on', async () => {
    const first = await sessions.supervise();
    await first.runs();
    const second = await sessions.supervise({ after: first.spec.name });
    await knows(second, 'it was running');
    await second.current().executeUpdate(stopUpdate, { args: [by] });
    expect(await second.handle.result()).toMatchObject({ state: 'stopped', attempts: 0 });
    await end(first, 'completed');
    expect(await first.handle.result()).toMatchObject({ state: 'completed' });
  });

  it('is paused while it waits, and waits again after the resume', async () => {
    const first = await sessions.supervise();
    await first.runs();
    const second = await sessions.supervise({ after: first.spec.name });
    await knows(second, 'it was running');
    await second.current().executeUpdate(pauseUpdate, { args: [by] });
    await second.reaches('paused');
    await second.current().executeUpdate(resumeUpdate, { args: [by] });
    await knows(second, 'it was running');
    await end(first, 'completed');
    await second.runs();
  });

  it('has nothing to reset, and says what to do instead', async () => {
    const second = await sessions.supervise({ after: 'nobody-there-either' });
    await knows(second, 'is not there');
    await expect(second.current().executeUpdate(resetUpdate, { args: [by] })).rejects.toMatchObject({ cause: { message: expect.stringContaining('use resume to start it anyway') } });
  });

  it('that would wait for itself, by way of others too, fails and names them; a reset starts it all the same', async () => {
    const name = `first-${Date.now()}`;
    const middle = await sessions.supervise({ name: `${name}-middle`, after: name });
    await knows(middle, 'is not there');
    const last = await sessions.supervise({ name: `${name}-last`, after: middle.spec.name });
    await knows(last, 'it was waiting_for_session');
    const first = await sessions.supervise({ name, after: last.spec.name });
    expect((await first.reaches('failed')).reason).toContain(`${name} after ${name}-last after ${name}-middle after ${name};`);
    await first.current().executeUpdate(resetUpdate, { args: [by] });
    await first.runs();
  });

  it('is told by a session whose run was continued as new', async () => {
    const first = await sessions.supervise();
    await first.runs();
    const second = await sessions.supervise({ after: first.spec.name });
    await knows(second, 'it was running');
    const { runId } = await first.current().describe();
    for (let asked = 0; asked < 200 && (await first.current().describe()).runId === runId; asked += 1) await first.current().executeUpdate(resetUpdate, { args: [by] });
    expect((await first.current().describe()).runId).not.toBe(runId);
    await end(first, 'completed');
    await second.runs();
  }, 90_000);
});
