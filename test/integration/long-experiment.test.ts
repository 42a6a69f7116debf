import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { Store } from '../../analytics/outcomes/store.js';
import { defaultScope } from '../../domain/kaizen-mode.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';
import { ensureBinary } from '../../scripts/find-binary.mjs';
import { controlActivities } from '../../workers/control-activities.js';
import { experimentStatusQuery } from '../../workflows/kaizen-messages.js';
import { controlQueue } from '../../workflows/messages.js';
import { registeredAttributes } from '../../workflows/registered-attributes.js';
import type { runExperiment } from '../../workflows/run-experiment.js';
import { poll } from '../support/poll.js';
import { ScriptedPlatform } from '../support/scripted-platform.js';
import { SimulatedFleet } from '../support/simulated-fleet.js';
import { quickPlan } from '../support/experiment-world.js';
import { bundledWorkflows } from '../support/workflow-bundle.js';

let server: TestWorkflowEnvironment;
let folder: string;
let store: Store;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shim-long-experiment-'));
  store = await openStore(join(folder, 'outcomes.db'));
  server = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: ensureBinary('temporal') },
      searchAttributes: Object.entries(registeredAttributes).map(([name, type]) => defineSearchAttributeKey(name, type === 'Int' ? SearchAttributeType.INT : SearchAttributeType.KEYWORD)),
    },
  });
});
afterAll(async () => {
  await server.teardown();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('an experiment of many looks', () => {
  it('carries all that it knows through histories that begin anew', async () => {
    const plan = quickPlan({ tickMs: 20, horizonMs: 1, plannedUnits: 10_000, deadlineMs: 3_600_000 });
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: controlQueue,
      workflowBundle: { codePath: await bundledWorkflows() },
      activities: controlActivities({ client: server.client, store, platform: new ScriptedPlatform(), alerts: { raise: () => Promise.resolve() } }),
    });
    await worker.runUntil(async () => {
      const first = await server.client.workflow.start<typeof runExperiment>('runExperiment', { workflowId: plan.id, taskQueue: controlQueue, args: [{ scope: defaultScope, plan, opportunity: null }] });
      const current = () => server.client.workflow.getHandle<typeof runExperiment>(plan.id);
      await poll(() => current().query(experimentStatusQuery), ({ phase }) => phase === 'running', 30_000);
      const fleet = new SimulatedFleet({ store, parameter: plan.parameter, random: seededRandom(5), crashes: () => 0.1 });
      await fleet.come(30, Date.now());
      const before = await poll(() => current().query(experimentStatusQuery), ({ look }) => look !== null && look.arms.control.units + look.arms.treatment.units === 30, 30_000);
      const { runId } = await poll(() => current().describe(), ({ runId }) => runId !== first.firstExecutionRunId, 50_000);
      const after = await poll(() => current().query(experimentStatusQuery), ({ look }) => (look?.atMs ?? 0) > (before.look?.atMs ?? 0), 30_000);
      expect(after.look?.arms).toEqual(before.look?.arms);
      expect(after.look?.logEValue).toBe(before.look?.logEValue);
      expect(after.events.slice(0, before.events.length)).toEqual(before.events);
      expect(await poll(() => current().query(experimentStatusQuery), ({ look }) => (look?.atMs ?? 0) > (after.look?.atMs ?? 0), 30_000)).toMatchObject({ phase: 'running' });
      await current().terminate('the test is over');
      expect(runId).not.toBe(first.firstExecutionRunId);
    });
  });
});
