import { ApplicationFailure } from '@temporalio/common';
import type { alphaLedger } from '../../../workflows/alpha-ledger.js';
import { defaultKaizenSettings } from '../../../domain/experiments/kaizen-settings.js';
import type { kaizenLoop } from '../../../workflows/kaizen-loop.js';
import {
  abortUpdate,
  acquireUpdate,
  changeSettingsUpdate,
  deployUpdate,
  enrolUpdate,
  freezeUpdate,
  issueAlphaUpdate,
  keepUpdate,
  learnResultUpdate,
  ledgerWorkflowId,
  nobodyNew,
  parameterWorkflowId,
  refreshUpdate,
  releaseUpdate,
  restoreUpdate,
  setModeUpdate,
  setParameterUpdate,
  stopKaizenUpdate,
  unfreezeUpdate,
  unsetParameter,
  type Enrolment,
  type LedgerInput,
} from '../../../workflows/kaizen-messages.js';
import { controlQueue } from '../../../workflows/messages.js';
import type { parameter } from '../../../workflows/parameter.js';
import { aPlan } from '../an-experiment.js';
import { anOpportunity } from './an-opportunity.js';
import type { KaizenWorld } from './kaizen-world.js';

/** Plays a behaviour. @returns the workflow whose history shows it. */
export type KaizenScene = (world: KaizenWorld) => Promise<string>;

const by = 'ada';
const experimentId = 'experiment/danger_zone/1';
const enrolment: Enrolment = { experimentId, statsigName: 'danger_zone_optimization_1', control: 0.75, treatment: 0.6, startedAtMs: 1_000 };
const undecidable = { plan: { alpha: 0.001, units: 60, durationMs: null, sessionsPerDay: 0.05 } };

/** The loop of a world after its first look, danger_zone in a mode. */
async function looping(world: KaizenWorld, mode: 'observe' | 'propose' | 'auto' = 'auto'): Promise<string> {
  await world.start();
  await world.looked(1);
  if (mode !== 'observe') await world.setMode('danger_zone', mode);
  world.find(anOpportunity('danger_zone'));
  return world.loopId;
}

async function lookedIn(world: KaizenWorld, mode?: 'observe' | 'propose' | 'auto'): Promise<string> {
  const id = await looping(world, mode);
  await world.look();
  return id;
}

async function entity(world: KaizenWorld) {
  await world.begin('parameter', parameterWorkflowId('danger_zone'), { name: 'danger_zone' });
  return world.parameter('danger_zone');
}

/** Held by an experiment that is open. */
async function held(world: KaizenWorld) {
  const handle = await entity(world);
  await world.begin('alphaLedger', experimentId, { scope: 'in the place of an experiment' });
  await handle.executeUpdate(acquireUpdate, { args: [{ experimentId }] });
  await handle.executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment, reason: 'it begins' }] });
  return handle;
}

async function deployed(world: KaizenWorld) {
  const handle = await held(world);
  await handle.executeUpdate(deployUpdate, { args: [{ experimentId, value: 0.6, share: 0.9, version: 1, reason: 'evidence' }] });
  return handle;
}

async function ledger(world: KaizenWorld, input: Partial<LedgerInput> = {}) {
  const workflowId = ledgerWorkflowId('recorded');
  await world.begin('alphaLedger', workflowId, { scope: 'recorded', ...input });
  const handle = world.environment.client.workflow.getHandle<typeof alphaLedger>(workflowId);
  await handle.executeUpdate(issueAlphaUpdate, { args: [{ experimentId }] });
  return handle;
}

