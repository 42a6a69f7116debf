import { condition, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { recordsWorkflowId, type RecordOutcomesInput } from '../messages.js';
import { assignFirstParameters, assignParameters, recordSession } from './control-calls.js';
import type { HostCalls } from './host-calls.js';
import type { Session } from './session.js';
import { untilDue } from './until-due.js';

/** What a session that closes waits for its record. */
const closingPatience = '10 s';

/** More outcomes than these are not carried along: each is about a kilobyte. */
const owedKept = 100;

/** Sees to a session's parameters and its record for as long as its workflow runs, beside all else and in nobody's way. */
export function keepUp(session: Session, host: HostCalls): void {
  void keepTuned(session, host);
  void keepRecorded(session);
  void keepBounded(session);
}

/** Before the first attempt. A store that does not answer in time blocks nothing: the session has its own parameters, and is in no experiment. */
export async function assignFirst(session: Session): Promise<void> {
  const { parameters, records } = session;
  const request = parameters.request(0, session.startedAtMs);
  const assigned = await assignFirstParameters(request, !session.isNew);
  session.tuned(0, assigned);
  const { sessionId, name, hostId, agent } = request;
  if (!assigned) records.opened({ sessionId, sessionName: name, hostId, agent, parameters: parameters.current, openedAtMs: session.startedAtMs });
}

/** Waits a little until all is recorded; what is not yet then is handed over. */
export async function settleRecords(session: Session): Promise<void> {
  const settled = await condition(() => session.records.isEmpty, closingPatience, { summary: 'until all is recorded' });
  if (!settled) await handOver(session);
}

/** Asks again when there is a reason to, and brings what takes effect at once to the running attempt. */
async function keepTuned(session: Session, host: HostCalls): Promise<void> {
  const { parameters } = session;
  for (;;) {
    await untilDue(session, () => parameters.wants > 0);
    const { wants } = parameters;
    session.tuned(wants, await assignParameters(parameters.request(Math.max(1, session.epoch), session.startedAtMs)));
    await apply(session, host);
  }
}

async function apply({ parameters, attempt }: Session, host: HostCalls): Promise<void> {
  const wanted = attempt && parameters.unapplied(attempt.attemptId);
  if (!attempt || !wanted) return;
  const { sessionId, name, epoch, attemptId } = attempt;
  const answer = await host.applyParameters({ sessionId, name, epoch, attemptId, parameters: wanted }, `apply parameters to attempt ${epoch}`);
  if (answer.kind === 'done') parameters.applied(attemptId, answer.result.parameters);
  // The host was away for so long that the call is asked for anew.
  if (answer.kind === 'host_away') parameters.want();
}

/** After what is asked for is answered, never beside it: of two tasks in a row that come to nothing, what follows them may be given together (see untilDue). */
async function keepRecorded(session: Session): Promise<void> {
  const { records, parameters } = session;
  for (;;) {
    await untilDue(session, () => !records.isEmpty && (parameters.wants === 0 || !session.ordersLoops));
    const batch = records.batch();
    await recordSession(batch);
    records.settled(batch);
  }
}

async function keepBounded(session: Session): Promise<void> {
  for (;;) {
    await untilDue(session, () => session.records.outcomes > owedKept);
    await handOver(session);
  }
}

/** Somebody who has all the time sees to what is owed. */
async function handOver(session: Session): Promise<void> {
  const { spec, epoch, records } = session;
  const batch = records.batch();
  const input: RecordOutcomesInput = { name: spec.name, records: batch };
  await startChild('recordOutcomes', {
    workflowId: recordsWorkflowId(spec.sessionId, epoch),
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `outcomes of ${spec.name}`,
  });
  records.settled(batch);
}
