import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { mapBounded } from '../domain/concurrency.js';
import type { SessionSpec } from '../domain/session.js';
import type { MemberNews } from '../workflows/fleet-messages.js';
import { changeUpdate, pauseUpdate, resetUpdate, restartUpdate, sessionWorkflowId, statusQuery, stopUpdate, type CommandInput } from '../workflows/messages.js';

/** What a fleet tells a member. */
export type TellMemberInput = {
  name: string;
  /** A session of that name with another id is somebody else's, and is left alone. */
  sessionId: string;
  asked: CommandInput;
} & ({ command: 'stop' | 'pause' | 'restart' | 'reset' } | { command: 'change'; spec: SessionSpec });

/** What came of it: it took effect, or it will; the session refused it in its present state; or is not there, or is another. */
export interface MemberAnswer {
  outcome: 'applied' | 'accepted' | 'refused' | 'gone';
  /** One line. */
  message: string;
}

const updates = { stop: stopUpdate, pause: pauseUpdate, restart: restartUpdate, reset: resetUpdate };
const looksAtOnce = 16;

/** What fleets ask of their members' sessions: a workflow can neither update nor query another. Each may run twice. */
export function createFleetActivities({ client }: { client: Client }) {
  return {
    tellMember: async (told: TellMemberInput): Promise<MemberAnswer> => {
      const { name, sessionId, asked } = told;
      const { activityId, workflowExecution } = Context.current().info;
      const handle = client.workflow.getHandle(sessionWorkflowId(name));
      try {
        const { status, memo, runId } = await handle.describe();
        if (status.name !== 'RUNNING') return { outcome: 'gone', message: `${name} has closed` };
        if (memo?.['sessionId'] !== sessionId) return { outcome: 'gone', message: `the session ${name} is another one now` };
        // A retry asks for the answer of the first try.
        const updateId = `${workflowExecution?.runId ?? runId}/${activityId}`;
        if (told.command === 'change') return await handle.executeUpdate(changeUpdate, { args: [{ ...asked, spec: told.spec }], updateId });
        return await handle.executeUpdate(updates[told.command], { args: [asked], updateId });
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { outcome: 'gone', message: `there is no session ${name}` };
        if (error instanceof WorkflowUpdateFailedError) return { outcome: 'refused', message: error.cause?.message ?? error.message };
        throw error;
      }
    },

    /** What these sessions are doing now; those that are gone are left out. */
    lookAtMembers: async ({ members }: { members: { name: string; sessionId: string }[] }): Promise<MemberNews[]> => {
      const seen = await mapBounded(members, looksAtOnce, async ({ name, sessionId }) => {
        try {
          const status = await client.workflow.getHandle(sessionWorkflowId(name)).query(statusQuery);
          return status.sessionId === sessionId ? status : null;
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return null;
          throw error;
        }
      });
      return seen.filter((status) => status !== null).map(({ name, sessionId, state, reason, pauseReason, epoch, restarts }) => ({ name, sessionId, state, reason, pauseReason, epoch, restarts, failures: [] }));
    },
  };
}

export type FleetActivities = ReturnType<typeof createFleetActivities>;
