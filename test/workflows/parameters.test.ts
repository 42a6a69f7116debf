import { describe, expect, it } from 'vitest';
import type { PublishedParameter } from '../../analytics/outcomes/store.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import { parametersChangedSignal } from '../../workflows/messages.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
let version = 0;

/** What sessions are given from now on; the session is told where one is named. */
async function publish(name: ParameterName, value: ParameterValue, change: Partial<PublishedParameter> = {}, told?: SupervisedSession): Promise<void> {
  version += 1;
  await sessions.record.store.publish({ name, value, version, rollout: null, enrolment: null, ...change }, Date.now());
  await told?.current().signal(parametersChangedSignal, { parameter: name, version });
}

const enrolment = (experimentId: string) => ({ experimentId, statsigName: experimentId, control: 0.75, treatment: 0.6, startedAtMs: 0 });

describe('a session', () => {
  it('is given its parameters before its first attempt, and the store knows of it by then', async () => {
    await publish('danger_zone', 0.66);
    const session = await sessions.supervise();
    const { input } = await session.host.nth('startAgent', 1);
    expect(input.parameters).toEqual({ ...session.spec.parameters, dangerZone: 0.66 });
    expect(await session.runs()).toMatchObject({ parameters: input.parameters, attemptParameters: input.parameters, pinned: [], assignments: [] });
    expect(await sessions.record.store.session(session.spec.sessionId)).toMatchObject({ opened: { parameters: input.parameters, sessionName: session.spec.name }, closed: null });
  });

  it('is assigned before its first attempt, and keeps its arm in every later one', async () => {
    const id = 'experiment/danger_zone/11';
    await publish('danger_zone', 0.75, { enrolment: enrolment(id) });
    const session = await sessions.supervise({ script: ['crashed'] }, (sessionId) => sessions.record.arms.set(sessionId, 'treatment'));
    const { assignments } = await session.runs(2);
    expect(assignments).toEqual([{ experimentId: id, parameter: 'danger_zone', arm: 'treatment' }]);
    expect(session.host.of('startAgent').map(({ input }) => input.parameters.dangerZone)).toEqual([0.6, 0.6]);
    await publish('danger_zone', 0.75);
  });

  it('whose store is away starts with its own parameters, in no experiment, and is given the published ones while it runs', async () => {
    await publish('danger_zone', 0.67, { enrolment: enrolment('experiment/danger_zone/12') });
    const session = await sessions.supervise({}, (sessionId) => {
      sessions.record.away.add(sessionId);
      sessions.record.arms.set(sessionId, 'treatment');
    });
    const { sessionId, parameters } = session.spec;
    expect((await session.host.nth('startAgent', 1)).input.parameters).toEqual(parameters);
    await session.runs();
    sessions.record.away.delete(sessionId);
    const { input } = await session.host.nth('applyParameters', 1);
    expect(input.parameters).toEqual({ ...parameters, dangerZone: 0.67 });
    await session.until(({ attemptParameters }) => attemptParameters?.dangerZone === 0.67);
    expect(await sessions.record.store.assignmentsOf(sessionId)).toEqual([]);
    expect(await sessions.record.store.session(sessionId)).toMatchObject({ opened: { parameters } });
    await publish('danger_zone', 0.75);
  });

  it('brings a change that takes effect at once to its running attempt', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await publish('hang_timeout', 77_000, {}, session);
    const { input } = await session.host.nth('applyParameters', 1);
    expect(input).toMatchObject({ epoch: 1, parameters: { hangTimeoutMs: 77_000 } });
    await session.until(({ attemptParameters }) => attemptParameters?.hangTimeoutMs === 77_000);
    expect(session.host.of('startAgent')).toHaveLength(1);
  });

  it('keeps a change that takes effect with the next attempt until then', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await publish('resume_strategy', 'brief', {}, session);
    await session.until(({ parameters }) => parameters.resumeStrategy === 'brief');
    expect(session.host.of('applyParameters')).toEqual([]);
    await session.host.end((await session.host.nth('startAgent', 1)).input, { exitClass: 'crashed' });
    expect((await session.host.nth('startAgent', 2)).input).toMatchObject({ strategy: 'brief', parameters: { resumeStrategy: 'brief' } });
    await publish('resume_strategy', 'native');
  });

  it('backs off by the base that was published while it ran', async () => {
    const session = await sessions.supervise({ script: ['crashed'] });
    await session.runs(2);
    await publish('backoff_base', 120_000, {}, session);
    await session.until(({ parameters }) => parameters.backoffBaseMs === 120_000);
    await session.host.end((await session.host.nth('startAgent', 2)).input, { exitClass: 'crashed' });
    expect((await session.reaches('backing_off')).ends.at(-1)?.decision).toBe('restart after 2m (native)');
    await publish('backoff_base', 60_000);
  });

  it('is not touched in what a person has pinned', async () => {
    const session = await sessions.supervise({ pinned: ['danger_zone'], parameters: { dangerZone: 0.5 } });
    await session.runs();
    await publish('danger_zone', 0.9, {}, session);
    await publish('hang_timeout', 88_000, {}, session);
    expect((await session.host.nth('applyParameters', 1)).input.parameters).toMatchObject({ dangerZone: 0.5, hangTimeoutMs: 88_000 });
    expect(await session.status()).toMatchObject({ pinned: ['danger_zone'] });
    await publish('danger_zone', 0.75);
  });

  it('hears of a change that came while its host was away when the host is back', async () => {
    const session = await sessions.supervise();
    await session.runs();
    await session.hostGoes();
    await publish('hang_timeout', 99_000, {}, session);
    await session.until(({ parameters }) => parameters.hangTimeoutMs === 99_000);
    await session.hostComes();
    await session.until(({ attemptParameters }) => attemptParameters?.hangTimeoutMs === 99_000);
  });
});
