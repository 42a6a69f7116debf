import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerSeen, describeAccount, dueAtMs, leftWaiting, openAccount, probePatienceMs, staggerMs, timePassed, turnAsked, waitCancelled, waitSet, type AccountState, type TurnRequest } from '../../domain/account.js';

const startMs = 1_000_000_000;
const resetsAtMs = startMs + 3_600_000;

function ask(session: string, change: Partial<TurnRequest> = {}): TurnRequest {
  return { session, ticket: `${session}-1`, cause: 'limit_reached', reason: 'usage limit', resetsAtMs, ...change };
}

/** The account after these have asked at the start. */
function asked(...requests: TurnRequest[]): AccountState {
  return requests.reduce((state, request) => turnAsked(state, request, startMs).state, openAccount('team', startMs));
}

/** Lets time alone act from one due time to the next. @returns who was let go, and how long after the start, ms. */
function run(state: AccountState, untilMs: number): { state: AccountState; letGo: [string, number][] } {
  const letGo: [string, number][] = [];
  for (let nowMs = dueAtMs(state); nowMs !== null && nowMs <= untilMs; nowMs = dueAtMs(state)) {
    const step = timePassed(state, nowMs);
    state = step.state;
    if (step.letGo) letGo.push([step.letGo.session, nowMs - startMs]);
  }
  return { state, letGo };
}

describe('an account that met a limit', () => {
  it('makes all wait for one time, and lets one go when it comes', () => {
    const state = asked(ask('a'), ask('b'), ask('c'));
    expect(dueAtMs(state)).toBe(resetsAtMs);
    expect(describeAccount(state)).toBe('limit of team until 1970-01-12 14:46:40 UTC, 3 sessions wait');
    const probing = run(state, resetsAtMs);
    expect(probing.letGo).toEqual([['a', 3_600_000]]);
    expect(probing.state).toMatchObject({ phase: 'probing', probe: { session: 'a' } });
  });

  it('lets the others go one after another once the first had an answer, and is open then', () => {
    const probing = run(asked(ask('a'), ask('b'), ask('c')), resetsAtMs).state;
    const well = answerSeen(probing, 'a', resetsAtMs + 10_000);
    const { state, letGo } = run(well, resetsAtMs + 60_000);
    expect(letGo).toEqual([['b', 3_600_000 + staggerMs], ['c', 3_600_000 + 2 * staggerMs]]);
    expect(state).toMatchObject({ phase: 'open', waiting: [], consecutive: 0 });
  });

  it('waits anew when the first meets a limit again, and that one goes to the end', () => {
    const probing = run(asked(ask('a'), ask('b')), resetsAtMs).state;
    const { state } = turnAsked(probing, ask('a', { ticket: 'a-2', resetsAtMs: resetsAtMs + 7_200_000 }), resetsAtMs + 1_000);
    expect(state).toMatchObject({ phase: 'limited', untilMs: resetsAtMs + 7_200_000, probe: null });
    expect(state.waiting.map(({ session }) => session)).toEqual(['b', 'a']);
  });

  it('waits ever longer when the first is refused again and again although the time is over', () => {
    let state = run(asked(ask('a')), resetsAtMs).state;
    const waits = [2, 3, 4].map((n) => {
      const nowMs = (state.letGoAtMs ?? 0) + 1_000;
      state = turnAsked(state, ask('a', { ticket: `a-${n}`, resetsAtMs }), nowMs).state;
      const wait = (state.untilMs ?? 0) - nowMs;
      state = run(state, state.untilMs ?? 0).state;
      return wait;
    });
    expect(waits).toEqual([60_000, 120_000, 240_000]);
  });

  it('counts the last of several resets, and one limit however many tell of it', () => {
    const state = asked(ask('a'), ask('b', { resetsAtMs: resetsAtMs + 5_000 }), ask('c'));
    expect(state).toMatchObject({ untilMs: resetsAtMs + 5_000, consecutive: 1 });
  });

  it('makes nobody wait for a limit that is over by its own word', () => {
    const state = asked(ask('a', { resetsAtMs: startMs - 1_000 }));
    expect(run(state, startMs).letGo).toEqual([['a', 0]]);
  });

  it('lets the next one go first where nothing is heard of the first, or it is gone', () => {
    const probing = run(asked(ask('a'), ask('b'), ask('c')), resetsAtMs).state;
    expect(run(probing, resetsAtMs + probePatienceMs).letGo).toEqual([['b', 3_600_000 + probePatienceMs]]);
    const second = run(probing, resetsAtMs + probePatienceMs).state;
    expect(answerSeen(second, 'nobody', resetsAtMs + probePatienceMs + 1)).toBe(second);
    expect(answerSeen(second, 'a', resetsAtMs + probePatienceMs + 1)).toMatchObject({ phase: 'releasing', probe: null });
    const gone = leftWaiting(probing, 'a', resetsAtMs + 50);
    expect(run(gone, resetsAtMs + 100).letGo).toEqual([['b', 3_600_050]]);
  });

  it('answers the same question the same', () => {
    const state = asked(ask('a'), ask('b'));
    expect(turnAsked(state, ask('a', { cause: null }), startMs + 5).state).toBe(state);
    const probing = run(state, resetsAtMs).state;
    expect(turnAsked(probing, ask('a'), resetsAtMs)).toEqual({ state: probing, turn: { kind: 'go', probe: true } });
  });

  it('makes a session that only wants to start wait as well, and lets it start when it is open', () => {
    const wants = ask('new', { cause: null, resetsAtMs: null });
    expect(turnAsked(asked(ask('a')), wants, startMs + 5).turn).toMatchObject({ kind: 'wait', untilMs: resetsAtMs });
    expect(turnAsked(openAccount('team', startMs), wants, startMs).turn).toEqual({ kind: 'go', probe: false });
  });
});

