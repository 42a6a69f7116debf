import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { alphaLedger } from '../../../workflows/alpha-ledger.js';
import { abortUpdate, changeSettingsUpdate, freezeUpdate, issueAlphaUpdate, ledgerStatusQuery, ledgerWorkflowId, lookNowSignal, nudgeSignal, stopKaizenUpdate } from '../../../workflows/kaizen-messages.js';
import { controlQueue } from '../../../workflows/messages.js';
import { aPlan } from '../../support/an-experiment.js';
import { anOpportunity } from '../../support/kaizen/an-opportunity.js';
import { KaizenWorld } from '../../support/kaizen/kaizen-world.js';
import { poll } from '../../support/poll.js';

let world: KaizenWorld;
beforeAll(async () => {
  world = await KaizenWorld.create();
});
afterEach(() => world.reset());
afterAll(() => world.environment.close());

const hour = 3_600_000;
/** Of a metric that is a mean. */
const baseline = { mean: 1_000, standardDeviation: 500 };

/** The loop after its first look, with this parameter in mode auto. */
async function inAuto(name: Parameters<KaizenWorld['setMode']>[0], settings?: Parameters<KaizenWorld['start']>[0]): Promise<void> {
  await world.start(settings);
  await world.looked(1);
  await world.setMode(name, 'auto');
}

function experiment(id: string) {
  return world.environment.client.workflow.getHandle(id);
}

async function levelsBegun(): Promise<number> {
  return (await world.environment.client.workflow.getHandle(ledgerWorkflowId(world.scope)).query(ledgerStatusQuery)).lond.begun;
}

// First: a call that once failed keeps the time-skipping server from ever skipping again.
describe('the timer of the loop', () => {
  it("makes it look once an interval, by the server's clock", async () => {
    await world.start();
    const { lastLookAtMs, nextLookAtMs } = await world.looked(1);
    expect(nextLookAtMs).toBe((lastLookAtMs ?? 0) + hour);
    await world.environment.skip(hour);
    expect(await world.looked(2)).toMatchObject({ looks: 2 });
    await world.environment.skip(hour / 2);
    expect(await world.status()).toMatchObject({ looks: 2 });
  });

  it('follows a shorter interval at once', async () => {
    await world.start();
    await world.looked(1);
    await world.handle().executeUpdate(changeSettingsUpdate, { args: [{ settings: { lookEveryMs: 60_000 }, by: 'ada' }] });
    await world.environment.skip(61_000);
    expect(await world.looked(2)).toMatchObject({ settings: { lookEveryMs: 60_000, atOnce: 5 } });
  });
});

