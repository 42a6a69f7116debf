import { expect, it } from 'vitest';
import type { PublishedParameter } from '../../../analytics/outcomes/store.js';
import { describeOnEach } from './store-places.js';

const published = (version: number, change: Partial<PublishedParameter> = {}): PublishedParameter => ({ name: 'danger_zone', value: 0.5 + version / 100, version, rollout: null, enrolment: null, ...change });

describeOnEach('a published parameter', ({ open }) => {
  it('stands until a higher version comes, in whatever order they come', async () => {
    const store = await open();
    expect(await store.parameter('danger_zone')).toBeNull();
    expect(await store.publish(published(2), 1_000)).toEqual(published(2));
    expect(await store.publish(published(1), 2_000)).toEqual(published(2));
    expect(await store.publish(published(10), 3_000)).toEqual(published(10));
    expect(await store.parameter('danger_zone')).toEqual(published(10));
  });

  it('is the highest one for all who publish at the same time', async () => {
    const stores = await Promise.all([open(), open()]);
    await Promise.all([3, 1, 4, 2].map((version, at) => (stores[at % 2] ?? stores[0]).publish(published(version), 1_000)));
    expect(await stores[0].parameters()).toEqual([published(4)]);
  });

  it('says what new sessions are enrolled in and what is rolled out', async () => {
    const store = await open();
    const enrolment = { experimentId: 'experiment/danger_zone/1', statsigName: 'danger_zone_1', control: 0.75, treatment: 0.6, startedAtMs: 1_000 };
    const rollout = { experimentId: 'experiment/resume_strategy/1', control: 'native', share: 0.1 };
    const both = [published(1, { enrolment }), published(3, { name: 'resume_strategy', value: 'fork', rollout })];
    for (const parameter of both) await store.publish(parameter, 1_000);
    expect(await store.parameters()).toEqual(both);
  });
});
