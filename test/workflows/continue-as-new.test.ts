import { describe, expect, it } from 'vitest';
import { checkpointMadeSignal, checkpointNowUpdate, stopUpdate } from '../../workflows/messages.js';
import { poll } from '../support/poll.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'test' };

/** Each command that comes in puts the new run off by a replay of the long history; ms. */
const newRunPatienceMs = 40_000;

/** Makes the history so long that the session goes on in a new run. */
async function outgrow(session: SupervisedSession): Promise<void> {
  const { runId } = await session.current().describe();
  for (let i = 0; i < 520; i += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, j) => session.current().signal(checkpointMadeSignal, { id: `ck-${i + j}`, atMs: i, trigger: 'danger_zone' })));
  }
  await poll(
    () => session.current().describe(),
    (description) => description.runId !== runId,
    newRunPatienceMs,
  );
}

describe('a long history', () => {
  it('goes on in a new run with the same attempt, its ends and its wishes', async () => {
    const session = await sessions.supervise({ script: ['crashed'] });
    const before = await session.runs(2);
    await outgrow(session);
    const after = await session.status();
    expect({ ...after, checkpoint: null }).toEqual(before);
    expect(after.checkpoint?.id).toMatch(/^ck-/);
    expect(session.host.of('startAgent')).toHaveLength(2);
    expect(session.host.of('stopAgent')).toHaveLength(0);
    expect(await session.searchAttribute('state')).toBe('running');
    await session.host.end((await session.host.nth('startAgent', 2)).input, { exitClass: 'killed' });
    await session.until(({ state, epoch }) => state === 'backing_off' && epoch === 2);
  });

  it('loses no command that comes in while it is continued', async () => {
    const session = await sessions.supervise();
    await session.runs();
    let askedAtMs = 0;
    const ask = async () => {
      for (let sent = 0; sent < 10; sent += 1) {
        askedAtMs = await sessions.environment.now();
        await session.current().executeUpdate(checkpointNowUpdate, { args: [by] });
      }
    };
    await Promise.all([outgrow(session), ask()]);
    await poll(
      () => Promise.resolve(session.host.of('createCheckpoint').at(-1)?.atMs ?? 0),
      (madeAtMs) => madeAtMs >= askedAtMs,
    );
    // A stop gives an open call up, which the time-skipping server does not survive in the task that brings its result.
    await session.rests();
    await session.current().executeUpdate(stopUpdate, { args: [by] });
    expect(await session.current().result()).toMatchObject({ state: 'stopped', attempts: 1 });
    expect(session.host.of('startAgent')).toHaveLength(1);
  });
});
