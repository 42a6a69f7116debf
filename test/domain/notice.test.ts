import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noticeOf, noticeSchema, type SessionAtRest } from '../../domain/notice.js';
import { exitClasses } from '../../domain/exit-class.js';
import { pauseReasons, sessionStates } from '../../domain/session.js';

const atRest = (change: Partial<SessionAtRest>): SessionAtRest => ({ name: 'api', sessionId: '8c7c6a1e-0000-4000-8000-000000000000', agent: 'claude-code', hostId: 'host-1', state: 'completed', reason: 'the agent finished', pauseReason: null, attempt: 2, lastExitClass: 'completed', denied: [], ...change });

describe('a session that comes to rest', () => {
  it.each<{ what: string; change: Partial<SessionAtRest>; kind: string; need: string | null }>([
    { what: 'has completed', change: {}, kind: 'finished', need: null },
    { what: 'has completed without a permission that it asked for', change: { denied: ['Bash: make deploy'] }, kind: 'needs_person', need: 'permission' },
    { what: 'has failed', change: { state: 'failed', lastExitClass: 'crashed' }, kind: 'failed', need: null },
    { what: 'has failed for want of a login', change: { state: 'failed', lastExitClass: 'auth_failed' }, kind: 'needs_person', need: 'login' },
    { what: 'was paused by its budget', change: { state: 'paused', pauseReason: 'budget' }, kind: 'needs_person', need: 'budget' },
    { what: 'was paused by a second writer', change: { state: 'paused', pauseReason: 'second_writer' }, kind: 'needs_person', need: 'second_writer' },
  ])('is told of where it $what', ({ change, kind, need }) => {
    expect(noticeOf(atRest(change), 0, 7)).toMatchObject({ kind, need, session: 'api', atMs: 7 });
  });

  it.each<Partial<SessionAtRest>>([{ state: 'paused', pauseReason: 'person' }, { state: 'stopped' }, { state: 'running' }, { state: 'backing_off' }, { state: 'waiting_for_limit' }, { state: 'waiting_for_host' }])('is not told of where a person wanted it or it goes on: %o', (change) => {
    expect(noticeOf(atRest(change), 0, 7)).toBeNull();
  });

  it('has the line that why has, and what was refused', () => {
    expect(noticeOf(atRest({ state: 'failed', lastExitClass: 'auth_failed', reason: 'Invalid API key' }), 0, 7)?.line).toBe(
      'api (claude-code) is failed: Invalid API key. What now: give the agent valid credentials, then: shim reset api; or end it: shim stop api',
    );
    expect(noticeOf(atRest({ denied: ['Bash: a', 'Bash: b', 'Bash: c', 'Bash: d'] }), 0, 7)?.line).toContain('for want of a permission: Bash: a; Bash: b; Bash: c and 1 more. What now: allow it');
  });

  it('has an id of its own each time, and the same for the same time', () => {
    const ids = [0, 1, 0].map((nth) => noticeOf(atRest({}), nth, 7)?.id);
    expect(new Set(ids).size).toBe(2);
  });

  it('makes a notice that can be kept, whatever its agent has said', () => {
    const anything = fc.record({ state: fc.constantFrom(...sessionStates), reason: fc.string({ unit: 'binary', maxLength: 700 }), pauseReason: fc.constantFrom(null, ...pauseReasons), lastExitClass: fc.constantFrom(null, ...exitClasses), denied: fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 5 }) });
    fc.assert(
      fc.property(anything, (change) => {
        const notice = noticeOf(atRest(change), 3, 7);
        expect(notice === null || noticeSchema.safeParse(notice).success).toBe(true);
        expect(notice?.line ?? '').not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
