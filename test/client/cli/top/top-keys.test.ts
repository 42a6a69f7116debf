import { describe, expect, it } from 'vitest';
import { press, type Key, type TopAction } from '../../../../client/cli/top/top-keys.js';
import { firstState, looked, shownSessions, type TopState } from '../../../../client/cli/top/top-state.js';
import { everything, glance } from './glances.js';

const page = 10;
const start = looked(firstState, everything);
const key = (word: string): Key => ({ name: /^[a-z]{2,}$/.test(word) ? word : undefined, sequence: word === 'return' ? '\r' : word, ctrl: false });

/** Presses one key after another. @returns the state then, and what was asked for meanwhile. */
function after(state: TopState, ...keys: string[]): { state: TopState; actions: TopAction[] } {
  const actions: TopAction[] = [];
  let now = state;
  for (const word of keys) {
    const pressed = press(now, key(word), page);
    now = pressed.state;
    if (pressed.action) actions.push(pressed.action);
  }
  return { state: now, actions };
}

describe('a key in shim top', () => {
  it.each([
    [['j'], 'worker-with-a-very-long-name-indeed-1'],
    [['down', 'down', 'k'], 'worker-with-a-very-long-name-indeed-1'],
    [['G'], 'done'],
    [['pagedown', 'home'], 'wrong'],
    [['up'], 'wrong'],
  ])('%j chooses %s', (keys, name) => {
    expect(after(start, ...keys).state.chosen).toBe(name);
  });

  it.each<[string, TopAction]>([
    ['p', { kind: 'command', command: 'pause', name: 'wrong' }],
    ['r', { kind: 'command', command: 'resume', name: 'wrong' }],
    ['R', { kind: 'command', command: 'reset', name: 'wrong' }],
    ['c', { kind: 'command', command: 'checkpointNow', name: 'wrong' }],
    ['l', { kind: 'logs', name: 'wrong' }],
    ['w', { kind: 'why', name: 'wrong' }],
    ['q', { kind: 'quit' }],
  ])('%s acts on the chosen session', (word, action) => {
    expect(after(start, word).actions).toEqual([action]);
  });

  it('R restarts one that runs, and resets one that does not', () => {
    expect(after(start, 'j', 'R').actions).toEqual([{ kind: 'command', command: 'restart', name: 'worker-with-a-very-long-name-indeed-1' }]);
  });

  it('s stops only after y', () => {
    expect(after(start, 's').actions).toEqual([]);
    expect(after(start, 's', 'j')).toMatchObject({ actions: [], state: { mode: 'table', message: 'not stopped' } });
    expect(after(start, 's', 'y').actions).toEqual([{ kind: 'command', command: 'stop', name: 'wrong' }]);
  });

  it('/ takes letters for the filter until Enter, and Esc takes it away', () => {
    const { state, actions } = after(start, '/', 'q', 'backspace', 'T', 'e', 'a', 'return');
    expect({ actions, filter: state.filter, mode: state.mode, chosen: state.chosen }).toEqual({ actions: [], filter: 'Tea', mode: 'table', chosen: 'worker-with-a-very-long-name-indeed-1' });
    expect(shownSessions(state)).toHaveLength(1);
    expect(after(state, 'escape').state.filter).toBe('');
  });

  it('does nothing where nothing is shown', () => {
    expect(after({ ...start, filter: 'nobody', chosen: null }, 'j', 'p', 's', 'y')).toMatchObject({ actions: [], state: { chosen: null } });
    expect(after(firstState, 'j', 'p').actions).toEqual([]);
  });

  it('scrolls a text, and comes back to its end and to the table', () => {
    const reading: TopState = { ...start, mode: 'text', text: { title: 't', lines: Array.from({ length: 50 }, () => 'x'), from: null } };
    expect(after(reading, 'k').state.text?.from).toBe(39);
    expect(after(reading, 'g').state.text?.from).toBe(0);
    expect(after(reading, 'k', 'G').state.text?.from).toBeNull();
    expect(after(reading, 'q')).toMatchObject({ actions: [], state: { mode: 'table', text: null } });
  });
});

describe('a new look', () => {
  it('keeps the choice, and chooses the first where it is gone', () => {
    const chosen = after(start, 'j').state;
    expect(looked(chosen, { ...everything, sessions: [glance('a'), ...everything.sessions] }).chosen).toBe('worker-with-a-very-long-name-indeed-1');
    expect(looked(chosen, { ...everything, sessions: [glance('a')] }).chosen).toBe('a');
    expect(looked(chosen, { ...everything, sessions: [] }).chosen).toBeNull();
  });
});
