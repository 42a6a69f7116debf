import { expect, it } from 'vitest';
import { describeOnEach } from './store-places.js';

describeOnEach('what Statsig is owed', ({ open }) => {
  it('is kept in order until it was sent', async () => {
    const store = await open();
    await store.enqueue('console', { call: 'start' }, 3_000);
    await store.enqueue('exposure', { user: 'a' }, 1_000);
    await store.enqueue('event', null, 2_000);
    const owed = await store.owed(10);
    expect(owed.map(({ kind, body, createdAtMs }) => [kind, body, createdAtMs])).toEqual([
      ['console', { call: 'start' }, 3_000],
      ['exposure', { user: 'a' }, 1_000],
      ['event', null, 2_000],
    ]);
    expect(await store.owed(1)).toEqual(owed.slice(0, 1));
    const sent = owed.slice(0, 2).map(({ id }) => id);
    await store.sent(sent);
    await store.sent(sent);
    await store.sent([]);
    expect(await store.owed(10)).toEqual(owed.slice(2));
  });

  it('has a number that is never given twice', async () => {
    const store = await open();
    await store.enqueue('event', 1, 1_000);
    const [first] = await store.owed(1);
    await store.sent([first?.id ?? 0]);
    await store.enqueue('event', 2, 1_000);
    const [second] = await store.owed(1);
    expect(second?.id).toBeGreaterThan(first?.id ?? Number.POSITIVE_INFINITY);
  });
});