/** What the loop does, each by the name of its history. */
export const kaizenScenes = {
  // First: a call that once failed keeps the time-skipping server from ever skipping again.
  'kaizen-looked-by-timer': async (world) => {
    await world.start();
    await world.looked(1);
    await world.environment.skip(defaultKaizenSettings.lookEveryMs);
    await world.looked(2);
    return world.loopId;
  },
  'kaizen-observed': (world) => lookedIn(world, 'observe'),
  'kaizen-proposed': (world) => lookedIn(world, 'propose'),
  'kaizen-began': (world) => lookedIn(world),
  'kaizen-found-again': async (world) => {
    const id = await lookedIn(world);
    await world.look();
    await world.environment.client.workflow.getHandle(world.id('danger_zone')).executeUpdate(abortUpdate, { args: [{ by, reason: 'enough' }] });
    await world.look();
    return id;
  },
  'kaizen-two-beside-each-other': async (world) => {
    const id = await looping(world);
    await world.setMode('checkpoint_interval', 'auto');
    world.find(anOpportunity('danger_zone'), anOpportunity('checkpoint_interval', { baseline: { mean: 1_000, standardDeviation: 500 } }));
    await world.look();
    return id;
  },
  'kaizen-undecidable': async (world) => {
    const id = await looping(world);
    world.find(anOpportunity('danger_zone', undecidable));
    await world.look();
    return id;
  },
  'kaizen-no-level-left': async (world) => {
    const id = await looping(world);
    await world.begin('alphaLedger', ledgerWorkflowId(world.scope), { scope: world.scope, experimentsPerYear: 1 });
    await world.environment.client.workflow.getHandle(ledgerWorkflowId(world.scope)).executeUpdate(issueAlphaUpdate, { args: [{ experimentId: 'another' }] });
    await world.look();
    return id;
  },
  'kaizen-number-taken': async (world) => {
    const id = await looping(world);
    await world.begin('runExperiment', world.id('danger_zone'), { scope: world.scope, plan: aPlan(), opportunity: null });
    await world.environment.client.workflow.getHandle(world.id('danger_zone')).executeUpdate(abortUpdate, { args: [{ by, reason: 'over' }] });
    await world.environment.client.workflow.getHandle(world.id('danger_zone')).result();
    await world.look();
    return id;
  },
  'kaizen-settings-changed': async (world) => {
    const id = await looping(world);
    await world.handle().executeUpdate(changeSettingsUpdate, { args: [{ settings: { lookEveryMs: 60_000 }, by }] });
    return id;
  },
  'kaizen-stopped': async (world) => {
    const id = await lookedIn(world);
    await world.handle().executeUpdate(stopKaizenUpdate, { args: [{ by }] });
    await world.handle().result();
    return id;
  },
  'kaizen-continued': async (world) => {
    const id = await lookedIn(world);
    const status = await world.status();
    await world.environment.endIfThere(id);
    const carried = { status, begun: { danger_zone: { n: 1, atMs: status.lastLookAtMs ?? 0 } }, nudge: 'it came late' };
    await world.environment.client.workflow.start<typeof kaizenLoop>('kaizenLoop', { workflowId: id, taskQueue: controlQueue, args: [{ scope: world.scope, settings: status.settings, carried }] });
    await world.looked(status.looks + 1);
    return id;
  },
  'kaizen-look-failed': async (world) => {
    const id = await looping(world);
    world.finds = () => Promise.reject(ApplicationFailure.nonRetryable('Prometheus does not answer'));
    await world.look();
    return id;
  },
} as const satisfies Record<string, KaizenScene>;

