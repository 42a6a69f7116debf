import { describe, expect, it } from 'vitest';
import { pauseUpdate, resetUpdate, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { useSessions } from '../support/use-sessions.js';

// Every session here is at rest when its test ends: a call that is left open keeps the server from ever skipping again.
const sessions = useSessions();
const by = { by: 'test' };

/** Seconds of each timer of the session's history. */
async function timersSeconds(session: SupervisedSession): Promise<number[]> {
  const { events } = await session.handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => (timer ? [Number(timer.startToFireTimeout?.seconds ?? 0)] : []));
}

describe('back-off and limits', () => {
  it('delays double up to their cap, over hours', async () => {
    const series = [60, 120, 240, 480, 960, 1_920, 3_600, 3_600];
    const session = await sessions.supervise({
      policy: { backoff: { jitter: 0, maxMs: 3_600_000 }, intensity: { maxFailures: 100, windowMs: 86_400_000 } },
      parameters: { backoffBaseMs: 60_000 },
      script: Array.from({ length: series.length + 1 }, () => 'crashed' as const),
    });
    for (const [index, seconds] of series.entries()) {
      await session.until(({ state, epoch }) => state === 'backing_off' && epoch === index + 2);
      expect(session.host.of('startAgent')).toHaveLength(index + 2);
      await session.skip(seconds * 1_000);
    }
    await session.runs(series.length + 2);
    expect(await timersSeconds(session)).toEqual(series);
  });

  it('nothing starts before the delay is over', async () => {
    const session = await sessions.supervise({ parameters: { backoffBaseMs: 600_000 }, policy: { backoff: { jitter: 0, maxMs: 600_000 } }, script: ['crashed', 'crashed'] });
    await session.reaches('backing_off');
    await session.skip(590_000);
    expect(await session.status()).toMatchObject({ state: 'backing_off', epoch: 2 });
    await session.skip(10_000);
    await session.runs(3);
  });

  it('policy always restarts a completed session after a back-off', async () => {
    const session = await sessions.supervise({ policy: { restart: 'always', backoff: { jitter: 0 } }, script: ['completed'] });
    expect(await session.reaches('backing_off')).toMatchObject({ reason: 'policy always: completed' });
    await session.skip(60_000);
    await session.runs(2);
  });

  it('a healthy attempt makes the back-off start anew', async () => {
    const session = await sessions.supervise({ policy: { backoff: { jitter: 0 }, healthyAfterMs: 1 }, script: ['crashed', 'crashed', 'crashed'] });
    expect((await session.runs(4)).ends.map(({ decision }) => decision)).toEqual(Array.from({ length: 3 }, () => 'restart at once (native)'));
  });

  it('more failures than allowed leave the session failed, visibly, until a reset', async () => {
    const session = await sessions.supervise({ policy: { intensity: { maxFailures: 1, windowMs: 600_000 } }, script: ['crashed', 'killed'] });
    expect(await session.reaches('failed')).toMatchObject({ reason: '2 failures in 10m, 1 allowed; last killed: it was killed' });
    expect(await session.searchAttribute('state')).toBe('failed');
    expect((await session.host.nth('recordState', 1)).input).toMatchObject({ state: 'failed', epoch: 2 });
    await session.skip(86_400_000);
    expect(await session.status()).toMatchObject({ state: 'failed', epoch: 2 });
    expect(await session.handle.executeUpdate(resetUpdate, { args: [by] })).toMatchObject({ outcome: 'accepted' });
    expect(await session.runs(3)).toMatchObject({ restarts: 2 });
    expect(await session.searchAttribute('state')).toBe('running');
  });

  it('failures that lie further back than the window do not count', async () => {
    const session = await sessions.supervise({
      policy: { backoff: { jitter: 0, maxMs: 600_000 }, intensity: { maxFailures: 2, windowMs: 600_000 } },
      parameters: { backoffBaseMs: 600_000 },
      script: ['crashed', 'crashed', 'crashed'],
    });
    await session.until(({ epoch, state }) => state === 'backing_off' && epoch === 2);
    await session.skip(600_000);
    expect((await session.until(({ epoch, state }) => state === 'backing_off' && epoch === 3)).reason).toBe('failure 1 of 2 allowed (crashed)');
  });

  it('a limit is waited out until its reset and counts for nothing', async () => {
    const resetsAtMs = (await sessions.environment.now()) + 5 * 3_600_000;
    const session = await sessions.supervise({ policy: { intensity: { maxFailures: 0 } }, script: [{ exitClass: 'limit_reached', limitResetsAtMs: resetsAtMs }] });
    expect(await session.reaches('waiting_for_limit')).toMatchObject({ untilMs: resetsAtMs, epoch: 1 });
    await session.skip(5 * 3_600_000 - 60_000);
    expect(await session.status()).toMatchObject({ state: 'waiting_for_limit', epoch: 1 });
    await session.skip(60_000);
    expect((await session.runs(2)).untilMs).toBeNull();
    expect(session.host.of('startAgent')[1]?.atMs).toBeGreaterThanOrEqual(resetsAtMs);
  });

  it('an overloaded API is waited for ever longer, without end and without failing', async () => {
    const session = await sessions.supervise({
      policy: { backoff: { jitter: 0 }, intensity: { maxFailures: 0 } },
      script: Array.from({ length: 7 }, () => 'overloaded' as const),
    });
    const series = [30, 60, 120, 240, 480, 600, 600];
    for (const [index, seconds] of series.entries()) {
      await session.until(({ state, epoch }) => state === 'backing_off' && epoch === index + 1);
      await session.skip(seconds * 1_000);
    }
    await session.runs(8);
    expect(await timersSeconds(session)).toEqual(series);
  });

  it.each(['backing_off', 'waiting_for_limit'] as const)('a reset ends the state %s at once', async (state) => {
    const session = await sessions.supervise({ script: [{ backing_off: 'overloaded' as const, waiting_for_limit: 'limit_reached' as const }[state]] });
    await session.reaches(state);
    await session.handle.executeUpdate(resetUpdate, { args: [by] });
    expect(await session.runs(2)).toMatchObject({ untilMs: null });
  });

  it('a back-off that is paused shows no end, and what is left of it is waited out after the resume', async () => {
    const session = await sessions.supervise({ script: ['overloaded'] });
    await session.reaches('backing_off');
    await session.handle.executeUpdate(pauseUpdate, { args: [by] });
    expect(await session.reaches('paused')).toMatchObject({ untilMs: null });
    await session.skip(86_400_000);
    expect(session.host.of('startAgent')).toHaveLength(1);
    expect(session.host.of('stopAgent')).toHaveLength(0);
    await session.handle.executeUpdate(resumeUpdate, { args: [by] });
    await session.until(({ state }) => state === 'backing_off' || state === 'running');
    await session.skip(1);
    await session.runs(2);
  });

  it('a stop in a back-off is for good: nothing starts when the delay would have been over', async () => {
    const session = await sessions.supervise({ script: ['overloaded'] });
    await session.reaches('backing_off');
    await session.handle.executeUpdate(stopUpdate, { args: [by] });
    expect(await session.handle.result()).toMatchObject({ state: 'stopped' });
    await session.skip(86_400_000);
    expect(session.host.of('startAgent')).toHaveLength(1);
  });
});
