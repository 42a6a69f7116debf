import { Context } from '@temporalio/activity';
import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Turn, TurnRequest } from '../domain/account.js';
import { mapBounded } from '../domain/concurrency.js';
import { entityText } from '../domain/entity-text.js';
import { accountChangedSignal, accountWorkflowId, turnUpdate, type AccountNotice } from '../workflows/account-messages.js';
import { controlQueue, searchAttributes } from '../workflows/messages.js';

const signalsAtOnce = 16;

/** What sessions and accounts ask of each other: on the control queue. Each may run twice. */
export function createAccountActivities({ client }: { client: Client }) {
  return {
    /** Asks an account for a session's turn; the account is begun where it never met a limit, or was ended. */
    askTurn: ({ account, ...request }: TurnRequest & { account: string }): Promise<Turn> =>
      client.workflow.executeUpdateWithStart(turnUpdate, {
        startWorkflowOperation: new WithStartWorkflowOperation('account', {
          workflowId: accountWorkflowId(account),
          args: [{ account }],
          taskQueue: controlQueue,
          workflowIdConflictPolicy: 'USE_EXISTING',
          ...entityText.account(account),
          typedSearchAttributes: [{ key: searchAttributes.account, value: account }],
        }),
        args: [request],
      }),

    /** As askTurn, before a session's first attempt: an account that never met a limit is not begun for it. */
    askFirstTurn: async ({ account, ...request }: TurnRequest & { account: string }): Promise<Turn> => {
      try {
        return await client.workflow.getHandle(accountWorkflowId(account)).executeUpdate(turnUpdate, { args: [request] });
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { kind: 'go', probe: false };
        throw error;
      }
    },

    /** Tells every open session of an account how it stands. @returns how many were told. */
    tellSessions: async ({ account, notice }: { account: string; notice: AccountNotice }): Promise<number> => {
      const { heartbeat, cancellationSignal } = Context.current();
      const open: string[] = [];
      const query = `WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running' AND ShimAccount = '${account}'`;
      for await (const { workflowId } of client.workflow.list({ query })) open.push(workflowId);
      const told = await mapBounded(open, signalsAtOnce, async (workflowId) => {
        cancellationSignal.throwIfAborted();
        heartbeat();
        try {
          await client.workflow.getHandle(workflowId).signal(accountChangedSignal, notice);
          return true;
        } catch (error) {
          // It has closed since.
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        }
      });
      return told.filter(Boolean).length;
    },
  };
}

export type AccountActivities = ReturnType<typeof createAccountActivities>;
