import { exitClasses, type ExitClass } from '../../domain/exit-class.js';
import type { BudgetFinding } from '../../domain/budget.js';
import type { SessionState } from '../../domain/session.js';
import { cancelWaitUpdate, waitUntilUpdate } from '../../workflows/account-messages.js';
import { attemptRunningSignal, changeUpdate, checkpointNowUpdate, parametersChangedSignal, pauseUpdate, recordsWorkflowId, removePromptUpdate, resetUpdate, resumeUpdate, sendUpdate, statusQuery, stopUpdate } from '../../workflows/messages.js';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';
import { describeWriter } from '../../domain/second-writer.js';
import { Gate } from './gate.js';
import type { KeptRecord } from './kept-record.js';
import { LimitedAccount } from './limited-account.js';
import { poll } from './poll.js';
import { aWriter } from './session-fixtures.js';
import { SupervisedHost } from './supervised-host.js';
import { SupervisedSession, type SessionChoices } from './supervised-session.js';
import type { WorkflowEnvironment } from './workflow-environment.js';

/** A workflow as it stands at the end of a scenario, and how to leave it. */
export interface Scene {
  workflowId: string;
  leave(): Promise<void>;
}

/** A host that is away is noticed after 10 s, which pass for real; ms. */
const awayPatienceMs = 15_000;
const by = { by: 'test' };

const sessionStateScenes: Readonly<Record<SessionState, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  starting: async (environment) => {
    const gate = new Gate();
    const session = await begin(environment, {
      script: [
        async (input) => {
          await gate.opened;
          return session.host.started(input);
        },
      ],
    });
    await session.host.nth('startAgent', 1);
    return scene(session, gate);
  },
  running: async (environment) => {
    const session = await begin(environment, {});
    await session.runs();
    return scene(session);
  },
  backing_off: (environment) => endingIn(environment, ['crashed', 'crashed'], 'backing_off'),
  waiting_for_limit: (environment) => endingIn(environment, ['limit_reached'], 'waiting_for_limit'),
  waiting_for_host: async (environment) => {
    const session = await begin(environment, { hostAway: true });
    await session.until(({ state }) => state === 'waiting_for_host', awayPatienceMs);
    return scene(session);
  },
  waiting_for_session: async (environment) => {
    const first = await begin(environment, {});
    await first.runs();
    const session = await begin(environment, { after: first.spec.name });
    await session.until(({ reason }) => reason.includes('it was running'));
    return scene(session, first);
  },
  paused: async (environment) => {
    const session = await begin(environment, {});
    await session.runs();
    await session.handle.executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    return scene(session);
  },
  stopping: async (environment) => {
    const gate = new Gate();
    const session = await begin(environment, {});
    await session.runs();
    session.host.holdStop = gate.opened;
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.host.nth('stopAgent', 1);
    return scene(session, gate);
  },
  completed: (environment) => closingAfter(environment, ['completed']),
  failed: (environment) => endingIn(environment, ['crashed', 'auth_failed'], 'failed'),
  stopped: async (environment) => {
    const session = await begin(environment, {});
    await session.runs();
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    return scene(session);
  },
};

const hostScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'host-up': async (environment) => {
    const host = await SupervisedHost.start(environment);
    await host.until(({ state }) => state === 'up');
    return { workflowId: host.workflowId, leave: () => host.dispose() };
  },
  'host-returned': async (environment) => {
    const host = await SupervisedHost.start(environment);
    await host.until(({ leases }) => leases === 1);
    host.loseLease('the worker died');
    await host.until(({ leases }) => leases === 2);
    return { workflowId: host.workflowId, leave: () => host.dispose() };
  },
};

/** A host that is out of sight for longer than its attempt takes to run. */
const awayScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-seen-to-run-before-its-answer': async (environment) => {
    const session = await begin(environment, { hostAway: true, script: [({ epoch }) => Promise.resolve({ pid: 1_000 + epoch, startedAtMs: 1, adopted: true })] });
    const { sessionId, name, epoch, attemptId } = await session.startAskedFor();
    await session.handle.signal(attemptRunningSignal, { sessionId, name, epoch, attemptId, runningAtMs: await environment.now() });
    await session.until(({ state }) => state === 'waiting_for_host', 15_000);
    await session.hostComes();
    await session.runs();
    return scene(session);
  },
};

