import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  acquireUpdate,
  deployUpdate,
  enrolUpdate,
  freezeUpdate,
  kaizenSearchAttributes,
  keepUpdate,
  refreshUpdate,
  releaseUpdate,
  restoreUpdate,
  setModeUpdate,
  setParameterUpdate,
  unfreezeUpdate,
  type Enrolment,
} from '../../../workflows/kaizen-messages.js';
import { poll } from '../../support/poll.js';
import { useParameters } from '../../support/kaizen/use-parameters.js';

const parameters = useParameters();
const day = 86_400_000;

function anExperiment(n = 1): string {
  return `experiment/danger_zone-${randomUUID().slice(0, 8)}/${n}`;
}
function anEnrolment(experimentId: string): Enrolment {
  return { experimentId, statsigName: 'danger_zone_optimization_1', control: 0.75, treatment: 0.6, startedAtMs: 1_000 };
}

/** The entity of danger_zone, held by an experiment that is open. */
async function held() {
  const entity = await parameters.begin('danger_zone');
  const experimentId = anExperiment();
  await parameters.openExperiment(experimentId);
  await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId }] });
  return { ...entity, experimentId };
}

/** Held, and deployed to nine tenths of the sessions. */
async function rolledOut() {
  const entity = await held();
  const { experimentId } = entity;
  const status = await entity.handle().executeUpdate(deployUpdate, { args: [{ experimentId, value: 0.6, share: 0.9, version: 0, reason: 'evidence' }] });
  return { ...entity, status };
}

// First: a call that once failed keeps the time-skipping server from ever skipping again.
describe('an experiment that ends', () => {
  it("cools the parameter down, by the server's clock", async () => {
    const entity = await held();
    const asked = { experimentId: entity.experimentId, coolDownMs: day, reason: 'no evidence' };
    const status = await entity.handle().executeUpdate(releaseUpdate, { args: [asked] });
    expect(status).toMatchObject({ holder: null });
    expect(await entity.handle().executeUpdate(releaseUpdate, { args: [{ ...asked, coolDownMs: 5 * day }] })).toEqual(status);
    expect(await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId: anExperiment(2) }] })).toMatchObject({ granted: false, reason: expect.stringContaining('cooling down until') });
    await parameters.environment.skip(day + 1_000);
    expect(await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId: anExperiment(3) }] })).toMatchObject({ granted: true, status: { coolDownUntilMs: null } });
  });
});

