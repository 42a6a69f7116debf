import { expect, it } from 'vitest';
import { assignment } from './records.js';
import { describeOnEach } from './store-places.js';

describeOnEach('an assignment', ({ open }) => {
  it('stands as it was first given, whoever gives it again', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const first = await one.assign(assignment({ value: 'fork', parameter: 'resume_strategy', arm: 'control' }));
    expect(await other.assign({ ...first, arm: 'treatment', value: 'brief', assignedAtMs: 9_000 })).toEqual(first);
    expect(await one.assignmentsOf(first.sessionId)).toEqual([first]);
  });

  it('is the same for all who give it at the same time', async () => {
    const stores = await Promise.all([open(), open()]);
    const given = assignment();
    const answers = await Promise.all(stores.flatMap((store) => (['control', 'treatment'] as const).map((arm) => store.assign({ ...given, arm }))));
    expect(new Set(answers.map(({ arm }) => arm)).size).toBe(1);
  });

  it('is one for each experiment of a session, by their time', async () => {
    const store = await open();
    const later = await store.assign(assignment({ experimentId: 'a', assignedAtMs: 2_000 }));
    const earlier = await store.assign(assignment({ experimentId: 'b', sessionId: later.sessionId, assignedAtMs: 1_000 }));
    expect(await store.assignmentsOf(later.sessionId)).toEqual([earlier, later]);
  });

  it('is counted by its arm', async () => {
    const store = await open();
    for (const arm of ['control', 'treatment', 'treatment'] as const) await store.assign(assignment({ experimentId: 'a', arm }));
    await store.assign(assignment({ experimentId: 'b' }));
    expect(await store.countAssignments('a')).toEqual({ control: 1, treatment: 2 });
    expect(await store.countAssignments('c')).toEqual({ control: 0, treatment: 0 });
  });
});