/** Attempts whose start is answered when they run, or when that is not worth waiting for any more. */
const answerScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-runs-with-its-answer': async (environment) => {
    const session = await begin(environment, { runsAtOnce: true, script: ['killed'] });
    await session.runs(2);
    // By a worker that does not know that it was told.
    await session.host.sayRunning((await session.host.nth('startAgent', 2)).input);
    await session.until(({ outcomesOwed }) => outcomesOwed === 0);
    return scene(session);
  },
  'session-stopped-before-its-answer': async (environment) => {
    const late = new Gate();
    const session = await begin(environment, { script: [({ epoch }) => Promise.resolve({ pid: 1_000 + epoch, startedAtMs: 1, adopted: false })] });
    session.host.holdFirstEvent = late.opened;
    await session.host.nth('startAgent', 1);
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    return scene(session, late);
  },
};

/** What sessions are given, and what they came to. */
const recordScenes: Readonly<Record<string, (environment: WorkflowEnvironment, record: KeptRecord) => Promise<Scene>>> = {
  'session-parameters-assigned': async (environment, { store, arms }) => {
    const enrolment = { experimentId: 'experiment/danger_zone/1', statsigName: 'danger_zone_optimization_1', control: 0.75, treatment: 0.6, startedAtMs: 0 };
    await store.publish({ name: 'danger_zone', value: 0.75, version: 1, rollout: null, enrolment }, Date.now());
    const session = await SupervisedSession.start(environment, { script: ['crashed'] }, (sessionId) => arms.set(sessionId, 'treatment'));
    await session.until(({ outcomesOwed, state, epoch }) => outcomesOwed === 0 && state === 'running' && epoch === 2);
    return scene(session);
  },
  'session-parameters-changed': async (environment, { store }) => {
    const session = await begin(environment, {});
    await session.runs();
    await store.publish({ name: 'hang_timeout', value: 77_000, version: 1, rollout: null, enrolment: null }, Date.now());
    await session.current().signal(parametersChangedSignal, { parameter: 'hang_timeout', version: 1 });
    await session.until(({ attemptParameters }) => attemptParameters?.hangTimeoutMs === 77_000);
    return scene(session);
  },
  // Begun by a version of revision 1: without the patch, its parameters told within its first task.
  'session-revision-1-assigned': async (environment, { store, arms }) => {
    const enrolment = { experimentId: 'experiment/danger_zone/2', statsigName: 'danger_zone_optimization_2', control: 0.75, treatment: 0.6, startedAtMs: 0 };
    await store.publish({ name: 'danger_zone', value: 0.75, version: 2, rollout: null, enrolment }, Date.now());
    const session = await SupervisedSession.start(environment, { revision: 1, script: ['crashed', 'completed'] }, (sessionId) => arms.set(sessionId, 'treatment'));
    await session.handle.result();
    return scene(session);
  },
  'session-revision-1-store-away': async (environment, { away }) => {
    const session = await SupervisedSession.start(environment, { revision: 1 }, (sessionId) => away.add(sessionId));
    await session.runs();
    away.delete(session.spec.sessionId);
    await session.until(({ outcomesOwed }) => outcomesOwed === 0);
    return scene(session);
  },
  'session-outcomes-recorded': (environment) => closingAfter(environment, ['killed', 'completed']),
  'session-store-away': async (environment, { away }) => {
    const session = await SupervisedSession.start(environment, { script: ['killed', 'completed'] }, (sessionId) => away.add(sessionId));
    const { sessionId } = session.spec;
    await session.handle.result();
    return {
      workflowId: session.handle.workflowId,
      leave: async () => {
        away.delete(sessionId);
        await environment.client.workflow.getHandle(recordsWorkflowId(sessionId, 2)).result();
        await session.dispose();
      },
    };
  },
};

