import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { allHandlersFinished, condition, continueAsNew, log, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { comeUpMs, type Move } from '../domain/fleet-moves.js';
import type { Notice } from '../domain/notice.js';
import { applyFleetUpdate, fleetStatusQuery, memberNewsSignal, resetFleetUpdate, stopFleetUpdate, type FleetResult, type SuperviseFleetInput } from './fleet-messages.js';
import { fleetCalls, type FleetCalls } from './fleet/calls.js';
import { Fleet } from './fleet/fleet.js';
import { oneLine } from './one-line.js';

const historyEventsKept = 1_000;

/** A session that has told of its end may take a moment to close, and keeps its name until then. */
const startTries = 10;
const startAgainAfter = '500 ms';

/**
 * Keeps a set of sessions: begins them in order, ends them in reverse, restarts others with one that fails as the strategy
 * says, and gives up where they fail too often. Members are workflows of their own that outlive its runs, and tell it what
 * they do: it asks nobody while nothing is awaited.
 *
 * @returns once it was stopped and no member is open.
 */
export async function superviseFleet(input: SuperviseFleetInput): Promise<FleetResult> {
  const fleet = new Fleet(input);
  acceptMessages(fleet);
  const calls = fleetCalls(input.hostId);
  void keepAwake(fleet);
  void keepNoticed(fleet, calls, input.hostId);
  while (!fleet.isOver) {
    fleet.show();
    if (historyIsLong()) {
      await continueWhenQuiet(fleet);
      continue;
    }
    const overdue = fleet.overdue(Date.now());
    if (overdue.length > 0) await look(fleet, calls, overdue);
    for (const move of fleet.moves(Date.now())) {
      fleet.begun(move, Date.now());
      void make(fleet, calls, move);
    }
    const { changes } = fleet;
    await condition(() => fleet.changes !== changes || historyIsLong());
  }
  fleet.show();
  await condition(allHandlersFinished);
  return { state: 'stopped', reason: `stopped by ${fleet.stoppedBy}` };
}

function acceptMessages(fleet: Fleet): void {
  setHandler(fleetStatusQuery, () => fleet.status(), { description: 'State, reason, settings, and what each member is doing' });
  setHandler(memberNewsSignal, (news) => fleet.onNews(news, Date.now()), { description: "From a member's session: what it is doing now" });
  setHandler(applyFleetUpdate, (input) => fleet.apply(input, Date.now()), {
    validator: (input) => fleet.checkApply(input),
    description: 'Give a new desired set: what is new is begun, what is gone is stopped, what has changed is begun anew',
  });
  setHandler(stopFleetUpdate, (command) => fleet.stop(command), { description: 'Stop every member, the last first, and close' });
  setHandler(resetFleetUpdate, (_command) => fleet.reset(), { description: 'Forget failures, and let what the fleet has paused and what has failed go on' });
}

/** Makes one move; what it leads to is heard from the member. */
async function make(fleet: Fleet, calls: FleetCalls, move: Move): Promise<void> {
  const { kind, sessionId } = move;
  const member = fleet.find(sessionId);
  if (!member) return;
  const { spec } = member;
  if (kind === 'start') {
    await start(fleet, calls, sessionId);
    return;
  }
  const asked = { by: `fleet/${fleet.name}`, ...fleet.reasonFor(move) };
  const { outcome, message } = await calls.tell({ ...(kind === 'change' ? { command: kind, spec } : { command: kind }), name: spec.name, sessionId, asked: kind === 'pause' ? { ...asked, pauseReason: 'fleet' } : asked });
  if (outcome === 'gone') fleet.settled(sessionId, 'stopped', message);
  else fleet.answered(move, outcome === 'accepted');
}

async function start(fleet: Fleet, calls: FleetCalls, sessionId: string): Promise<void> {
  const spec = fleet.find(sessionId)?.spec;
  if (!spec) return;
  for (let tries = 1; ; tries += 1) {
    try {
      const child = await calls.begin(spec);
      fleet.started(sessionId);
      // A session that closes by itself tells so; one that is ended behind its back cannot.
      child.result().catch(() => fleet.settled(sessionId, 'stopped', 'its workflow was ended from outside'));
      return;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    if (tries === startTries) break;
    await sleep(startAgainAfter, { summary: `until the session ${spec.name} before has closed` });
  }
  fleet.settled(sessionId, 'stopped', `there is a session ${spec.name} already that is not of this fleet; stop it (shim stop ${spec.name}) and apply again`);
}

async function look(fleet: Fleet, calls: FleetCalls, overdue: { name: string; sessionId: string }[]): Promise<void> {
  const seen = await calls.lookAt(overdue);
  fleet.looked(seen, Date.now());
  const found = new Set(seen.map(({ sessionId }) => sessionId));
  for (const { sessionId } of overdue.filter(({ sessionId }) => !found.has(sessionId))) fleet.settled(sessionId, 'stopped', 'there is no such session any more');
}

/** While a member is awaited, the fleet looks up now and then: one that hangs holds no other up. */
async function keepAwake(fleet: Fleet): Promise<void> {
  for (;;) {
    await condition(() => fleet.isAwaiting);
    await sleep(comeUpMs, { summary: 'while members are awaited' });
    fleet.tick();
  }
}

/** Whoever is to be told of a fleet that is given up is told once: its members, which it pauses, tell nothing. */
async function keepNoticed(fleet: Fleet, calls: FleetCalls, hostId: string): Promise<void> {
  for (let told = fleet.givenUp.times; ; ) {
    await condition(() => fleet.givenUp.times > told);
    const { times, reason } = fleet.givenUp;
    told = times;
    const { name } = fleet;
    const line = `fleet ${name} has failed: ${oneLine(reason ?? '')}. What now: mend the cause, then: shim fleet ${name} reset; or end it: shim fleet ${name} stop`;
    const notice: Notice = { id: `${workflowInfo().firstExecutionRunId}-${times}`, kind: 'failed', need: null, session: name, sessionId: '', agent: 'fleet', hostId, state: 'failed', attempt: 0, atMs: Date.now(), line };
    await calls.notify(notice).catch((error: unknown) => log.warn('nobody was told that the fleet has failed', { error: error instanceof Error ? error.message : String(error) }));
  }
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > historyEventsKept;
}

/** Continues as new once no call is under way. */
async function continueWhenQuiet(fleet: Fleet): Promise<void> {
  await condition(() => fleet.isQuiet && allHandlersFinished());
  if (!fleet.isOver) await continueAsNew<typeof superviseFleet>(fleet.carry());
}
