import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { PublishedParameter, Store } from '../analytics/outcomes/store.js';
import { mapBounded } from '../domain/concurrency.js';
import type { ParameterName } from '../domain/parameter-table.js';
import { parametersChangedSignal } from '../workflows/messages.js';

/** What a parameter's entity needs of the world. */
export interface ParameterNeeds {
  store: Pick<Store, 'parameter' | 'publish'>;
  client: Client;
}

const signalsAtOnce = 16;

/** The activities of the parameters' entities. Each may run twice. */
export function createParameterActivities({ store, client }: ParameterNeeds) {
  return {
    /** What sessions are given of it; null where it never was published. */
    readPublished: ({ name }: { name: ParameterName }): Promise<PublishedParameter | null> => store.parameter(name),

    /** @returns what stands then: what was given, or a higher version. */
    publishParameter: (parameter: PublishedParameter): Promise<PublishedParameter> => store.publish(parameter, Date.now()),

    /** Tells every supervised session that it is to ask again what it runs with. @returns how many were told. */
    pushParameter: async ({ name, version }: { name: ParameterName; version: number }): Promise<number> => {
      const { heartbeat, cancellationSignal } = Context.current();
      const open: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query: "WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running'" })) open.push(workflowId);
      const told = await mapBounded(open, signalsAtOnce, async (workflowId) => {
        cancellationSignal.throwIfAborted();
        heartbeat();
        try {
          await client.workflow.getHandle(workflowId).signal(parametersChangedSignal, { parameter: name, version });
          return true;
        } catch (error) {
          // It has closed since: nobody is left to be told.
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        }
      });
      return told.filter(Boolean).length;
    },

    /** Whether a workflow is open, by its id; one that never was is not. */
    isOpen: async ({ workflowId }: { workflowId: string }): Promise<boolean> => {
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}

export type ParameterActivities = ReturnType<typeof createParameterActivities>;