/** What a session tells its host for people to hear. */
const noticeScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-notice-finished': (environment) => closingAfter(environment, ['completed']),
  'session-notice-login': async (environment) => {
    const session = await begin(environment, { script: ['auth_failed'] });
    await session.host.nth('takeNotice', 1);
    return scene(session);
  },
  'session-notice-permission': async (environment) => {
    const session = await begin(environment, { script: [{ exitClass: 'completed', denied: ['Bash: make deploy'] }] });
    await session.handle.result();
    return scene(session);
  },
};

/** Follow-up prompts: kept, taken out, given to one attempt and, not having got there, to the next. */
const promptScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-prompts-given': async (environment) => {
    const session = await begin(environment, { script: ['lives', { exitClass: 'killed', prompt: { id: 1, delivered: false } }] });
    await session.runs();
    for (const text of ['write the second chapter', 'throw it all away']) await session.handle.executeUpdate(sendUpdate, { args: [{ text, ...by }] });
    await session.handle.executeUpdate(removePromptUpdate, { args: [{ id: 2, ...by }] });
    await session.host.end((await session.host.nth('startAgent', 1)).input, { exitClass: 'completed' });
    await session.runs(3);
    return scene(session);
  },
};

/** Another process on the same conversation. */
const writerScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-second-writer-seen': async (environment) => {
    const session = await begin(environment, {});
    const { attempt } = await session.runs();
    if (attempt) await session.host.seeWriter(attempt, aWriter);
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    return scene(session);
  },
  'session-second-writer-allowed': async (environment) => {
    const session = await begin(environment, { script: ['killed', () => Promise.reject(new HostError(hostErrorCodes.secondWriter, describeWriter(aWriter), { writer: aWriter }))] });
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [{ ...by, beside: true }] });
    await session.runs(3);
    return scene(session);
  },
  'session-second-writer-at-start': async (environment) => {
    const session = await begin(environment, { script: [() => Promise.reject(new HostError(hostErrorCodes.secondWriter, describeWriter(aWriter), { writer: aWriter }))] });
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    return scene(session);
  },
};

/** Limits that belong to an account, and a conversation that is shortened by its own agent. */
const limitScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-account-waits': async (environment) => (await limitedSession(environment)).session,
  'session-account-let-go': async (environment) => {
    const { account, session } = await limitedSession(environment, true);
    await account.handle().executeUpdate(cancelWaitUpdate, { args: [by] });
    await poll(() => environment.client.workflow.getHandle(session.workflowId).query(statusQuery), ({ state, epoch }) => state === 'running' && epoch === 2);
    return session;
  },
  'account-limited': async (environment) => (await limitedSession(environment)).ofAccount,
  'account-open-again': async (environment) => {
    const { account, session, ofAccount } = await limitedSession(environment);
    await account.handle().executeUpdate(waitUntilUpdate, { args: [{ ...by, untilMs: (await environment.now()) + 7_200_000 }] });
    await account.handle().executeUpdate(cancelWaitUpdate, { args: [by] });
    await poll(() => environment.client.workflow.getHandle(session.workflowId).query(statusQuery), ({ state, epoch }) => state === 'running' && epoch === 2);
    await account.answered(session.workflowId.replace(/^session\//, ''));
    await account.until(({ phase }) => phase === 'open');
    await account.settled();
    return ofAccount;
  },
  'session-compacted': async (environment) => {
    const session = await begin(environment, { agent: 'claude-code', script: ['context_full', 'compacted'] });
    await session.runs(3);
    return scene(session);
  },
};

/** A budget that is used up, more of it, and that of the day, which lets nothing begin. */
const budgetScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-budget-paused': async (environment) => {
    const finding: BudgetFinding = { scope: 'session', fleet: null, measure: 'usd', level: 'exceeded', spent: 5.5, limit: 5 };
    const ofDay = () => Promise.reject(new HostError(hostErrorCodes.overBudget, 'the day is over', { finding: { ...finding, scope: 'day' } }));
    const session = await begin(environment, { budget: { usd: 5 }, script: [{ exitClass: 'stopped', spend: { tokens: 1, usd: 5.5, hours: 1 }, overBudget: finding }, ofDay] });
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [{ ...by, add: { usd: 5 } }] });
    await session.host.nth('startAgent', 2);
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(3);
    return scene(session);
  },
};