describe('a parameter', () => {
  it('that nobody has touched has its default, asks before nothing is tried, and publishes nothing', async () => {
    const entity = await parameters.begin('danger_zone');
    expect(await entity.status()).toEqual({
      name: 'danger_zone', value: 0.75, lastKnownGood: 0.75, version: 0, rollout: null, enrolment: null, holder: null,
      mode: 'observe', frozen: null, coolDownUntilMs: null, experiments: 0, history: [],
    });
    await entity.handle().executeUpdate(refreshUpdate);
    expect(parameters.store.asked).toEqual([]);
    const { typedSearchAttributes } = await entity.handle().describe();
    expect(typedSearchAttributes.get(kaizenSearchAttributes.parameter)).toBe('danger_zone');
  });

  it('set by a person is in the store before the answer, with who and why', async () => {
    const entity = await parameters.begin('danger_zone');
    const status = await entity.handle().executeUpdate(setParameterUpdate, { args: [{ value: 0.6, by: 'ada', reason: 'crashes late' }] });
    expect(status).toMatchObject({ value: 0.6, lastKnownGood: 0.6, version: 1, history: [{ version: 1, value: 0.6, by: 'ada', reason: 'crashes late' }] });
    expect(await parameters.store.parameter('danger_zone')).toEqual({ name: 'danger_zone', value: 0.6, version: 1, rollout: null, enrolment: null });
    expect(await entity.handle().executeUpdate(setParameterUpdate, { args: [{ value: 0.6, by: 'ada', reason: 'again' }] })).toEqual(status);
    expect(await parameters.pushed(1)).toEqual([{ name: 'danger_zone', version: 1 }]);
  });

  it('of a host is told to no session', async () => {
    const entity = await parameters.begin('restart_strategy');
    await entity.handle().executeUpdate(setParameterUpdate, { args: [{ value: 'sequential_init', by: 'ada', reason: 'the disk' }] });
    await entity.handle().executeUpdate(refreshUpdate);
    expect(await parameters.pushed(0)).toEqual([]);
  });

  it.each([
    { what: 'a value out of its range', update: setParameterUpdate, input: { value: 1.5, by: 'ada', reason: '' }, message: 'danger_zone is from 0.1 to 1 ratio, not 1.5' },
    { what: 'a text for a number', update: setParameterUpdate, input: { value: 'high', by: 'ada', reason: '' }, message: 'danger_zone is from 0.1 to 1 ratio, not "high"' },
    { what: 'a share of nothing', update: deployUpdate, input: { experimentId: 'e', value: 0.6, share: 0, version: 0, reason: '' }, message: 'a share is above 0 and at most 1, not 0' },
    { what: 'a mode that is none', update: setModeUpdate, input: { mode: 'fast', by: 'ada' }, message: 'a mode is one of observe, propose, auto, not "fast"' },
    { what: "another's enrolment", update: enrolUpdate, input: { experimentId: 'e', enrolment: anEnrolment('f'), reason: '' }, message: "an enrolment of f is not e's to begin" },
  ])('refuses $what, and stays as it is', async ({ update, input, message }) => {
    const entity = await parameters.begin('danger_zone');
    const asked = entity.handle().executeUpdate(update as typeof setParameterUpdate, { args: [input as { value: number; by: string; reason: string }] });
    await expect(asked).rejects.toMatchObject({ cause: { type: 'InvalidValue', message } });
    expect((await entity.status()).version).toBe(0);
  });

  it('keeps the order of requests while the store is away, and answers none before it is back', async () => {
    const entity = await parameters.begin('danger_zone');
    await entity.handle().executeUpdate(refreshUpdate);
    parameters.store.away = new Error('no store');
    const values = [0.5, 0.6, 0.7];
    const answered: number[] = [];
    const asked: Promise<unknown>[] = [];
    for (const value of values) {
      const update = await entity.handle().startUpdate(setParameterUpdate, { args: [{ value, by: 'ada', reason: 'order' }], waitForStage: 'ACCEPTED' });
      asked.push(update.result().then(({ version }) => answered.push(version)));
    }
    expect(await entity.handle().executeUpdate(freezeUpdate, { args: [{ by: 'ada', reason: 'wait' }] })).toMatchObject({ frozen: { by: 'ada', reason: 'wait' }, version: 0 });
    expect(answered).toEqual([]);
    parameters.store.away = null;
    await Promise.all(asked);
    expect(answered).toEqual([1, 2, 3]);
    expect(parameters.store.asked.map(({ value }) => value)).toEqual(values);
    expect(await entity.status()).toMatchObject({ value: 0.7, version: 3, frozen: { by: 'ada' } });
  });

  it('takes over what somebody published with a higher version, and publishes above it', async () => {
    const entity = await parameters.begin('danger_zone');
    await entity.handle().executeUpdate(setParameterUpdate, { args: [{ value: 0.6, by: 'ada', reason: 'first' }] });
    parameters.store.stand({ name: 'danger_zone', value: 0.5, version: 7, rollout: null, enrolment: null });
    expect(await entity.handle().executeUpdate(refreshUpdate)).toMatchObject({ value: 0.5, lastKnownGood: 0.5, version: 7 });
    parameters.store.before = () => parameters.store.stand({ name: 'danger_zone', value: 0.4, version: 8, rollout: null, enrolment: null });
    const status = await entity.handle().executeUpdate(setParameterUpdate, { args: [{ value: 0.7, by: 'ada', reason: 'mine' }] });
    expect(status.history.map(({ version, value, by }) => [version, value, by])).toEqual([[1, 0.6, 'ada'], [7, 0.5, 'library'], [8, 0.4, 'library'], [9, 0.7, 'ada']]);
    expect(await parameters.store.parameter('danger_zone')).toMatchObject({ value: 0.7, version: 9 });
  });

  it('that was lost is begun anew from what stands in the store, its rollout and control with it', async () => {
    const rollout = { experimentId: 'experiment/danger_zone/3', control: 0.75, share: 0.9 };
    parameters.store.stand({ name: 'danger_zone', value: 0.6, version: 12, rollout, enrolment: null });
    const entity = await parameters.begin('danger_zone');
    expect(await entity.handle().executeUpdate(refreshUpdate)).toMatchObject({ value: 0.6, lastKnownGood: 0.75, version: 12, rollout, mode: 'observe' });
  });
});

