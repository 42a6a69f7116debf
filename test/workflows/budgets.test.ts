import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Budget, BudgetFinding } from '../../domain/budget.js';
import { HostError, hostErrorCodes } from '../../domain/host-requests.js';
import { pauseUpdate, resumeUpdate, stopUpdate, type CommandResult } from '../../workflows/messages.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const budget = { usd: 5 };
const finding: BudgetFinding = { scope: 'session', fleet: null, measure: 'usd', level: 'exceeded', spent: 5.5, limit: 5 };
const spend = { tokens: 100, usd: 5.5, hours: 0.1 };
const over = { exitClass: 'stopped', spend, overBudget: finding } as const;

function resume(session: SupervisedSession, add?: Budget): Promise<CommandResult> {
  return session.current().executeUpdate(resumeUpdate, { args: [{ by: 'ann', ...(add ? { add } : {}) }] });
}

async function refused(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return (error as WorkflowUpdateFailedError).cause?.message ?? '';
}

/** What each attempt may spend. */
function limits(session: SupervisedSession): (Budget | undefined)[] {
  return session.host.of('startAgent').map(({ input }) => input.budget);
}

describe('a budget that is used up', () => {
  it('pauses the session with its figures, and is told to its host', async () => {
    const session = await sessions.supervise({ budget, script: [over] });
    const paused = await session.reaches('paused');
    expect(paused).toMatchObject({ pauseReason: 'budget', reason: expect.stringMatching(/\$5\.50 of \$5\.00 are spent; go on with more: shim resume \S+ --add-usd 5$/), budget: { limit: budget, spend, finding }, ends: [{ exitClass: 'stopped', decision: 'paused' }] });
    expect(limits(session)).toEqual([budget]);
  });

  it('is not overspent by a resume: it takes more, and enough of it', async () => {
    const session = await sessions.supervise({ budget, script: [over] });
    await session.reaches('paused');
    expect(await refused(resume(session))).toMatch(/is paused for its budget: .*--add-usd/);
    expect(await refused(resume(session, { usd: 0.4 }))).toMatch(/\$0\.40 more would not be enough/);
    expect(await refused(resume(session, { tokens: 5 }))).toMatch(/has no budget of tokens/);
    expect(session.host.of('startAgent')).toHaveLength(1);
    expect(await resume(session, { usd: 2 })).toMatchObject({ outcome: 'accepted' });
    expect(await session.runs(2)).toMatchObject({ pauseReason: null, budget: { limit: { usd: 7 }, finding: null } });
    expect(limits(session)).toEqual([budget, { usd: 7 }]);
  });

  it.each(['killed', 'overloaded', 'limit_reached', 'recycled', 'auth_failed'] as const)('by an attempt that was %s is no reason to go on', async (exitClass) => {
    const session = await sessions.supervise({ budget, script: [{ ...over, exitClass }] });
    expect(await session.reaches('paused')).toMatchObject({ pauseReason: 'budget', epoch: 1 });
  });

  it('by work that is done is no reason to pause', async () => {
    const session = await sessions.supervise({ budget, script: [{ ...over, exitClass: 'completed' }] });
    expect(await session.handle.result()).toMatchObject({ state: 'completed' });
  });

  it('before the first attempt, by others, is waited for paused; a resume asks the host again', async () => {
    const ofDay: BudgetFinding = { ...finding, scope: 'day' };
    const refusal = () => Promise.reject(new HostError(hostErrorCodes.overBudget, 'used up', { finding: ofDay }));
    const session = await sessions.supervise({ script: [refusal, refusal] });
    expect(await session.reaches('paused')).toMatchObject({ pauseReason: 'budget', restarts: 0, reason: expect.stringMatching(/the host's budget for the day is used up.*shim budget --day-usd 10/) });
    await resume(session);
    await session.host.nth('startAgent', 2);
    await session.reaches('paused');
    await resume(session);
    await session.runs(3);
  });

  it('gives way to a person who stops the session', async () => {
    const session = await sessions.supervise({ budget, script: [over] });
    await session.reaches('paused');
    await session.current().executeUpdate(stopUpdate, { args: [{ by: 'ann' }] });
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
  });

  it('is not what a person has paused it for: that goes on with what is left, or with more', async () => {
    const session = await sessions.supervise({ budget });
    await session.runs();
    expect(await refused(resume(session, { usd: 1 }))).toMatch(/only a paused session is given more/);
    await session.current().executeUpdate(pauseUpdate, { args: [{ by: 'ann' }] });
    await session.reaches('paused');
    await resume(session, { usd: 1 });
    await session.runs(2);
    expect(limits(session)).toEqual([budget, { usd: 6 }]);
  });
});