/** A session whose specification changes while it works, in the run that it goes on with. */
const changeScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-changed': async (environment) => {
    const session = await begin(environment, {});
    await session.runs();
    await session.handle.executeUpdate(changeUpdate, { args: [{ ...by, spec: { ...session.spec, limits: { ...session.spec.limits, memoryBytes: 5_000_000 }, changedAt: '2026-02-02T00:00:00.000Z' } }] });
    await session.runs(2);
    return scene(session);
  },
};

/** A session that begins when another has completed, and the other one, which tells it. */
const chainScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-began-after-another': async (environment) => {
    const { first, session } = await chained(environment);
    await session.runs();
    return scene(session, first);
  },
  'session-told-another': async (environment) => {
    const { first, session } = await chained(environment);
    await session.runs();
    return scene(first, session);
  },
};

/** What Actions are counted in: the same again, as sessions of revision 1 do it, whose attempts run soon, as most do. They end where nothing is owed any more. */
const costScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-revision-1-running': async (environment) => {
    const session = await begin(environment, { revision: 1, runsAtOnce: true });
    await session.runs();
    return scene(session);
  },
  'session-revision-1-completed': (environment) => closingAfter(environment, ['completed'], { revision: 1, runsAtOnce: true }),
  'session-revision-1-restarted': (environment) => closingAfter(environment, ['killed', 'completed'], { revision: 1, runsAtOnce: true }),
  'session-revision-1-backed-off': (environment) => backedOff(environment, { revision: 1 }),
  'session-revision-1-restarted-running': (environment) => restartedRunning(environment, { revision: 1 }),
  'session-revision-1-checkpointed': async (environment) => {
    const session = await begin(environment, { revision: 1, runsAtOnce: true });
    await session.runs();
    await session.handle.executeUpdate(checkpointNowUpdate, { args: [by] });
    await session.until(({ checkpoint }) => checkpoint !== null);
    return scene(session);
  },
  'session-revision-1-prompted': async (environment) => {
    const session = await begin(environment, { revision: 1, runsAtOnce: true });
    await session.runs();
    await session.handle.executeUpdate(sendUpdate, { args: [{ text: 'write the second chapter', ...by }] });
    await session.host.end((await session.host.nth('startAgent', 1)).input, { exitClass: 'completed' });
    await session.until(({ state, epoch, outcomesOwed }) => state === 'running' && epoch === 2 && outcomesOwed === 0);
    return scene(session);
  },
};

/** What a session of revision 2 does beside its story: it records once it has been told what to run with, whether it runs by then or waits. */
const orderedScenes: Readonly<Record<string, (environment: WorkflowEnvironment) => Promise<Scene>>> = {
  'session-revision-2-restarted-running': (environment) => restartedRunning(environment),
  'session-revision-2-backed-off': (environment) => backedOff(environment),
  'session-revision-2-failed': async (environment) => {
    const session = await begin(environment, { script: ['auth_failed'] });
    await session.host.nth('takeNotice', 1);
    await session.until(({ outcomesOwed }) => outcomesOwed === 0);
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    return scene(session);
  },
};

/** A session that waits for its account, and the scene of each. */
async function limitedSession(environment: WorkflowEnvironment, runsAtOnce = false): Promise<{ account: LimitedAccount; session: Scene; ofAccount: Scene }> {
  const account = new LimitedAccount(environment);
  const session = await begin(environment, { runsAtOnce, account: account.name, script: [{ exitClass: 'limit_reached', limitResetsAtMs: (await environment.now()) + 3_600_000 }] });
  await account.waits(1);
  await session.until(({ state, reason }) => state === 'waiting_for_limit' && reason.startsWith('limit of'));
  const leave = async () => {
    await account.dispose();
    await session.dispose();
  };
  return { account, session: { workflowId: session.handle.workflowId, leave }, ofAccount: { workflowId: account.workflowId, leave } };
}

