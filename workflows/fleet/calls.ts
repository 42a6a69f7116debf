import { ActivityCancellationType, ParentClosePolicy, proxyActivities, startChild, type ChildWorkflowHandle } from '@temporalio/workflow';
import type { FleetActivities, MemberAnswer, TellMemberInput } from '../../activities/fleet-activities.js';
import type { NoticeActivities } from '../../activities/notice-activities.js';
import type { Notice } from '../../domain/notice.js';
import type { SessionSpec } from '../../domain/session.js';
import { specDetails, specSummary } from '../../domain/spec-text.js';
import { fleetSearchAttributes, type MemberNews } from '../fleet-messages.js';
import { controlQueue, hostQueue, searchAttributes, sessionRevision, sessionWorkflowId } from '../messages.js';
import type { superviseSession } from '../supervise-session.js';
import { summarize } from '../one-line.js';

/** What a fleet asks of the world, each with a summary. Who does not answer is asked for as long as it takes. */
export function fleetCalls(hostId: string) {
  const { tellMember, lookAtMembers } = proxyActivities<FleetActivities>({
    taskQueue: controlQueue,
    startToCloseTimeout: '20 s',
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
  const { takeNotice } = proxyActivities<NoticeActivities>({
    taskQueue: hostQueue(hostId),
    scheduleToStartTimeout: '1 h',
    startToCloseTimeout: '15 s',
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '5 s', maximumAttempts: 10 },
  });
  return {
    notify: (notice: Notice) => takeNotice.executeWithOptions({ summary: summarize(`tell people: ${notice.line}`) }, [notice]),
    begin: (spec: SessionSpec) => begin(spec, hostId),
    tell: (input: TellMemberInput): Promise<MemberAnswer> => tellMember.executeWithOptions({ summary: `${input.command} ${input.name}` }, [input]),
    lookAt: (members: { name: string; sessionId: string }[]): Promise<MemberNews[]> => lookAtMembers.executeWithOptions({ summary: `look at ${members.length} members that are awaited` }, [{ members }]),
  };
}

export type FleetCalls = ReturnType<typeof fleetCalls>;

/** Begins a session that outlives this run of its fleet. @throws WorkflowExecutionAlreadyStartedError where an open one bears its name. */
function begin(spec: SessionSpec, hostId: string): Promise<ChildWorkflowHandle<typeof superviseSession>> {
  return startChild<typeof superviseSession>('superviseSession', {
    workflowId: sessionWorkflowId(spec.name),
    args: [{ spec, hostId, revision: sessionRevision }],
    taskQueue: controlQueue,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    // The host tells by it whether a running session is the one whose folder it has.
    memo: { sessionId: spec.sessionId },
    typedSearchAttributes: [
      { key: searchAttributes.state, value: 'starting' },
      { key: searchAttributes.agent, value: spec.agent },
      { key: searchAttributes.host, value: hostId },
      { key: searchAttributes.attempt, value: 1 },
      { key: searchAttributes.restarts, value: 0 },
      ...(spec.account === undefined ? [] : [{ key: searchAttributes.account, value: spec.account }]),
      ...(spec.fleet === undefined ? [] : [{ key: fleetSearchAttributes.fleet, value: spec.fleet }]),
    ],
    staticSummary: specSummary(spec),
    staticDetails: specDetails(spec, hostId),
  });
}
