import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment, TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createParameterActivities } from '../../activities/parameter-activities.js';
import { ensureBinary } from '../../scripts/find-binary.mjs';
import { PublishedParameters } from '../support/kaizen/published-parameters.js';
import { poll } from '../support/poll.js';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: ensureBinary('temporal') } } });
});
afterAll(() => server.teardown());

async function aWorkflow(type: string): Promise<string> {
  const workflowId = `${type}-${randomUUID().slice(0, 8)}`;
  await server.client.workflow.start(type, { workflowId, taskQueue: 'nobody', args: [] });
  return workflowId;
}

async function signalsOf(workflowId: string): Promise<unknown[]> {
  const { events } = await server.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal?.signalName ? [JSON.parse(Buffer.from(signal.input?.payloads?.[0]?.data ?? []).toString())] : []));
}

describe('the activities of a parameter', () => {
  it('tell every open session of a change, and nobody else', async () => {
    const sessions = await Promise.all(Array.from({ length: 40 }, () => aWorkflow('superviseSession')));
    const closed = await aWorkflow('superviseSession');
    const host = await aWorkflow('superviseHost');
    await server.client.workflow.getHandle(closed).terminate();
    await poll(
      () => server.client.workflow.count("WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running'"),
      ({ count }) => count === 40,
    );
    const activities = createParameterActivities({ store: new PublishedParameters(), client: server.client });
    const told: unknown = await new MockActivityEnvironment().run(activities.pushParameter, { name: 'danger_zone' as const, version: 7 });
    expect(told).toBe(40);
    const signals = await Promise.all(sessions.map(signalsOf));
    expect(signals).toEqual(sessions.map(() => [{ parameter: 'danger_zone', version: 7 }]));
    expect(await signalsOf(host)).toEqual([]);
    expect(await signalsOf(closed)).toEqual([]);
  });

  it('know an open workflow from one that is closed, or never was', async () => {
    const open = await aWorkflow('runExperiment');
    const closed = await aWorkflow('runExperiment');
    await server.client.workflow.getHandle(closed).terminate();
    const { isOpen } = createParameterActivities({ store: new PublishedParameters(), client: server.client });
    expect(await Promise.all([open, closed, 'experiment/danger_zone/99'].map((workflowId) => isOpen({ workflowId })))).toEqual([true, false, false]);
  });
});
