import { ActivityCancellationType, ActivityFailure, ApplicationFailure, condition, continueAsNew, patched, proxyActivities, setCurrentDetails, setHandler, sleep, TimeoutFailure, workflowInfo, allHandlersFinished } from '@temporalio/workflow';
import type { LeaseActivities } from '../activities/lease-activities.js';
import type { NoticeActivities } from '../activities/notice-activities.js';
import type { SessionRecordActivities } from '../activities/session-record-activities.js';
import { moment } from '../domain/moment.js';
import { oneLine } from './one-line.js';
import { hostQueue, hostStatusQuery, leaseHeldSignal, restartStrategyUpdate, tryNoticesUpdate, type HostStatus, type SuperviseHostInput } from './messages.js';

/** A lease that ended badly may only be a server that was away: the host is down if it holds no new one within this. */
const grace = '20 s';

/** A lease that is lost sooner is not asked for again at once: a host that cannot hold one would fill the history, ms. */
const shortestLeaseMs = 1_000;
const historyEventsKept = 1_000;

/**
 * Knows whether a host is there: one lease, held by one activity that heartbeats, for all its sessions. Sessions are not
 * told of a loss; they wait for their host.
 */
export async function superviseHost(input: SuperviseHostInput): Promise<void> {
  const { hostId } = input;
  let status: HostStatus = input.carried?.status ?? { hostId, state: 'never_seen', sinceMs: Date.now(), leases: 0, reason: 'no lease yet', lease: null };
  const become = (change: Partial<HostStatus>) => {
    status = { ...status, ...change };
    setCurrentDetails(describeHost(status));
  };
  become({});
  setHandler(hostStatusQuery, () => status, { description: 'Whether the host holds its lease, and since when' });
  setHandler(leaseHeldSignal, (lease) => become({ lease, state: 'up', sinceMs: Date.now(), leases: status.leases + 1, reason: 'holds its lease' }), {
    description: 'From the host: it holds its lease now',
  });
  const { readRestartStrategy } = proxyActivities<SessionRecordActivities>({ scheduleToCloseTimeout: '2 s', startToCloseTimeout: '1 s', retry: { initialInterval: '100 ms', maximumInterval: '500 ms' } });
  setHandler(restartStrategyUpdate, () => readRestartStrategy.executeWithOptions({ summary: `how the sessions of ${hostId} come back` }, []), {
    description: 'How the sessions of the host come back after a boot',
  });
  const { tryNotices } = proxyActivities<NoticeActivities>({ taskQueue: hostQueue(hostId), scheduleToStartTimeout: '5 s', startToCloseTimeout: '3 min', retry: { maximumAttempts: 1 } });
  setHandler(tryNoticesUpdate, (input) => tryNotices.executeWithOptions({ summary: `try how ${hostId} tells people` }, [input]).catch(refuse), {
    description: 'Send a notice that says it is a test through each channel of the host',
  });
  const { holdLease } = proxyActivities<LeaseActivities>({
    taskQueue: hostQueue(hostId),
    scheduleToStartTimeout: '1 h',
    startToCloseTimeout: '30 d',
    heartbeatTimeout: '15 s',
    retry: { maximumAttempts: 1 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
  let lost: string | null = input.carried?.lost ?? null;
  for (;;) {
    const askedAtMs = Date.now();
    const lease = holdLease.executeWithOptions({ summary: `lease of ${hostId}` }, [{ hostId }]).catch(whyLost);
    if (lost !== null) {
      const { leases } = status;
      const returned = await Promise.race([condition(() => status.leases !== leases, grace, { summary: `grace for ${hostId}` }), lease.then(() => false)]);
      if (!returned && status.state === 'up') become({ state: 'down', sinceMs: Date.now(), reason: lost });
    }
    lost = await lease;
    const heldMs = Date.now() - askedAtMs;
    if (heldMs < shortestLeaseMs && patched('rest-after-a-short-lease')) await sleep(shortestLeaseMs, { summary: `rest: the lease of ${hostId} was lost at once` });
    if (workflowInfo().historyLength > historyEventsKept) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof superviseHost>({ hostId, carried: { status, lost } });
    }
  }
}

/** A host's current details as markdown: whether its worker is there, and what one can do. */
function describeHost({ state, reason, sinceMs, leases }: HostStatus): string {
  const wayOn = state === 'up' ? `nothing to do; its sessions: \`shim status\` there` : 'start its worker there (`shim up`); its sessions wait until then, and agents that run go on';
  return [`**${state}**: ${oneLine(reason)}`, '', `- what now: ${wayOn}`, `- since: ${moment(sinceMs)} UTC`, `- leases: ${leases}`].join('\n');
}

/** An update fails with the words of what failed in it. */
function refuse(error: unknown): never {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  throw ApplicationFailure.nonRetryable(cause instanceof TimeoutFailure ? 'its host worker does not answer; run there: shim up' : (cause?.message ?? error.message));
}

function whyLost(error: unknown): string {
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) return cause.timeoutType === 'HEARTBEAT' ? 'its worker sent no heartbeat' : 'no worker of it took the lease';
  return cause?.message ?? error.message;
}
