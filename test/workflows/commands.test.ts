import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { emptyHistory } from '../../domain/restart-policy.js';
import { checkpointNowUpdate, invalidCommand, pauseUpdate, resetUpdate, restartUpdate, resumeUpdate, stopUpdate, type CarriedSession } from '../../workflows/messages.js';
import { Gate } from '../support/gate.js';
import type { Act } from '../support/scripted-host.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const commands = { pause: pauseUpdate, resume: resumeUpdate, restart: restartUpdate, stop: stopUpdate, reset: resetUpdate, checkpointNow: checkpointNowUpdate };
const by = { by: 'ann', reason: 'lunch' };

function send(session: SupervisedSession, command: keyof typeof commands) {
  return session.current().executeUpdate(commands[command], { args: [by] });
}

/** A session whose first attempt lives, as one run hands it to the next. */
const carriedAlive = {
  epoch: 1,
  restarts: 0,
  history: emptyHistory,
  desired: 'running',
  pauseReason: null,
  state: 'running',
  reason: 'first event seen',
  attempt: { sessionId: 'session', name: '', epoch: 1, attemptId: 'attempt', pid: 1, startedAtMs: 0, runningAtMs: 0 },
  lastEnds: [],
  checkpoint: null,
  strategy: 'native',
  wait: null,
  unsettled: null,
  checkpointRequests: 0,
  checkpointProblem: null,
  hostAwaySinceMs: null,
  pausedBy: '',
  stoppedBy: '',
  startedAtMs: 0,
} as const satisfies CarriedSession;

/** What a session's first attempt does, so that it comes to rest in a state. */
const waysInto = { running: 'lives', backing_off: 'overloaded', waiting_for_limit: 'limit_reached', failed: 'auth_failed', paused: 'lives' } as const satisfies Record<string, Act>;

async function into(state: keyof typeof waysInto): Promise<SupervisedSession> {
  const session = await sessions.supervise({ script: [waysInto[state]] });
  if (state === 'paused') {
    await session.runs();
    await send(session, 'pause');
  }
  await session.until((status) => status.state === state && (status.attempt === null) === (state !== 'running'));
  return session;
}

