import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { SessionClosed, SessionOpened } from '../../../domain/outcome.js';
import { parametersSchema } from '../../../domain/parameters.js';
import { assignment, outcome } from './records.js';
import { describeOnEach } from './store-places.js';

const opened = (sessionId: string): SessionOpened => ({ sessionId, sessionName: 'demo', hostId: 'host', agent: 'codex', parameters: parametersSchema.parse({ dangerZone: 0.6 }), openedAtMs: 1_000 });
const closed = (sessionId: string): SessionClosed => ({ sessionId, state: 'failed', attempts: 2, restarts: 1, closedAtMs: 5_000 });

describeOnEach('the record of a session', ({ open }) => {
  it('is its opening, its attempts by epoch, its assignments and its close', async () => {
    const store = await open();
    const sessionId = randomUUID();
    const [second, first] = [outcome({ sessionId, epoch: 2 }), outcome({ sessionId, epoch: 1 })];
    await store.openSession(opened(sessionId));
    const { experimentId, parameter, arm, assignedAtMs } = await store.assign(assignment({ sessionId }));
    await store.record([second, first, outcome()]);
    await store.closeSession(closed(sessionId));
    expect(await store.session(sessionId)).toEqual({ sessionId, opened: opened(sessionId), closed: closed(sessionId), attempts: [first, second], assignments: [{ experimentId, parameter, arm, assignedAtMs }] });
  });

  it('has what is known, and is null where nothing is', async () => {
    const store = await open();
    const sessionId = randomUUID();
    expect(await store.session(sessionId)).toBeNull();
    await store.closeSession(closed(sessionId));
    expect(await store.session(sessionId)).toMatchObject({ opened: null, closed: closed(sessionId), attempts: [] });
  });

  it('keeps the first opening and the latest close, in whatever order they are told', async () => {
    const store = await open();
    const sessionId = randomUUID();
    const completed: SessionClosed = { ...closed(sessionId), state: 'completed', closedAtMs: 6_000 };
    for (const close of [closed(sessionId), completed, closed(sessionId)]) await store.closeSession(close);
    await store.openSession(opened(sessionId));
    await store.openSession({ ...opened(sessionId), openedAtMs: 2_000 });
    expect(await store.session(sessionId)).toMatchObject({ opened: opened(sessionId), closed: completed });
  });
});

describeOnEach('sessions of a window', ({ open }) => {
  it('are those with an attempt that ended in it, oldest first, with all their attempts', async () => {
    const store = await open();
    await store.record([
      outcome({ sessionId: 'before', endedAtMs: 999 }),
      outcome({ sessionId: 'late', endedAtMs: 1_999 }),
      outcome({ sessionId: 'early', endedAtMs: 1_000 }),
      outcome({ sessionId: 'early', endedAtMs: 2_500, epoch: 2 }),
      outcome({ sessionId: 'after', endedAtMs: 2_000 }),
    ]);
    const found = await store.sessionsBetween(1_000, 2_000);
    expect(found.map(({ sessionId, attempts }) => [sessionId, attempts.length])).toEqual([
      ['early', 2],
      ['late', 1],
    ]);
    expect((await store.sessionsBetween(1_000, 2_000, 1)).map(({ sessionId }) => sessionId)).toEqual(['late']);
    expect(await store.sessionsBetween(5_000, 6_000)).toEqual([]);
  });

  it('are all there, however many', async () => {
    const store = await open();
    await store.record(Array.from({ length: 450 }, (_, at) => outcome({ sessionId: `session-${at}`, endedAtMs: at })));
    expect((await store.sessionsBetween(0, 1_000)).map(({ sessionId }) => sessionId)).toEqual(Array.from({ length: 450 }, (_, at) => `session-${at}`));
  });
});
