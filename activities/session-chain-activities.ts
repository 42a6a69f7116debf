import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { closedStates } from '../domain/session.js';
import { circleOf, longestChain, type Predecessor } from '../domain/session-chain.js';
import { circle, registerSuccessorUpdate, sessionWorkflowId, statusQuery, type JoinInput, type SessionStatus } from '../workflows/messages.js';

/** What sessions that wait for others ask: a workflow can neither update nor query another. */
export function createSessionChainActivities({ client }: { client: Client }) {
  return {
    /**
     * Has a session told when another one completes, fails or goes on. May run twice: the other keeps it once.
     *
     * @throws ApplicationFailure Circle, not retryable, where the other one waits for it.
     */
    joinSession: async ({ after, name, sessionId }: JoinInput): Promise<Predecessor> => {
      await refuseCircle(client, name, after);
      const handle = client.workflow.getHandle(sessionWorkflowId(after));
      const { activityId, workflowExecution } = Context.current().info;
      try {
        return await handle.executeUpdate(registerSuccessorUpdate, { args: [{ name, sessionId }], updateId: `${workflowExecution?.runId ?? ''}/${activityId}` });
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError) throw ApplicationFailure.nonRetryable(error.cause?.message ?? error.message, circle);
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      return closedOne(client, after);
    },
  };
}

export type SessionChainActivities = ReturnType<typeof createSessionChainActivities>;

async function refuseCircle(client: Client, name: string, after: string): Promise<void> {
  const chain = [name];
  for (let next: string | null = after; next !== null && chain.length < longestChain; ) {
    if (next === name) throw ApplicationFailure.nonRetryable(circleOf(chain), circle);
    chain.push(next);
    const status = await statusOf(client, next);
    next = status?.state === 'waiting_for_session' ? status.after : null;
  }
}

/** A session that takes no updates any more: how it closed. */
async function closedOne(client: Client, after: string): Promise<Predecessor> {
  const status = await statusOf(client, after);
  if (!status) return { kind: 'gone', reason: 'Temporal does not know it' };
  const { state, reason } = status;
  if (state === 'completed' || state === 'stopped') return { kind: 'closed', state, reason };
  const { status: execution } = await client.workflow.getHandle(sessionWorkflowId(after)).describe();
  if (execution.name === 'RUNNING' || closedStates.includes(state)) throw ApplicationFailure.retryable(`${after} has just been started anew`);
  return { kind: 'gone', reason: `its workflow was ${execution.name.toLowerCase()} while it was ${state}` };
}

async function statusOf(client: Client, name: string): Promise<SessionStatus | null> {
  try {
    return await client.workflow.getHandle(sessionWorkflowId(name)).query(statusQuery);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