/** What a parameter's entity does. */
export const parameterScenes = {
  'parameter-set': async (world) => told(await entity(world), (handle) => handle.executeUpdate(setParameterUpdate, { args: [{ value: 0.6, by, reason: 'mine' }] })),
  'parameter-frozen': async (world) =>
    told(await entity(world), async (handle) => {
      await handle.executeUpdate(freezeUpdate, { args: [{ by, reason: 'a release' }] });
      await handle.executeUpdate(acquireUpdate, { args: [{ experimentId }] });
      await handle.executeUpdate(unfreezeUpdate, { args: [{ by }] });
    }),
  'parameter-refreshed': async (world) =>
    told(await entity(world), async (handle) => {
      await handle.executeUpdate(refreshUpdate);
      await handle.executeUpdate(refreshUpdate);
    }),
  'parameter-mode': async (world) => told(await entity(world), (handle) => handle.executeUpdate(setModeUpdate, { args: [{ mode: 'auto', by }] })),
  'parameter-enrolled': async (world) => (await held(world)).workflowId,
  'parameter-paused': async (world) => told(await held(world), (handle) => handle.executeUpdate(enrolUpdate, { args: [{ experimentId, enrolment: { ...enrolment, startedAtMs: nobodyNew }, reason: 'a pause' }] })),
  'parameter-deployed': async (world) => (await deployed(world)).workflowId,
  'parameter-restored': async (world) => told(await deployed(world), (handle) => handle.executeUpdate(restoreUpdate, { args: [{ experimentId, reason: 'it did harm' }] })),
  'parameter-kept': async (world) => told(await deployed(world), (handle) => handle.executeUpdate(keepUpdate, { args: [{ experimentId, reason: 'it stood' }] })),
  'parameter-released': async (world) => told(await held(world), (handle) => handle.executeUpdate(releaseUpdate, { args: [{ experimentId, coolDownMs: 3_600_000, reason: 'over' }] })),
  'parameter-taken-by-a-person': async (world) =>
    told(await held(world), async (handle) => {
      await handle.executeUpdate(setParameterUpdate, { args: [{ value: 0.7, by, reason: 'mine' }] });
      await handle.executeUpdate(deployUpdate, { args: [{ experimentId, value: 0.6, share: 0.9, version: 1, reason: 'evidence' }] }).catch(() => undefined);
    }),
  'parameter-holder-died': async (world) =>
    told(await deployed(world), async (handle) => {
      await world.environment.endIfThere(experimentId);
      await handle.executeUpdate(acquireUpdate, { args: [{ experimentId: 'experiment/danger_zone/2' }] });
    }),
  'parameter-watch-over': async (world) =>
    told(await deployed(world), async (handle) => {
      await handle.executeUpdate(releaseUpdate, { args: [{ experimentId, coolDownMs: 0, reason: 'it watches' }] });
      await handle.executeUpdate(acquireUpdate, { args: [{ experimentId: 'experiment/danger_zone/2' }] });
    }),
  'parameter-published-by-others': async (world) =>
    told(await entity(world), async (handle) => {
      world.store.stand({ name: 'danger_zone', value: 0.5, version: 7, rollout: null, enrolment: null });
      await handle.executeUpdate(refreshUpdate);
      world.store.before = () => world.store.stand({ name: 'danger_zone', value: 0.4, version: 8, rollout: null, enrolment: null });
      await handle.executeUpdate(setParameterUpdate, { args: [{ value: 0.7, by, reason: 'mine' }] });
    }),
  'parameter-continued': async (world) => {
    const workflowId = parameterWorkflowId('danger_zone');
    await world.begin('parameter', workflowId, { name: 'danger_zone', carried: { ...unsetParameter('danger_zone'), mode: 'auto' } });
    const handle = world.environment.client.workflow.getHandle<typeof parameter>(workflowId);
    await handle.executeUpdate(setParameterUpdate, { args: [{ value: 0.6, by, reason: 'mine' }] });
    return workflowId;
  },
  'parameter-in-turn': async (world) =>
    told(await entity(world), async (handle) => {
      await handle.executeUpdate(refreshUpdate);
      world.store.away = new Error('no store');
      const asked = [0.5, 0.6].map((value) => handle.executeUpdate(setParameterUpdate, { args: [{ value, by, reason: 'in turn' }] }));
      await handle.executeUpdate(freezeUpdate, { args: [{ by, reason: 'meanwhile' }] });
      world.store.away = null;
      await Promise.all(asked);
    }),
} as const satisfies Record<string, KaizenScene>;

/** What the ledger does. */
export const ledgerScenes = {
  'ledger-issued': async (world) => (await ledger(world)).workflowId,
  'ledger-learned': async (world) => told(await ledger(world), (handle) => handle.executeUpdate(learnResultUpdate, { args: [{ experimentId, logEValue: 9 }] })),
  'ledger-used-up': async (world) => told(await ledger(world, { experimentsPerYear: 1 }), (handle) => handle.executeUpdate(issueAlphaUpdate, { args: [{ experimentId: 'another' }] }).catch(() => undefined)),
} as const satisfies Record<string, KaizenScene>;

async function told<Handle extends { workflowId: string }>(handle: Handle, tell: (handle: Handle) => Promise<unknown>): Promise<string> {
  await tell(handle);
  return handle.workflowId;
}