describe('an experiment', () => {
  it('takes a free parameter, again as often as it asks, and no other has it meanwhile', async () => {
    const entity = await held();
    expect(await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId: entity.experimentId }] })).toMatchObject({ granted: true, status: { holder: entity.experimentId, experiments: 1 } });
    expect(await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId: anExperiment(4) }] })).toEqual({ granted: false, reason: `danger_zone is held by ${entity.experimentId}` });
    expect(await entity.status()).toMatchObject({ holder: entity.experimentId, experiments: 4 });
  });

  it.each([
    { what: 'frozen', prepare: freezeUpdate, input: { by: 'ada', reason: 'a release week' }, reason: 'danger_zone is frozen by ada: a release week' },
  ])('does not get one that is $what, until it is free again', async ({ prepare, input, reason }) => {
    const entity = await parameters.begin('danger_zone');
    await entity.handle().executeUpdate(prepare, { args: [input] });
    expect(await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId: anExperiment() }] })).toEqual({ granted: false, reason });
    await entity.handle().executeUpdate(unfreezeUpdate, { args: [{ by: 'ada' }] });
    expect(await entity.handle().executeUpdate(acquireUpdate, { args: [{ experimentId: anExperiment() }] })).toMatchObject({ granted: true });
  });

  it('enrols sessions and ends it again, each published once', async () => {
    const { handle, experimentId } = await held();
    const enrolment = anEnrolment(experimentId);
    const status = await handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment, reason: 'begins' }] });
    expect(await handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment, reason: 'again' }] })).toEqual(status);
    expect(await parameters.store.parameter('danger_zone')).toEqual({ name: 'danger_zone', value: 0.75, version: 1, rollout: null, enrolment });
    expect(await handle().executeUpdate(enrolUpdate, { args: [{ experimentId: anExperiment(), enrolment: null, reason: 'not mine' }] })).toEqual(status);
    expect(await handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment: null, reason: 'over' }] })).toMatchObject({ enrolment: null, version: 2 });
    expect(parameters.store.asked).toHaveLength(2);
  });

  it('does not enrol for a control that the parameter no longer is', async () => {
    const { handle, experimentId } = await held();
    const enrolment = { ...anEnrolment(experimentId), control: 0.7 };
    await expect(handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment, reason: 'stale' }] })).rejects.toMatchObject({ cause: { type: 'ParameterTaken' } });
  });

  it('deploys to a share, the same again changes nothing, and its enrolment is over with it', async () => {
    const { handle, experimentId } = await held();
    const { version } = await handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment: anEnrolment(experimentId), reason: 'begins' }] });
    const asked = { experimentId, value: 0.6, share: 0.9, version, reason: 'evidence' };
    const status = await handle().executeUpdate(deployUpdate, { args: [asked] });
    expect(status).toMatchObject({ value: 0.6, lastKnownGood: 0.75, version: 2, enrolment: null, rollout: { experimentId, control: 0.75, share: 0.9 } });
    expect(await handle().executeUpdate(deployUpdate, { args: [asked] })).toEqual(status);
    expect(await parameters.store.parameter('danger_zone')).toMatchObject({ version: 2, rollout: { share: 0.9 } });
    expect(await parameters.pushed(0)).toEqual([]);
  });

  it('that does not hold the parameter deploys nothing', async () => {
    const { handle, experimentId } = await held();
    const asked = handle().executeUpdate(deployUpdate, { args: [{ experimentId: anExperiment(2), value: 0.6, share: 1, version: 9, reason: 'mine' }] });
    await expect(asked).rejects.toMatchObject({ cause: { type: 'ParameterTaken', message: expect.stringContaining(`held by ${experimentId}`) } });
  });

  it('loses it to a person, and deploys no more, not even when it has taken it again', async () => {
    const { handle, experimentId } = await held();
    const { version } = await handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment: anEnrolment(experimentId), reason: 'begins' }] });
    expect(await handle().executeUpdate(setParameterUpdate, { args: [{ value: 0.7, by: 'ada', reason: 'mine now' }] })).toMatchObject({ holder: null, enrolment: null, rollout: null, value: 0.7 });
    const asked = { experimentId, value: 0.6, share: 0.9, version, reason: 'evidence' };
    await expect(handle().executeUpdate(deployUpdate, { args: [asked] })).rejects.toMatchObject({ cause: { type: 'ParameterTaken' } });
    await handle().executeUpdate(acquireUpdate, { args: [{ experimentId }] });
    await expect(handle().executeUpdate(deployUpdate, { args: [asked] })).rejects.toMatchObject({ cause: { type: 'ParameterTaken', message: expect.stringContaining('changed by ada') } });
    expect(await parameters.store.parameter('danger_zone')).toMatchObject({ value: 0.7, rollout: null });
  });

  it('restores the last known good value, frozen or not, and once', async () => {
    const { handle, experimentId } = await rolledOut();
    await handle().executeUpdate(freezeUpdate, { args: [{ by: 'ada', reason: 'halt' }] });
    const asked = { experimentId, reason: 'it regressed' };
    const status = await handle().executeUpdate(restoreUpdate, { args: [asked] });
    expect(status).toMatchObject({ value: 0.75, lastKnownGood: 0.75, rollout: null, version: 2 });
    expect(await handle().executeUpdate(restoreUpdate, { args: [asked] })).toEqual(status);
    expect(await parameters.store.parameter('danger_zone')).toMatchObject({ value: 0.75, version: 2, rollout: null });
    expect(await parameters.pushed(1)).toEqual([{ name: 'danger_zone', version: 2 }]);
  });

  it("restores nothing of another's", async () => {
    const { handle, status } = await rolledOut();
    expect(await handle().executeUpdate(restoreUpdate, { args: [{ experimentId: anExperiment(9), reason: 'not mine' }] })).toEqual(status);
  });

  it('keeps what has stood its watch: everybody gets it, and it is the last known good', async () => {
    const { handle, experimentId } = await rolledOut();
    const status = await handle().executeUpdate(keepUpdate, { args: [{ experimentId, reason: 'it stood 14 days' }] });
    expect(status).toMatchObject({ value: 0.6, lastKnownGood: 0.6, rollout: null, version: 2 });
    expect(await handle().executeUpdate(keepUpdate, { args: [{ experimentId, reason: 'again' }] })).toEqual(status);
    expect(await handle().executeUpdate(restoreUpdate, { args: [{ experimentId, reason: 'too late' }] })).toEqual(status);
  });

  it('does not deploy what is frozen', async () => {
    const { handle, experimentId } = await held();
    await handle().executeUpdate(freezeUpdate, { args: [{ by: 'ada', reason: 'halt' }] });
    const asked = handle().executeUpdate(deployUpdate, { args: [{ experimentId, value: 0.6, share: 1, version: 0, reason: 'evidence' }] });
    await expect(asked).rejects.toMatchObject({ cause: { type: 'ParameterTaken', message: 'danger_zone is frozen by ada: halt' } });
  });

  it('that is no longer open loses the parameter to the next, with all that it gave', async () => {
    const { handle, experimentId } = await rolledOut();
    await parameters.endExperiment(experimentId);
    const next = anExperiment(2);
    expect(await handle().executeUpdate(acquireUpdate, { args: [{ experimentId: next }] })).toMatchObject({ granted: true, status: { holder: next, value: 0.75, rollout: null } });
    expect(await parameters.store.parameter('danger_zone')).toMatchObject({ value: 0.75, rollout: null });
  });

  it('that only watches what it deployed is over when the next takes the parameter, and what it deployed stays', async () => {
    const { handle, experimentId } = await rolledOut();
    await handle().executeUpdate(releaseUpdate, { args: [{ experimentId, coolDownMs: 0, reason: 'it watches' }] });
    const next = anExperiment(2);
    expect(await handle().executeUpdate(acquireUpdate, { args: [{ experimentId: next }] })).toMatchObject({ granted: true, status: { holder: next, value: 0.6, lastKnownGood: 0.6, rollout: null } });
  });
});

describe('a long history', () => {
  it('goes on in a new run once the store has answered what it held up, and loses nothing', async () => {
    const { handle, status, experimentId } = await held();
    await handle().executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment: anEnrolment(experimentId), reason: 'begins' }] });
    const { runId } = await handle().describe();
    parameters.store.away = new Error('no store');
    const heldUp = await handle().startUpdate(setParameterUpdate, { args: [{ value: 0.5, by: 'ada', reason: 'in flight' }], waitForStage: 'ACCEPTED' });
    while ((await handle().describe()).historyLength < 510) await handle().executeUpdate(unfreezeUpdate, { args: [{ by: 'ada' }] });
    expect(await handle().describe()).toMatchObject({ runId });
    parameters.store.away = null;
    expect(await heldUp.result()).toMatchObject({ value: 0.5, version: 2, holder: null });
    await poll(
      async () => (await handle().describe()).runId,
      (now) => now !== runId,
    );
    expect(await status()).toMatchObject({ value: 0.5, version: 2, history: [{ version: 1 }, { version: 2 }] });
    expect(await handle().executeUpdate(setParameterUpdate, { args: [{ value: 0.55, by: 'ada', reason: 'after' }] })).toMatchObject({ version: 3 });
  });
});
