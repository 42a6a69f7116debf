import { describe, expect, it } from 'vitest';
import { comeUpMs, nextMoves, type FleetFacts, type MemberFacts } from '../../domain/fleet-moves.js';

const nowMs = 1_000_000;

function member(name: string, change: Partial<MemberFacts> = {}): MemberFacts {
  return { name, sessionId: name, dependsOn: [], state: 'waiting', busy: false, asked: null, restartOwed: false, resetOwed: false, ...change };
}
const comingUp = (sinceMs: number) => ({ state: 'starting', asked: { to: 'come_up', atMs: nowMs - sinceMs, epoch: 0 } }) as const;
const running = { state: 'running' } as const;

function moves(change: Partial<FleetFacts>): string[] {
  return nextMoves({ goal: 'running', atOnce: 2, members: [], leaving: [], nowMs, ...change }).map(({ kind, sessionId }) => `${kind} ${sessionId}`);
}

describe('what a fleet does next', () => {
  it('begins as many as may come up at once, in order', () => {
    expect(moves({ members: [member('a'), member('b'), member('c')] })).toEqual(['start a', 'start b']);
  });

  it('begins none while all places are taken', () => {
    expect(moves({ members: [member('a', comingUp(1)), member('b', { busy: true }), member('c')] })).toEqual([]);
  });

  it('holds up nobody for one that does not come up', () => {
    expect(moves({ atOnce: 1, members: [member('a', comingUp(comeUpMs)), member('b')] })).toEqual(['start b']);
  });

  it.each([
    { state: 'running', begins: true },
    { state: 'completed', begins: true },
    { state: 'starting', begins: false },
    { state: 'backing_off', begins: false },
    { state: 'failed', begins: false },
    { state: 'paused', begins: false },
  ] as const)('begins one whose need is $state: $begins', ({ state, begins }) => {
    expect(moves({ members: [member('db', { state }), member('app', { dependsOn: ['db'] })] })).toEqual(begins ? ['start app'] : []);
  });

  it('passes by one that waits for its need', () => {
    expect(moves({ members: [member('db', { state: 'failed' }), member('app', { dependsOn: ['db'] }), member('web')] })).toEqual(['start web']);
  });

  it('begins one that takes the place of another when that has ended', () => {
    const old = (state: 'running' | 'stopping' | 'stopped') => member('a', { sessionId: 'old', state });
    expect(moves({ members: [member('a')], leaving: [old('running')] })).toEqual(['stop old']);
    expect(moves({ members: [member('a')], leaving: [old('stopped')] })).toEqual(['start a']);
  });

  it('ends the last first, so many at once', () => {
    expect(moves({ goal: 'stopped', members: ['a', 'b', 'c'].map((name) => member(name, running)) })).toEqual(['stop c', 'stop b']);
  });

  it('ends none before those that depend on it have ended', () => {
    const members = [member('db', running), member('app', { ...running, dependsOn: ['db'] })];
    expect(moves({ goal: 'stopped', atOnce: 8, members })).toEqual(['stop app']);
    expect(moves({ goal: 'stopped', atOnce: 8, members: [member('db', running), member('app', { state: 'stopped', dependsOn: ['db'] })] })).toEqual(['stop db']);
  });

  it('asks none to end twice', () => {
    const asked = { to: 'end', atMs: 0, epoch: 1 } as const;
    expect(moves({ goal: 'stopped', atOnce: 1, members: [member('a', running), member('b', { ...running, asked })] })).toEqual([]);
  });

  it('ends one that was only just asked to come up', () => {
    expect(moves({ goal: 'stopped', members: [member('a', comingUp(1))] })).toEqual(['stop a']);
  });

  it('begins none that waits where it is stopped or given up', () => {
    expect(moves({ goal: 'stopped', members: [member('a')] })).toEqual([]);
    expect(moves({ goal: 'paused', members: [member('a')] })).toEqual([]);
  });

  it('pauses what acts, and leaves alone what rests', () => {
    const states = ['running', 'backing_off', 'failed', 'paused', 'completed', 'stopped'] as const;
    expect(moves({ goal: 'paused', atOnce: 8, members: states.map((state) => member(state, { state })) })).toEqual(['pause backing_off', 'pause running']);
  });

  it('restarts those that are owed it, in order, and resets those that rest', () => {
    const members = [member('a', { ...running, restartOwed: true }), member('b', { state: 'paused', resetOwed: true }), member('c', { ...running, restartOwed: true })];
    expect(moves({ members })).toEqual(['restart a', 'reset b']);
    expect(moves({ atOnce: 8, members })).toEqual(['restart a', 'reset b', 'restart c']);
  });

  it('does nothing where all is as it should be', () => {
    expect(moves({ members: [member('a', running), member('b', { state: 'completed' }), member('c', { state: 'stopped' })] })).toEqual([]);
  });
});