describe('an opportunity', () => {
  it('is only told in mode observe, with what would be tried and how long it takes', async () => {
    world.find(anOpportunity('danger_zone'));
    await world.start();
    const { found, experiments } = await world.looked(1);
    expect(found).toMatchObject([
      { opportunity: { parameter: 'danger_zone' }, action: 'observe: would try danger_zone 0.75 -> 0.6 (60 sessions, about 1d): a step down; in mode propose or auto it is begun' },
    ]);
    expect(experiments).toEqual([]);
    await expect(levelsBegun()).rejects.toThrow(/not found/i);
  });

  it('becomes an experiment in mode auto, planned at the level that the ledger issued', async () => {
    await inAuto('danger_zone');
    world.find(anOpportunity('danger_zone'));
    const { found, experiments } = await world.look();
    expect(found[0]?.action).toMatch(new RegExp(`^started ${world.id('danger_zone')}: danger_zone 0.75 -> 0.6`));
    expect(experiments).toEqual([world.id('danger_zone')]);
    expect(await world.plan(world.id('danger_zone'))).toMatchObject({
      id: world.id('danger_zone'),
      parameter: 'danger_zone',
      control: 0.75,
      treatment: 0.6,
      metric: 'crash_rate',
      index: 1,
      alpha: 0.001,
      needsApproval: false,
      hypothesis: 'danger_zone at 0.6 makes crashes rarer',
      horizonMs: 24 * hour,
      coolDownMs: 7 * 24 * hour,
      bounds: { crashRate: { max: 0.1 } },
    });
    expect(await levelsBegun()).toBe(1);
  });

  it('is proposed to a person in mode propose', async () => {
    await world.start();
    await world.looked(1);
    await world.setMode('danger_zone', 'propose');
    world.find(anOpportunity('danger_zone'));
    const { found } = await world.look();
    expect(found[0]?.action).toMatch(new RegExp(`^proposed, and waits for a person: ${world.id('danger_zone')}:`));
    expect(await world.plan(world.id('danger_zone'))).toMatchObject({ needsApproval: true });
  });

  it('that could not be decided in time is not begun, and it is said how many sessions it would need', async () => {
    await inAuto('danger_zone');
    world.find(anOpportunity('danger_zone', { plan: { alpha: 0.001, units: 60, durationMs: null, sessionsPerDay: 0.05 } }));
    const { found, experiments } = await world.look();
    expect(found[0]?.action).toMatch(/^not begun: danger_zone 0.75 -> 0.6 would need \d+ sessions, which come in \d+d/);
    expect(experiments).toEqual([]);
  });

  it('is not begun where no level is left, and the next year is named', async () => {
    await inAuto('danger_zone');
    const ledger = await world.environment.client.workflow.start<typeof alphaLedger>('alphaLedger', {
      workflowId: ledgerWorkflowId(world.scope),
      taskQueue: controlQueue,
      args: [{ scope: world.scope, alpha: 0.05, experimentsPerYear: 1 }],
    });
    await ledger.executeUpdate(issueAlphaUpdate, { args: [{ experimentId: 'another' }] });
    world.find(anOpportunity('danger_zone'));
    expect((await world.look()).found[0]?.action).toMatch(/^waits: this year's 1 levels are used up; the next year begins /);
  });
});

describe('a second experiment', () => {
  it('is not begun on a parameter that has one, is cooling down or frozen, and the rules are told why', async () => {
    await inAuto('danger_zone');
    world.find(anOpportunity('danger_zone'));
    await world.look();
    expect(await world.look()).toMatchObject({ found: [] });
    expect(world.asked.at(-1)?.parameters?.danger_zone).toEqual({ value: 0.75, taken: { verdict: 'open', reason: `${world.id('danger_zone')} is open` } });
    await experiment(world.id('danger_zone')).executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'enough' }] });
    expect(await world.look()).toMatchObject({ found: [], experiments: [] });
    expect(world.asked.at(-1)?.parameters?.danger_zone?.taken).toMatchObject({ verdict: 'cooling_down' });
    await world.parameter('danger_zone').executeUpdate(freezeUpdate, { args: [{ by: 'ada', reason: 'release' }] });
    await world.look();
    expect(world.asked.at(-1)?.parameters?.danger_zone?.taken).toEqual({ verdict: 'frozen', reason: 'frozen by ada: release' });
  });

  it('waits for a place, which one that only watches what it deployed does not take', async () => {
    await inAuto('danger_zone', { atOnce: 1 });
    await world.setMode('backoff_base', 'auto');
    world.find(anOpportunity('danger_zone'), anOpportunity('backoff_base', { baseline }));
    const { found } = await world.look();
    expect(found.map(({ action }) => action)).toEqual([expect.stringMatching(/^started/), 'waits: 1 experiments are open, 1 at once are allowed']);
    await experiment(world.id('danger_zone')).signal(lookNowSignal, { reason: 'monitoring' });
    await poll(
      async () => (await experiment(world.id('danger_zone')).describe()).raw,
      ({ pendingWorkflowTask }) => !pendingWorkflowTask,
    );
    const next = await world.look();
    expect(next.found.map(({ action }) => action)).toEqual([expect.stringMatching(new RegExp(`^started ${world.id('backoff_base')}:`))]);
    expect(next.experiments.toSorted()).toEqual([world.id('backoff_base'), world.id('danger_zone')]);
  });

  it('waits where it would be judged by the same metric', async () => {
    await inAuto('checkpoint_interval');
    await world.setMode('hang_timeout', 'auto');
    world.find(anOpportunity('checkpoint_interval', { baseline }), anOpportunity('hang_timeout', { baseline }));
    const { found } = await world.look();
    expect(found.map(({ action }) => action)).toEqual([expect.stringMatching(/^started/), 'waits: the experiment on checkpoint_interval is judged by lost_time, too']);
  });

  it('says in its hypothesis what it shares with one that runs beside it', async () => {
    await inAuto('checkpoint_interval');
    await world.setMode('danger_zone', 'auto');
    world.find(anOpportunity('checkpoint_interval', { baseline }), anOpportunity('danger_zone'));
    expect((await world.look()).experiments).toHaveLength(2);
    expect((await world.plan(world.id('danger_zone'))).hypothesis).toBe(
      'danger_zone at 0.6 makes crashes rarer; beside an experiment on checkpoint_interval, with which it shares checkpoints: the effect is that over both of its arms',
    );
  });

  it('has a number that none on record has had', async () => {
    const highest = Number(world.id('danger_zone', 0).split('/').at(-1));
    expect(highest).toBeGreaterThan(0);
    await inAuto('danger_zone');
    world.find(anOpportunity('danger_zone'));
    expect(await world.look()).toMatchObject({ experiments: [`experiment/danger_zone/${highest + 1}`] });
  });

  it('is not begun under the id of a closed one, but under the next at the next look', async () => {
    await inAuto('hang_timeout');
    world.find(anOpportunity('hang_timeout', { baseline }));
    const before = await world.environment.client.workflow.start('runExperiment', {
      workflowId: world.id('hang_timeout'),
      taskQueue: controlQueue,
      args: [{ scope: world.scope, plan: aPlan(), opportunity: null }],
    });
    await before.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'over' }] });
    await before.result();
    expect((await world.look()).found[0]?.action).toBe(`waits: ${world.id('hang_timeout')} has been before; the next look takes another number`);
    expect(await world.look()).toMatchObject({ experiments: [world.id('hang_timeout', 2)] });
  });
});

