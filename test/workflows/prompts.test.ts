import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { pauseUpdate, promptsQuery, removePromptUpdate, resetUpdate, resumeUpdate, sendUpdate, stopUpdate, type QueuedAnswer } from '../../workflows/messages.js';
import { poll } from '../support/poll.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'ann' };

function send(session: SupervisedSession, text: string): Promise<QueuedAnswer> {
  return session.current().executeUpdate(sendUpdate, { args: [{ text, ...by }] });
}

/** What each attempt was begun with. */
function given(session: SupervisedSession): (string | undefined)[] {
  return session.host.of('startAgent').map(({ input }) => input.prompt?.text);
}

async function waiting(session: SupervisedSession): Promise<[number, number | null][]> {
  const { waiting } = await session.current().query(promptsQuery);
  return waiting.map(({ id, givenTo }) => [id, givenTo]);
}

/** The message of the refusal. */
async function refused(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return (error as WorkflowUpdateFailedError).cause?.message ?? '';
}

describe('prompts that wait', () => {
  it('are answered with their place, and keep a completed turn from being the end', async () => {
    const session = await sessions.supervise({ script: ['lives', 'completed', 'completed'] });
    await session.runs();
    expect(await send(session, 'second')).toMatchObject({ outcome: 'accepted', id: 1, place: 1 });
    expect(await send(session, 'third')).toMatchObject({ id: 2, place: 2 });
    expect(await session.status()).toMatchObject({ promptsWaiting: 2 });
    const { input } = await session.host.nth('startAgent', 1);
    await session.host.end(input, { exitClass: 'completed' });
    expect(await session.handle.result()).toMatchObject({ state: 'completed', attempts: 3 });
    expect(given(session)).toEqual([undefined, 'second', 'third']);
    expect(session.host.of('startAgent').map(({ input: { strategy } }) => strategy)).toEqual(['native', 'native', 'native']);
  });

  it('are given again after an attempt that had not got them, and never after one that had', async () => {
    const session = await sessions.supervise({ script: ['lives', { exitClass: 'killed', prompt: { id: 1, delivered: false } }, { exitClass: 'host_rebooted', prompt: { id: 1, delivered: true } }, 'completed'] });
    await session.runs();
    await send(session, 'only once');
    const { input } = await session.host.nth('startAgent', 1);
    await session.host.end(input, { exitClass: 'completed' });
    expect(await session.handle.result()).toMatchObject({ state: 'completed', attempts: 4 });
    expect(given(session)).toEqual([undefined, 'only once', 'only once', undefined]);
  });

  it('wait through a pause, and are given at the resume; a pause before they got there gives them again', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await session.current().executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    expect(await send(session, 'later')).toMatchObject({ message: expect.stringContaining('is paused') });
    await session.current().executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    expect(await waiting(session)).toEqual([[1, 2]]);
    await session.current().executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    expect(await waiting(session)).toEqual([[1, null]]);
    await session.current().executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(3);
    session.host.stoppedHavingGotIt = true;
    await session.current().executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    expect(await waiting(session)).toEqual([]);
    expect(given(session)).toEqual([undefined, 'later', 'later']);
  });

  it('wait while it has failed, and are given after the reset', async () => {
    const session = await sessions.supervise({ script: ['auth_failed'] });
    await session.reaches('failed');
    await send(session, 'when it is well again');
    await session.current().executeUpdate(resetUpdate, { args: [by] });
    await session.runs(2);
    expect(given(session)).toEqual([undefined, 'when it is well again']);
  });

  it('survive a run that is continued as new', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await send(session, 'carried along');
    // Each refused removal is an update of its own in the history.
    const { runId } = (await session.current().describe()) ?? {};
    await poll(
      async () => {
        await session.current().executeUpdate(removePromptUpdate, { args: [{ id: 99, ...by }] }).catch(() => undefined);
        return (await session.current().describe()).runId;
      },
      (now) => now !== runId,
      60_000,
    );
    expect(await waiting(session)).toEqual([[1, null]]);
    const { input } = await session.host.nth('startAgent', 1);
    await session.host.end(input, { exitClass: 'completed' });
    await session.runs(2);
    expect(given(session)).toEqual([undefined, 'carried along']);
  }, 90_000);

  it('can be taken out until an attempt has them', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await send(session, 'a');
    await send(session, 'b');
    expect(await session.current().executeUpdate(removePromptUpdate, { args: [{ id: 1, ...by }] })).toMatchObject({ outcome: 'applied' });
    expect(await refused(session.current().executeUpdate(removePromptUpdate, { args: [{ id: 1, ...by }] }))).toMatch(/does not wait/);
    const { input } = await session.host.nth('startAgent', 1);
    await session.host.end(input, { exitClass: 'completed' });
    await session.runs(2);
    expect(await refused(session.current().executeUpdate(removePromptUpdate, { args: [{ id: 2, ...by }] }))).toMatch(/being given to attempt 2/);
    expect(given(session)).toEqual([undefined, 'b']);
  });

  it('are refused where they cannot be kept', async () => {
    const session = await sessions.supervise();
    await session.runs();
    expect(await refused(send(session, 'x'.repeat(65_537)))).toMatch(/65537 bytes, 65536 are allowed/);
    expect(await refused(send(session, '  '))).toMatch(/is empty/);
    await session.current().executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    await expect(send(session, 'too late')).rejects.toThrow();
  });

  it('of a host that knows of none, end in a failure instead of the same turn again and again', async () => {
    const session = await sessions.supervise({ script: ['lives', { exitClass: 'completed', prompt: undefined } as never] });
    await session.runs();
    await send(session, 'lost on it');
    const { input } = await session.host.nth('startAgent', 1);
    await session.host.end(input, { exitClass: 'completed' });
    expect(await session.reaches('failed')).toMatchObject({ epoch: 2, reason: expect.stringMatching(/older version.*shim up/), promptsWaiting: 1 });
  });
});