/** What is recorded for replay, by the name of its file. */
export const historyScenes: ReadonlyMap<string, (environment: WorkflowEnvironment, record: KeptRecord) => Promise<Scene>> = new Map<string, (environment: WorkflowEnvironment, record: KeptRecord) => Promise<Scene>>([
  // First: a call that is still open when its workflow is left keeps the time-skipping server from ever skipping again.
  ['session-waited-out', waitedOut] as const,
  ...Object.entries(sessionStateScenes).map(([state, play]) => [`session-state-${state}`, play] as const),
  ...exitClasses.map((exitClass) => [`session-exit-${exitClass}`, (environment: WorkflowEnvironment) => afterEnd(environment, exitClass)] as const),
  ...Object.entries(hostScenes),
  ...Object.entries(awayScenes),
  ...Object.entries(answerScenes),
  ...Object.entries(recordScenes),
  ...Object.entries(limitScenes),
  ...Object.entries(noticeScenes),
  ...Object.entries(promptScenes),
  ...Object.entries(writerScenes),
  ...Object.entries(changeScenes),
  ...Object.entries(chainScenes),
  ...Object.entries(budgetScenes),
  ...Object.entries(costScenes),
  ...Object.entries(orderedScenes),
]);

function begin(environment: WorkflowEnvironment, choices: SessionChoices): Promise<SupervisedSession> {
  return SupervisedSession.start(environment, choices);
}

async function endingIn(environment: WorkflowEnvironment, script: ExitClass[], state: SessionState): Promise<Scene> {
  const session = await begin(environment, { script });
  await session.until((status) => status.state === state && status.ends.length === script.length);
  return scene(session);
}

async function closingAfter(environment: WorkflowEnvironment, script: ExitClass[], choices: SessionChoices = {}): Promise<Scene> {
  const session = await begin(environment, { ...choices, script });
  await session.handle.result();
  return scene(session);
}

async function waitedOut(environment: WorkflowEnvironment): Promise<Scene> {
  const session = await begin(environment, { script: ['overloaded'] });
  await session.reaches('backing_off');
  await session.skip(30_000);
  await session.runs(2);
  return scene(session);
}

/** Two sessions, of which the first fails, is mended, and completes; then the other begins. */
async function chained(environment: WorkflowEnvironment): Promise<{ first: SupervisedSession; session: SupervisedSession }> {
  const first = await begin(environment, { script: ['auth_failed', 'lives'] });
  await first.reaches('failed');
  const session = await begin(environment, { after: first.spec.name });
  await session.until(({ reason }) => reason.includes('has failed'));
  await first.handle.executeUpdate(resetUpdate, { args: [by] });
  await first.runs(2);
  await first.host.end((await first.host.nth('startAgent', 2)).input, { exitClass: 'completed' });
  await first.handle.result();
  return { first, session };
}

/** One attempt ends so; the session is where that leads. */
async function afterEnd(environment: WorkflowEnvironment, exitClass: ExitClass): Promise<Scene> {
  const session = await begin(environment, { script: [exitClass] });
  await session.until(({ ends, state }) => ends.length === 1 && state !== 'starting');
  return scene(session);
}

function scene(session: SupervisedSession, other?: Gate | SupervisedSession): Scene {
  return {
    workflowId: session.handle.workflowId,
    leave: async () => {
      if (other instanceof Gate) other.open();
      else await other?.dispose();
      await session.dispose();
    },
  };
}

/** It crashes twice, waits out the back-off with nothing owed, and runs. */
async function backedOff(environment: WorkflowEnvironment, choices: SessionChoices = {}): Promise<Scene> {
  const session = await begin(environment, { ...choices, runsAtOnce: true, script: ['crashed', 'crashed'] });
  await session.until(({ state, outcomesOwed }) => state === 'backing_off' && outcomesOwed === 0);
  await session.skip(90_000);
  await session.runs(3);
  return scene(session);
}

/** It crashes once, and runs again, with nothing owed. */
async function restartedRunning(environment: WorkflowEnvironment, choices: SessionChoices = {}): Promise<Scene> {
  const session = await begin(environment, { ...choices, runsAtOnce: true, script: ['crashed'] });
  await session.until(({ state, epoch, outcomesOwed }) => state === 'running' && epoch === 2 && outcomesOwed === 0);
  return scene(session);
}
