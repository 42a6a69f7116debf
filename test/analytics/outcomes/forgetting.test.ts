import { expect, it } from 'vitest';
import type { Store } from '../../../analytics/outcomes/store.js';
import type { SessionClosed } from '../../../domain/outcome.js';
import { parametersSchema } from '../../../domain/parameters.js';
import { aPlan, aStatus } from '../../support/an-experiment.js';
import { assignment, outcome } from './records.js';
import { describeOnEach } from './store-places.js';

/** Two attempts, ended at 1 s and at 2 s, and a close. */
async function addSession(store: Store, sessionId: string, change: Partial<SessionClosed> = {}): Promise<void> {
  await store.openSession({ sessionId, sessionName: sessionId, hostId: 'host', agent: 'codex', parameters: parametersSchema.parse({}), openedAtMs: 500 });
  await store.record([outcome({ sessionId, endedAtMs: 1_000 }), outcome({ sessionId, endedAtMs: 2_000, epoch: 2 })]);
  await store.closeSession({ sessionId, state: 'completed', attempts: 2, restarts: 1, closedAtMs: 2_000, ...change });
}

describeOnEach('forgetting', ({ open }) => {
  it('takes away whole sessions that closed before, and counts the same on a dry run', async () => {
    const store = await open();
    for (const name of ['old', 'older']) await addSession(store, name, { state: 'stopped' });
    await addSession(store, 'young', { closedAtMs: 3_000 });
    expect(await store.forget(3_000, { isDryRun: true })).toEqual({ sessions: 2, attempts: 4 });
    expect(await store.session('old')).toMatchObject({ attempts: [{}, {}] });
    expect(await store.forget(3_000, { isDryRun: false })).toEqual({ sessions: 2, attempts: 4 });
    expect([await store.session('old'), await store.session('older')]).toEqual([null, null]);
    expect(await store.session('young')).toMatchObject({ opened: {}, attempts: [{}, {}], closed: {} });
    expect(await store.forget(3_000, { isDryRun: false })).toEqual({ sessions: 0, attempts: 0 });
  });

  it('leaves what may go on: a session that failed, that never closed, or with a later attempt', async () => {
    const store = await open();
    await addSession(store, 'failed', { state: 'failed' });
    await addSession(store, 'reset');
    await store.record([outcome({ sessionId: 'reset', endedAtMs: 3_000, epoch: 3 }), outcome({ sessionId: 'open', endedAtMs: 1_000 })]);
    expect(await store.forget(3_000, { isDryRun: false })).toEqual({ sessions: 0, attempts: 0 });
  });

  it('takes nothing from an experiment that is open, and leaves what a closed one has come to', async () => {
    const store = await open();
    const [closed, running] = [aPlan({ id: 'experiment/danger_zone/1' }), aPlan({ id: 'experiment/danger_zone/2' })];
    await store.saveExperiment(aStatus({ plan: closed, phase: 'closed', conclusion: 'kept', verdict: 'SHIP' }), 1_000);
    await store.saveExperiment(aStatus({ plan: running, phase: 'monitoring' }), 1_000);
    const given = { 'of the closed': [closed.id], 'of the running': [running.id], 'of both': [closed.id, running.id], 'of an unknown one': ['experiment/danger_zone/3'] };
    for (const [sessionId, experiments] of Object.entries(given)) {
      await addSession(store, sessionId);
      for (const experimentId of experiments) await store.assign(assignment({ experimentId, sessionId, assignedAtMs: 600 }));
    }
    const maturing = { horizonMs: 10_000, nowMs: 20_000, checkpointLimitMs: 100 };
    for (const { id } of [closed, running]) await store.mature(id, maturing);
    const before = { units: await store.unitsAfter(closed.id, 0, 10), soFar: await store.unitsSoFar(running.id, maturing), arms: await store.countAssignments(closed.id) };
    expect(await store.forget(3_000, { isDryRun: false })).toEqual({ sessions: 1, attempts: 2 });
    expect(await store.session('of the closed')).toMatchObject({ opened: null, attempts: [], assignments: [{ experimentId: closed.id }] });
    expect({ units: await store.unitsAfter(closed.id, 0, 10), soFar: await store.unitsSoFar(running.id, maturing), arms: await store.countAssignments(closed.id) }).toEqual(before);
    expect(before.units).toHaveLength(2);
  });
});