describe('a loop', () => {
  it('that is begun twice is one', async () => {
    await world.start();
    const { runId } = await world.handle().describe();
    await world.startAgain();
    expect(await world.handle().describe()).toMatchObject({ runId });
    expect(await world.looked(1)).toMatchObject({ looks: 1 });
  });

  it('ends when it is stopped, and its experiments go on', async () => {
    await inAuto('danger_zone');
    world.find(anOpportunity('danger_zone'));
    await world.look();
    const stopped = { state: 'stopped', nextLookAtMs: null, reason: 'stopped by ada; experiments go on to their own ends', experiments: [world.id('danger_zone')] };
    expect(await world.handle().executeUpdate(stopKaizenUpdate, { args: [{ by: 'ada' }] })).toMatchObject(stopped);
    expect(await world.handle().result()).toMatchObject(stopped);
    expect((await experiment(world.id('danger_zone')).describe()).status.name).toBe('RUNNING');
  });

  it('that is stopped in the midst of a look begins nothing more', async () => {
    await inAuto('danger_zone');
    let answer = (_look: Awaited<ReturnType<KaizenWorld['finds']>>): void => undefined;
    world.finds = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await world.handle().signal(nudgeSignal, { reason: 'a test wants it' });
    await poll(
      () => Promise.resolve(world.asked.length),
      (asked) => asked === 2,
    );
    await world.handle().executeUpdate(stopKaizenUpdate, { args: [{ by: 'ada' }] });
    answer({ found: [anOpportunity('danger_zone')], notFound: [] });
    expect(await world.handle().result()).toMatchObject({ experiments: [], found: [{ action: 'not begun: the loop was stopped' }] });
  });

  it.each([
    { settings: { atOnce: 9 }, message: /^atOnce: / },
    { settings: { lookEveryMs: 0 }, message: /^lookEveryMs: / },
  ])('refuses settings that cannot be, as $settings, and keeps its own', async ({ settings, message }) => {
    await world.start();
    const asked = world.handle().executeUpdate(changeSettingsUpdate, { args: [{ settings, by: 'ada' }] });
    await expect(asked).rejects.toMatchObject({ cause: { type: 'InvalidValue', message: expect.stringMatching(message) as string } });
    expect(await world.status()).toMatchObject({ settings: { atOnce: 5, lookEveryMs: hour } });
  });

  it('goes on in a new run, knows its experiments and settings, and loses no message that comes in meanwhile', async () => {
    await inAuto('danger_zone');
    world.find(anOpportunity('danger_zone'));
    await world.look();
    const { runId } = await world.handle().describe();
    let atOnce = 5;
    while ((await world.handle().describe()).runId === runId) {
      atOnce = atOnce === 5 ? 4 : 5;
      const [status] = await Promise.all([
        world.handle().executeUpdate(changeSettingsUpdate, { args: [{ settings: { atOnce }, by: 'ada' }] }),
        world.handle().signal(nudgeSignal, { reason: 'to grow' }),
      ]);
      expect(status.settings.atOnce).toBe(atOnce);
    }
    const { looks } = await world.status();
    expect(await world.look()).toMatchObject({ settings: { atOnce }, experiments: [world.id('danger_zone')], found: [] });
    expect(looks).toBeGreaterThan(5);
    expect(world.asked.at(-1)?.parameters?.danger_zone?.taken).toMatchObject({ verdict: 'open' });
  });

  it('tells what went wrong at a look, and looks again', async () => {
    world.finds = () => Promise.reject(ApplicationFailure.nonRetryable('Prometheus does not answer'));
    await world.start();
    expect(await world.looked(1)).toMatchObject({ problem: 'Prometheus does not answer', reason: 'the last look failed: Prometheus does not answer', found: [] });
    world.find(anOpportunity('danger_zone'));
    expect(await world.look()).toMatchObject({ problem: null, looks: 2, found: [{ opportunity: { parameter: 'danger_zone' } }] });
  });
});
