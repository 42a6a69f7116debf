import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createEntityActivities } from '../../../activities/entity-activities.js';
import { createParameterActivities } from '../../../activities/parameter-activities.js';
import type { ParameterName } from '../../../domain/parameter-table.js';
import { controlQueue } from '../../../workflows/messages.js';
import { parameterStatusQuery, parameterWorkflowId, type ParameterStatus } from '../../../workflows/kaizen-messages.js';
import type { parameter } from '../../../workflows/parameter.js';
import { poll } from '../poll.js';
import { PublishedParameters } from './published-parameters.js';
import { WorkflowEnvironment } from '../workflow-environment.js';

/** Gives a test file parameters as entities, and each test a store of its own. What is told to running sessions is noted: this server lists no workflows. */
export function useParameters() {
  let environment: WorkflowEnvironment;
  let store = new PublishedParameters();
  let pushes: { name: ParameterName; version: number }[] = [];
  const begun = new Set<string>();
  beforeAll(async () => {
    const standing = { parameter: (name: ParameterName) => store.parameter(name), publish: (...[published]: Parameters<PublishedParameters['publish']>) => store.publish(published) };
    const pushParameter = (push: { name: ParameterName; version: number }) => Promise.resolve(pushes.push(push));
    environment = await WorkflowEnvironment.create((client) => ({ ...createParameterActivities({ store: standing, client }), ...createEntityActivities({ client }), pushParameter }));
  });
  beforeEach(() => {
    store = new PublishedParameters();
    pushes = [];
  });
  afterEach(async () => {
    // A call that is open when its workflow is ended would keep the server from ever skipping time again.
    for (const workflowId of begun) await environment.end(workflowId);
    begun.clear();
  });
  afterAll(() => environment.close());

  return {
    get environment() {
      return environment;
    },
    get store() {
      return store;
    },
    /** Resolves with what running sessions were told, once it is so much. */
    pushed: (count: number) => poll(() => Promise.resolve(pushes), ({ length }) => length === count),
    /** The entity, begun; it is ended with the test. */
    async begin(name: ParameterName) {
      const workflowId = parameterWorkflowId(name);
      begun.add(workflowId);
      await environment.client.workflow.start<typeof parameter>('parameter', { workflowId, taskQueue: controlQueue, args: [{ name }] });
      const handle = () => environment.client.workflow.getHandle<typeof parameter>(workflowId);
      return {
        workflowId,
        handle,
        status: () => handle().query(parameterStatusQuery),
        until: (wanted: (status: ParameterStatus) => boolean) => poll(() => handle().query(parameterStatusQuery), wanted),
      };
    },
    /** A workflow that is open and does nothing, in the place of an experiment. */
    async openExperiment(id: string): Promise<void> {
      begun.add(id);
      await environment.client.workflow.start('alphaLedger', { workflowId: id, taskQueue: controlQueue, args: [{ scope: id }] });
    },
    async endExperiment(id: string): Promise<void> {
      await environment.client.workflow.getHandle(id).terminate('it died');
    },
  };
}