describe('an overloaded account', () => {
  const overloaded = (session: string, n: number) => ask(session, { ticket: `${session}-${n}`, cause: 'overloaded', resetsAtMs: null });

  it('backs off ever longer with each overload of any session after a wait, and starts anew after a success', () => {
    let state = openAccount('team', startMs);
    let nowMs = startMs;
    const waits = Array.from({ length: 7 }, (_, n) => {
      state = turnAsked(state, overloaded(`s${n}`, n), nowMs).state;
      const wait = (state.untilMs ?? 0) - nowMs;
      nowMs = state.untilMs ?? 0;
      state = run(state, nowMs).state;
      return wait / 1_000;
    });
    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
    state = answerSeen(state, 's6', nowMs + 1);
    expect(turnAsked(state, overloaded('s6', 8), nowMs + 2).state.untilMs).toBe(nowMs + 2 + 30_000);
  });

  it('is one overload where all tell of it at once', () => {
    const state = asked(...['a', 'b', 'c'].map((session) => overloaded(session, 1)));
    expect(state).toMatchObject({ untilMs: startMs + 30_000, consecutive: 1 });
  });

  it('that meets a limit besides waits for that', () => {
    expect(asked(overloaded('a', 1), ask('b'))).toMatchObject({ cause: 'limit_reached', untilMs: resetsAtMs });
    expect(asked(ask('b'), overloaded('a', 1))).toMatchObject({ cause: 'limit_reached', untilMs: resetsAtMs });
  });
});

describe('a person', () => {
  it('moves the end of the wait, and no report moves it back', () => {
    const shifted = waitSet(asked(ask('a')), startMs + 60_000, 'ann', startMs);
    expect(turnAsked(shifted, ask('b', { resetsAtMs: resetsAtMs + 1 }), startMs + 1).state).toMatchObject({ untilMs: startMs + 60_000, setBy: 'ann' });
    expect(waitSet(shifted, startMs + 60_000, 'ben', startMs)).toBe(shifted);
  });

  it('ends the wait: one goes first all the same', () => {
    const cancelled = waitCancelled(asked(ask('a'), ask('b')), 'ann', startMs + 5);
    expect(run(cancelled, startMs + 5).letGo).toEqual([['a', 5]]);
    const open = openAccount('team', startMs);
    expect(waitCancelled(open, 'ann', startMs)).toBe(open);
  });

  it('makes an open account wait', () => {
    expect(waitSet(openAccount('team', startMs), startMs + 1_000, 'ann', startMs)).toMatchObject({ phase: 'limited', cause: 'person', untilMs: startMs + 1_000 });
  });
});

it('whatever comes when, nobody who waits is forgotten, none goes before its time, and no two go at once', () => {
  const message = fc.record({
    kind: fc.constantFrom('limit', 'overload', 'start', 'answer', 'left', 'shift', 'cancel'),
    session: fc.constantFrom('a', 'b', 'c', 'd'),
    afterMs: fc.integer({ min: 0, max: 400_000 }),
    resetMs: fc.option(fc.integer({ min: -100_000, max: 10_000_000 }), { nil: null }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      let nowMs = startMs;
      let state = openAccount('team', nowMs);
      let tickets = 0;
      let lastGoMs = Number.NEGATIVE_INFINITY;
      const pass = (untilMs: number) => {
        for (let due = dueAtMs(state); due !== null && due <= untilMs; due = dueAtMs(state)) {
          const atMs = Math.max(due, nowMs);
          if (state.phase === 'limited') expect(atMs).toBeGreaterThanOrEqual(state.untilMs ?? Infinity);
          const { state: next, letGo } = timePassed(state, atMs);
          if (letGo && next.phase !== 'probing') expect(atMs - lastGoMs).toBeGreaterThanOrEqual(staggerMs);
          if (letGo) lastGoMs = atMs;
          expect(next.waiting.length).toBe(state.waiting.length - (letGo ? 1 : 0));
          state = next;
        }
      };
      for (const { kind, session, afterMs, resetMs } of messages) {
        pass(nowMs + afterMs);
        nowMs += afterMs;
        const resetsAtMs = resetMs === null ? null : nowMs + resetMs;
        tickets += 1;
        const request = { session, ticket: String(tickets), reason: kind, resetsAtMs };
        if (kind === 'limit') state = turnAsked(state, { ...request, cause: 'limit_reached' }, nowMs).state;
        if (kind === 'overload') state = turnAsked(state, { ...request, cause: 'overloaded', resetsAtMs: null }, nowMs).state;
        if (kind === 'start') state = turnAsked(state, { ...request, cause: null, resetsAtMs: null }, nowMs).state;
        if (kind === 'answer') state = answerSeen(state, session, nowMs);
        if (kind === 'left') state = leftWaiting(state, session, nowMs);
        if (kind === 'shift') state = waitSet(state, resetsAtMs ?? nowMs, 'ann', nowMs);
        if (kind === 'cancel') state = waitCancelled(state, 'ann', nowMs);
      }
      pass(Number.MAX_SAFE_INTEGER);
      expect(state.waiting).toEqual([]);
      expect(state.phase).toBe('open');
    }),
    { numRuns: 300 },
  );
});
