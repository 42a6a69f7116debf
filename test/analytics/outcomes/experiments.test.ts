import { expect, it } from 'vitest';
import { aLook, aPlan, aStatus, crashTotals } from '../../support/an-experiment.js';
import { describeOnEach } from './store-places.js';

describeOnEach('the record of an experiment', ({ open }) => {
  it('is its latest status, however late an earlier one comes', async () => {
    const store = await open();
    const running = aStatus();
    const closed = aStatus({ phase: 'closed', conclusion: 'kept', verdict: 'SHIP' });
    await store.saveExperiment(running, 1_000);
    await store.saveExperiment(closed, 2_000);
    await store.saveExperiment(running, 1_500);
    expect(await store.experiment(running.plan.id)).toEqual(closed);
    expect(await store.experiment('experiment/danger_zone/9')).toBeNull();
  });

  it('is listed with the others, oldest first', async () => {
    const store = await open();
    const second = aStatus({ plan: aPlan({ id: 'a' }), startedAtMs: 2_000 });
    const first = aStatus({ plan: aPlan({ id: 'b' }), startedAtMs: 1_000 });
    for (const status of [second, first]) await store.saveExperiment(status, 3_000);
    expect(await store.experiments()).toEqual([first, second]);
  });

  it('has every look once, by their time', async () => {
    const store = await open();
    const plan = aPlan();
    const look = (atMs: number, units: number) => aLook(plan, crashTotals(3, units), crashTotals(1, units), { atMs, interval: { lower: null, upper: 0.1 } });
    for (const seen of [look(2_000, 20), look(1_000, 10), look(2_000, 30)]) await store.saveLook(plan.id, seen);
    await store.saveLook('experiment/danger_zone/2', look(1_000, 5));
    expect(await store.looks(plan.id)).toEqual([look(1_000, 10), look(2_000, 20)]);
  });
});