describe('stop', () => {
  it.each(['running', 'backing_off', 'waiting_for_limit', 'paused', 'failed'] as const)('a session that is %s is stopped for good, with a tombstone', async (state) => {
    const session = await into(state);
    expect(await send(session, 'stop')).toMatchObject({ outcome: 'accepted' });
    expect(await session.handle.result()).toMatchObject({ state: 'stopped', attempts: 1 });
    expect(session.host.of('stopAgent').at(-1)?.input).toMatchObject({ mode: 'stop', epoch: 1, reason: 'stop by ann: lunch' });
    expect(session.host.of('recordState').at(-1)?.input).toMatchObject({ state: 'stopped' });
    expect(session.host.of('startAgent')).toHaveLength(1);
    expect(await session.searchAttribute('state')).toBe('stopped');
  });

  it('an attempt whose start is not yet answered is fenced before the session closes', async () => {
    const startHangs = new Gate();
    const session = await sessions.supervise({
      script: [
        async (input) => {
          await startHangs.opened;
          return session.host.started(input);
        },
      ],
    });
    const { input: start } = await session.host.nth('startAgent', 1);
    await send(session, 'stop');
    const { input: stop } = await session.host.nth('stopAgent', 1);
    expect(stop).toMatchObject({ mode: 'stop', attemptId: start.attemptId });
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
    startHangs.open();
  });

  it('cancelling the workflow stops the session, then it counts as cancelled', async () => {
    const session = await into('running');
    await session.handle.cancel();
    const refused = await session.handle.result().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowFailedError);
    expect((refused as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(session.host.of('stopAgent').map(({ input }) => input)).toMatchObject([{ mode: 'stop', reason: 'stop by cancellation' }]);
  });

  it.each(['backing_off', 'paused', 'failed'] as const)('cancelling a workflow that is %s leaves a tombstone', async (state) => {
    const session = await into(state);
    await session.handle.cancel();
    await expect(session.handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(session.host.of('stopAgent').at(-1)?.input).toMatchObject({ mode: 'stop' });
  });

  it('no other command is taken once a stop is', async () => {
    const session = await into('running');
    const held = new Gate();
    session.host.holdStop = held.opened;
    await send(session, 'stop');
    await session.reaches('stopping');
    await expect(send(session, 'resume')).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    expect(await send(session, 'stop')).toMatchObject({ outcome: 'accepted' });
    held.open();
    await session.handle.result();
    expect(session.host.of('stopAgent')).toHaveLength(1);
  });

  it.each(['completed', 'killed'] as const)('an attempt that has %s by itself when it is stopped leaves a tombstone all the same', async (exitClass) => {
    const session = await sessions.environment.withoutControl(async () => {
      const alive = await sessions.supervise({ carried: carriedAlive });
      await alive.host.end({ ...carriedAlive.attempt, name: alive.spec.name }, { exitClass });
      await alive.handle.cancel();
      return alive;
    });
    await expect(session.handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as CancelledFailure });
    expect(session.host.of('stopAgent').map((call) => call.input.mode)).toEqual(['stop']);
    expect(session.host.of('recordState').at(-1)?.input).toMatchObject({ state: exitClass === 'completed' ? 'completed' : 'stopped' });
    expect(session.host.of('startAgent')).toHaveLength(0);
  });

  it('a host that refuses to stop an agent is asked again, and the reason shows', async () => {
    const session = await into('running');
    session.host.stopRefusal = 'the disk is broken';
    await send(session, 'stop');
    await session.until(({ state, reason }) => state === 'stopping' && reason.includes('the disk is broken'));
    session.host.stopRefusal = null;
    await session.skip(10_000);
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
    expect(session.host.of('stopAgent')).toHaveLength(2);
  });

  it('an agent that completes while it is being stopped has completed', async () => {
    const session = await into('running');
    session.host.stoppedAs = 'completed';
    await send(session, 'stop');
    expect(await session.handle.result()).toMatchObject({ state: 'completed' });
  });
});

describe('pause and resume', () => {
  it('a pause ends the attempt and keeps the session; a resume begins a new attempt', async () => {
    const session = await into('running');
    expect(await send(session, 'pause')).toEqual({ outcome: 'accepted', message: `${session.spec.name} is running: a last checkpoint is made, then the agent is stopped` });
    expect(await session.reaches('paused')).toMatchObject({ reason: 'paused by ann: lunch', pauseReason: 'person', attempt: null, ends: [{ exitClass: 'stopped', decision: 'paused' }] });
    expect(session.host.of('stopAgent').map(({ input }) => input)).toMatchObject([{ mode: 'pause', epoch: 1 }]);
    expect((await session.host.nth('recordState', 1)).input).toMatchObject({ state: 'paused' });
    expect(await send(session, 'pause')).toMatchObject({ outcome: 'applied' });
    expect(await send(session, 'resume')).toMatchObject({ outcome: 'accepted' });
    expect(await session.runs(2)).toMatchObject({ pauseReason: null, desired: 'running' });
    expect(await send(session, 'resume')).toMatchObject({ outcome: 'applied' });
  });

  it.each(['resume', 'reset'] as const)('a %s that comes while the pause is at work begins a new attempt after it', async (command) => {
    const session = await into('running');
    const held = new Gate();
    session.host.holdStop = held.opened;
    await send(session, 'pause');
    await session.host.nth('stopAgent', 1);
    await send(session, command);
    held.open();
    expect(await session.runs(2)).toMatchObject({ desired: 'running', ends: [{ epoch: 1, exitClass: 'stopped' }] });
  });

  it('an attempt whose start is not yet answered is fenced before the session rests', async () => {
    const startHangs = new Gate();
    const session = await sessions.supervise({
      script: [
        async (input) => {
          await startHangs.opened;
          return session.host.started(input);
        },
      ],
    });
    const { input: start } = await session.host.nth('startAgent', 1);
    await send(session, 'pause');
    await session.reaches('paused');
    expect(session.host.of('stopAgent').map(({ input }) => input)).toMatchObject([{ mode: 'pause', attemptId: start.attemptId }]);
    startHangs.open();
    await send(session, 'resume');
    await session.runs(2);
  });
});

describe('restart', () => {
  it('ends the attempt with a checkpoint and begins another that goes on from it; no failure is counted', async () => {
    const session = await into('running');
    expect(await send(session, 'restart')).toMatchObject({ outcome: 'accepted' });
    const status = await session.runs(2);
    expect(status).toMatchObject({ desired: 'running', pauseReason: null, ends: [{ epoch: 1, exitClass: 'stopped', reason: 'restart by ann: lunch', decision: 'restart' }] });
    expect(session.host.of('stopAgent').map(({ input }) => input)).toMatchObject([{ mode: 'pause', epoch: 1 }]);
    expect(session.host.of('startAgent').at(-1)?.input).toMatchObject({ epoch: 2, strategy: 'native', decision: 'restart' });
  });

  it('of an attempt that ends by itself meanwhile goes by the policy, and restarts it once', async () => {
    const session = await into('running');
    session.host.stoppedAs = 'killed';
    await send(session, 'restart');
    await session.runs(2);
    expect(session.host.of('startAgent')).toHaveLength(2);
  });

  it('is overtaken by a stop that comes while it is at work', async () => {
    const session = await into('running');
    const held = new Gate();
    session.host.holdStop = held.opened;
    await send(session, 'restart');
    await session.host.nth('stopAgent', 1);
    await send(session, 'stop');
    held.open();
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
    expect(session.host.of('startAgent')).toHaveLength(1);
  });

  it('of a session that is between two attempts has nothing to do', async () => {
    const session = await into('backing_off');
    expect(await send(session, 'restart')).toMatchObject({ outcome: 'applied' });
    expect(await session.status()).toMatchObject({ state: 'backing_off' });
  });
});

describe('checkpointNow', () => {
  it('the host is asked for a checkpoint, which then shows', async () => {
    const session = await into('running');
    expect(await send(session, 'checkpointNow')).toMatchObject({ outcome: 'accepted' });
    expect(await session.until(({ checkpoint }) => checkpoint !== null)).toMatchObject({ state: 'running', checkpoint: { id: 'ck-0001' }, checkpointProblem: null });
    expect(session.host.of('createCheckpoint').map(({ input }) => input)).toMatchObject([{ epoch: 1, trigger: 'user_requested' }]);
  });

  it('a checkpoint that cannot be made says why, and the session goes on', async () => {
    const session = await into('running');
    session.host.checkpoint = () => Promise.reject(ApplicationFailure.nonRetryable('disk full', 'CheckpointFailed'));
    await send(session, 'checkpointNow');
    expect(await session.until(({ checkpointProblem }) => checkpointProblem !== null)).toMatchObject({ state: 'running', checkpointProblem: 'disk full' });
  });

  it('a request that comes while a checkpoint is being made is not lost in it', async () => {
    const session = await into('running');
    const held = new Gate();
    session.host.checkpoint = async () => {
      await held.opened;
      return { id: `ck-000${session.host.of('createCheckpoint').length}`, atMs: 1 };
    };
    await send(session, 'checkpointNow');
    await session.host.nth('createCheckpoint', 1);
    await send(session, 'checkpointNow');
    await send(session, 'checkpointNow');
    held.open();
    expect(await session.until(({ checkpoint }) => checkpoint?.id === 'ck-0002')).toMatchObject({ state: 'running' });
    expect(session.host.of('createCheckpoint')).toHaveLength(2);
  });
});

describe('commands that make no sense', () => {
  it.each([
    { command: 'resume', state: 'failed', says: 'use reset' },
    { command: 'pause', state: 'failed', says: 'use reset or stop' },
    { command: 'restart', state: 'failed', says: 'use reset' },
    { command: 'restart', state: 'paused', says: 'use resume' },
    { command: 'checkpointNow', state: 'failed', says: 'nothing to checkpoint' },
    { command: 'checkpointNow', state: 'backing_off', says: 'nothing to checkpoint' },
    { command: 'checkpointNow', state: 'paused', says: 'nothing to checkpoint' },
  ] as const)('$command is refused for a session that is $state, and leaves no trace in its history', async ({ command, state, says }) => {
    const session = await into(state);
    await session.host.nth('startAgent', 1);
    const events = async () => (await session.handle.fetchHistory()).events?.filter(({ workflowExecutionUpdateAcceptedEventAttributes: update }) => update).length;
    const before = await events();
    const refusal = await send(session, command).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
    const cause = (refusal as WorkflowUpdateFailedError).cause;
    expect(cause).toMatchObject({ type: invalidCommand });
    expect(cause?.message).toContain(says);
    expect(await events()).toBe(before);
  });

  it('a session that has completed takes no more commands, however slow its host notes it down', async () => {
    const held = new Gate();
    const session = await sessions.supervise({ script: ['completed'] });
    session.host.holdRecord = held.opened;
    await session.reaches('completed');
    await expect(send(session, 'pause')).rejects.toMatchObject({ cause: { type: invalidCommand } });
    held.open();
    expect(await session.handle.result()).toMatchObject({ state: 'completed' });
  });
});
