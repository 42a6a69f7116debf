import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createEntityActivities, type EntityActivities } from '../../activities/entity-activities.js';
import { kaizenSearchAttributes, ledgerWorkflowId, parameterWorkflowId } from '../../workflows/kaizen-messages.js';
import { KaizenWorld } from '../support/kaizen/kaizen-world.js';

let world: KaizenWorld;
let entities: EntityActivities;
beforeAll(async () => {
  world = await KaizenWorld.create();
  entities = createEntityActivities({ client: world.environment.client });
});
afterEach(async () => {
  await world.environment.endIfThere(parameterWorkflowId('danger_zone'));
  await world.reset();
});
afterAll(() => world.environment.close());

const experimentId = 'experiment/danger_zone/1';
const other = 'experiment/danger_zone/2';

/** Runs an activity as that of some workflow: the same run is the same call made again. */
function as<Input, Output>(runId: string, activity: (input: Input) => Promise<Output>, input: Input): Promise<Output> {
  return new MockActivityEnvironment({ activityId: '1', workflowExecution: { workflowId: 'experiment', runId } }).run(activity, input) as Promise<Output>;
}

describe('what workflows ask of entities', () => {
  it('begins the entity where there is none', async () => {
    expect(await as('a', entities.parameterStatus, { name: 'danger_zone' as const })).toMatchObject({ value: 0.75, version: 0 });
    const { typedSearchAttributes } = await world.parameter('danger_zone').describe();
    expect(typedSearchAttributes.get(kaizenSearchAttributes.parameter)).toBe('danger_zone');
  });

  it('is the same when it is asked twice, by a retry or a second run', async () => {
    const asked = { name: 'danger_zone' as const, experimentId };
    const [first, retried] = await Promise.all([as('a', entities.acquire, asked), as('a', entities.acquire, asked)]);
    const again = await as('b', entities.acquire, asked);
    expect([first, retried, again]).toMatchObject([{ granted: true }, { granted: true }, { granted: true, status: { holder: experimentId, experiments: 1 } }]);
    const deployed = { ...asked, value: 0.6, share: 0.9, version: 0, reason: 'evidence' };
    const statuses = await Promise.all([as('c', entities.deploy, deployed), as('d', entities.deploy, deployed), as('d', entities.deploy, deployed)]);
    expect(statuses).toMatchObject([{ version: 1 }, { version: 1 }, { version: 1 }]);
    expect(world.store.asked).toHaveLength(1);
    await as('e', entities.restore, { ...asked, reason: 'harm' });
    expect(await as('f', entities.restore, { ...asked, reason: 'harm' })).toMatchObject({ value: 0.75, version: 2 });
    await as('g', entities.release, { ...asked, coolDownMs: 1_000, reason: 'over' });
    expect(await as('h', entities.release, { ...asked, coolDownMs: 9_000, reason: 'over' })).toMatchObject({ holder: null, version: 2 });
  });

  it('fails by the type of the refusal, which no retry changes', async () => {
    const refused = as('a', entities.deploy, { name: 'danger_zone' as const, experimentId: other, value: 0.6, share: 0.9, version: 0, reason: 'mine' });
    await expect(refused).rejects.toMatchObject({ type: 'ParameterTaken', nonRetryable: true, message: expect.stringContaining('not held by any experiment') as string });
    const invalid = as('b', entities.deploy, { name: 'danger_zone' as const, experimentId: other, value: 7, share: 0.9, version: 0, reason: 'mine' });
    await expect(invalid).rejects.toMatchObject({ type: 'InvalidValue', nonRetryable: true });
  });

  it('uses up one level, however often it is asked for it', async () => {
    const scope = 'twice';
    expect(await as('a', entities.issueAlpha, { scope, experimentId })).toEqual({ index: 1, alpha: 0.001 });
    expect(await as('a', entities.issueAlpha, { scope, experimentId })).toEqual({ index: 1, alpha: 0.001 });
    expect(await as('b', entities.issueAlpha, { scope, experimentId })).toEqual({ index: 1, alpha: 0.001 });
    await as('c', entities.learnResult, { scope, experimentId, logEValue: 9 });
    expect(await as('d', entities.learnResult, { scope, experimentId, logEValue: 9 })).toMatchObject({ lond: { begun: 1, rejections: 1 } });
    await world.environment.endIfThere(ledgerWorkflowId(scope));
  });
});
