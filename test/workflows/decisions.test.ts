import { describe, expect, it } from 'vitest';
import { exitClasses, type ExitClass } from '../../domain/exit-class.js';
import type { SessionState } from '../../domain/session.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();

/** The state that a first end of each class leads to, and what `history` says of it. */
const consequences: Readonly<Record<ExitClass, { state: SessionState; decision: string }>> = {
  completed: { state: 'completed', decision: 'complete' },
  crashed: { state: 'running', decision: 'restart at once (native)' },
  killed: { state: 'running', decision: 'restart at once (native)' },
  out_of_memory: { state: 'running', decision: 'restart at once (native)' },
  hung: { state: 'running', decision: 'restart at once (native)' },
  limit_reached: { state: 'waiting_for_limit', decision: 'wait until' },
  overloaded: { state: 'backing_off', decision: 'restart after 30 s (native)' },
  context_full: { state: 'running', decision: 'restart at once (fork)' },
  recycled: { state: 'running', decision: 'restart at once (brief)' },
  auth_failed: { state: 'failed', decision: 'fail: auth_failed: it was auth_failed' },
  misconfigured: { state: 'failed', decision: 'fail: misconfigured: it was misconfigured' },
  stopped: { state: 'stopped', decision: 'stop' },
  lost: { state: 'running', decision: 'restart at once (native)' },
  start_timeout: { state: 'running', decision: 'restart at once (native)' },
  compacted: { state: 'running', decision: 'restart at once (native)' },
  host_rebooted: { state: 'running', decision: 'restart at once (native)' },
};

describe('what follows an end', () => {
  it.each(exitClasses)('an attempt that ended as %s leads to its decision, and both can be seen', async (exitClass) => {
    const session = await sessions.supervise({ script: [exitClass] });
    const { state, decision } = consequences[exitClass];
    const { ends } = await session.until((status) => status.state === state && status.ends.length === 1);
    expect(ends).toMatchObject([{ epoch: 1, exitClass, reason: `it was ${exitClass}` }]);
    expect(ends[0]?.decision).toContain(decision);
    expect(await session.searchAttribute('lastExit')).toBe(exitClass);
    expect(await session.searchAttribute('state')).toBe(state);
  });

  it('a completed session closes with what it came to', async () => {
    const session = await sessions.supervise({ script: ['crashed', 'completed'] });
    expect(await session.handle.result()).toEqual({ state: 'completed', reason: 'it was completed', attempts: 2, restarts: 1 });
    expect(session.host.of('recordState').map(({ input }) => input)).toMatchObject([{ state: 'completed', epoch: 2, decision: 'complete' }]);
  });

  it('every attempt has its own epoch and id, and is told what was decided before it', async () => {
    const session = await sessions.supervise({ script: ['crashed', 'context_full', 'completed'] });
    await session.handle.result();
    const starts = session.host.of('startAgent').map(({ input }) => input);
    expect(starts.map(({ epoch, strategy, decision }) => ({ epoch, strategy, decision }))).toEqual([
      { epoch: 1, strategy: 'native', decision: null },
      { epoch: 2, strategy: 'native', decision: 'restart at once (native)' },
      { epoch: 3, strategy: 'fork', decision: 'restart at once (fork)' },
    ]);
    expect(new Set(starts.map(({ attemptId }) => attemptId)).size).toBe(3);
  });

  it('policy never leaves a crashed session failed', async () => {
    const session = await sessions.supervise({ policy: { restart: 'never' }, script: ['crashed'] });
    expect(await session.reaches('failed')).toMatchObject({ reason: 'policy never: crashed: it was crashed', attempt: null });
  });
});
