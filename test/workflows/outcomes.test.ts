import { describe, expect, it } from 'vitest';
import { pauseUpdate, recordsWorkflowId, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import { poll } from '../support/poll.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'test' };

const recorded = ({ spec }: SupervisedSession) => sessions.record.store.session(spec.sessionId);

/** What the workflow was told and asked for between two things in its history: names of activities and signals, and timers. */
async function between(session: SupervisedSession, from: (text: string) => boolean, to: (text: string) => boolean): Promise<string[]> {
  const { events } = await session.handle.fetchHistory();
  const texts = (events ?? []).flatMap((event) => {
    if (event.activityTaskScheduledEventAttributes) return [`asks ${event.activityTaskScheduledEventAttributes.activityType?.name ?? ''}`];
    if (event.workflowExecutionSignaledEventAttributes) return [`hears ${event.workflowExecutionSignaledEventAttributes.signalName ?? ''}`];
    if (event.timerStartedEventAttributes) return ['timer'];
    return [];
  });
  const start = texts.findIndex(from);
  const end = texts.findIndex((text, at) => at > start && to(text));
  return texts.slice(start + 1, end);
}

describe('the record of a session', () => {
  it('has an outcome of each attempt as its report tells it, and how the session closed', async () => {
    const session = await sessions.supervise({
      script: [
        { exitClass: 'killed', messages: 7, toolCalls: 3, inputTokens: 900, outputTokens: 80, costUsd: 0.25, maxContextUse: 0.5, longestSilenceMs: 321 },
        { exitClass: 'completed', messages: 2, fidelity: 0.75 },
      ],
    });
    expect(await session.handle.result()).toMatchObject({ state: 'completed', attempts: 2 });
    const record = await recorded(session);
    const { spec, hostId } = session;
    expect(record).toMatchObject({
      opened: { sessionName: spec.name, hostId, agent: 'command' },
      closed: { state: 'completed', attempts: 2, restarts: 1 },
      attempts: [
        { epoch: 1, exitClass: 'killed', crashed: true, resumeStrategy: null, downtimeMs: null, workLostMs: 1_000, messages: 7, toolCalls: 3, inputTokens: 900, outputTokens: 80, costUsd: 0.25, maxContextUse: 0.5, longestSilenceMs: 321, fidelity: null },
        { epoch: 2, exitClass: 'completed', crashed: false, resumeStrategy: 'native', workLostMs: 0, messages: 2, fidelity: 0.75 },
      ],
    });
    const started = session.host.of('startAgent').map(({ input }) => input);
    expect(record?.attempts.map(({ attemptId, parameters }) => ({ attemptId, parameters }))).toEqual(started.map(({ attemptId, parameters }) => ({ attemptId, parameters })));
    expect(record?.attempts[1]?.downtimeMs).toBeTypeOf('number');
  });

  it('keeps nothing between a crash and the restart: it is told when the successor has started', async () => {
    const session = await sessions.supervise({ script: ['killed'] });
    await session.runs(2);
    await poll(
      () => recorded(session),
      (record) => record?.attempts.length === 1,
    );
    const isStart = (text: string) => text === 'asks startAgent';
    expect(await between(session, (text) => text === 'hears attemptEnded', isStart)).toEqual([]);
    expect(await between(session, isStart, (text) => text === 'asks recordSession')).toContain('asks startAgent');
  });

  it('counts no pause as downtime', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await session.handle.executeUpdate(pauseUpdate, { args: [by] });
    await session.reaches('paused');
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.runs(2);
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    await session.handle.result();
    expect((await recorded(session))?.attempts.map(({ exitClass, downtimeMs }) => [exitClass, downtimeMs])).toEqual([
      ['stopped', null],
      ['stopped', null],
    ]);
  });

  it('is not waited for while the store is away, and loses nothing', async () => {
    const session = await sessions.supervise({ script: ['killed'] });
    const { sessionId } = session.spec;
    await session.host.nth('startAgent', 1);
    sessions.record.away.add(sessionId);
    await session.runs(2);
    expect(await session.status()).toMatchObject({ state: 'running', outcomesOwed: 1 });
    sessions.record.away.delete(sessionId);
    await session.until(({ outcomesOwed }) => outcomesOwed === 0, 20_000);
    expect((await recorded(session))?.attempts).toMatchObject([{ exitClass: 'killed' }]);
  });

  it('is seen to by a workflow of its own where the store is away when the session closes', async () => {
    const session = await sessions.supervise({ script: ['killed'] });
    const { sessionId } = session.spec;
    await session.host.nth('startAgent', 1);
    sessions.record.away.add(sessionId);
    await session.runs(2);
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    // Ten seconds pass for real: with a call open the server skips no time.
    expect(await session.handle.result()).toMatchObject({ state: 'stopped', attempts: 2 });
    sessions.record.away.delete(sessionId);
    await sessions.environment.client.workflow.getHandle(recordsWorkflowId(sessionId, 2)).result();
    expect(await recorded(session)).toMatchObject({ attempts: [{ exitClass: 'killed' }, { exitClass: 'stopped' }], closed: { state: 'stopped', attempts: 2 } });
  });
});
