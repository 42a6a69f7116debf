import type { SessionCommand } from '../../shim-client.js';
import { shownSessions, withChoice, type TopState } from './top-state.js';

/** A key as node:readline tells it: its name where it has one, else the character. */
export interface Key {
  name: string | undefined;
  sequence: string;
  ctrl: boolean;
}

/** What a key asks for that the state alone does not do. */
export type TopAction = { kind: 'quit' | 'suspend' } | { kind: 'command'; command: SessionCommand; name: string } | { kind: 'logs' | 'why'; name: string };

/** What a key leads to. */
export interface Pressed {
  state: TopState;
  action: TopAction | null;
}

/** Takes a key in. @param page lines of a page. */
export function press(state: TopState, key: Key, page: number): Pressed {
  if (key.ctrl && key.name === 'c') return { state, action: { kind: 'quit' } };
  if (key.ctrl && key.name === 'z') return { state, action: { kind: 'suspend' } };
  switch (state.mode) {
    case 'filter':
      return stays(inFilter(state, key));
    case 'confirm_stop':
      return inConfirmation(state, key);
    case 'text':
      return stays(inText(state, key, page));
    case 'table':
      return inTable(state, key, page);
  }
}

function inTable(state: TopState, key: Key, page: number): Pressed {
  const moved = steps(key, page);
  if (moved !== null) return stays(choose(state, moved));
  const { chosen: name } = state;
  if (key.sequence === 'q') return { state, action: { kind: 'quit' } };
  if (key.sequence === '/') return stays({ ...state, mode: 'filter' });
  if (key.name === 'escape') return stays(withChoice({ ...state, filter: '', message: '' }));
  if (name === null) return stays(state);
  switch (key.sequence) {
    case 's':
      return stays({ ...state, mode: 'confirm_stop', message: '' });
    case 'p':
      return { state, action: { kind: 'command', command: 'pause', name } };
    case 'r':
      return { state, action: { kind: 'command', command: 'resume', name } };
    case 'R':
      return { state, action: { kind: 'command', command: isAtWork(state, name) ? 'restart' : 'reset', name } };
    case 'c':
      return { state, action: { kind: 'command', command: 'checkpointNow', name } };
    case 'l':
      return { state, action: { kind: 'logs', name } };
    case 'w':
    case '\r':
      return { state, action: { kind: 'why', name } };
    default:
      return stays(state);
  }
}

/** A restart takes the place of a living attempt; where none lives, a reset begins one at once. */
function isAtWork({ look }: TopState, name: string): boolean {
  const session = look?.sessions.find((each) => each.name === name);
  return session?.state === 'running' || session?.state === 'starting' || session?.state === 'paused';
}

function inConfirmation(state: TopState, { sequence }: Key): Pressed {
  const next: TopState = { ...state, mode: 'table' };
  if (sequence !== 'y' || state.chosen === null) return stays({ ...next, message: 'not stopped' });
  return { state: next, action: { kind: 'command', command: 'stop', name: state.chosen } };
}

function inFilter(state: TopState, { name, sequence, ctrl }: Key): TopState {
  if (name === 'return') return { ...state, mode: 'table' };
  if (name === 'escape') return withChoice({ ...state, mode: 'table', filter: '' });
  if (name === 'backspace') return withChoice({ ...state, filter: state.filter.slice(0, -1) });
  return ctrl || !/^[ -~]$/.test(sequence) ? state : withChoice({ ...state, filter: state.filter + sequence });
}

function inText(state: TopState, key: Key, page: number): TopState {
  const { text } = state;
  if (!text || key.sequence === 'q' || key.name === 'escape' || key.name === 'return') return { ...state, mode: 'table', text: null };
  const moved = steps(key, page);
  if (moved === null) return state;
  const last = Math.max(0, text.lines.length - page);
  const from = Math.max(0, (text.from ?? last) + moved);
  return { ...state, text: { ...text, from: from >= last ? null : from } };
}

function choose(state: TopState, moved: number): TopState {
  const shown = shownSessions(state);
  const at = shown.findIndex(({ name }) => name === state.chosen);
  const next = shown[Math.min(shown.length - 1, Math.max(0, at + moved))];
  return { ...state, chosen: next?.name ?? null, message: '' };
}

const stepsOf: Readonly<Record<string, number>> = { j: 1, k: -1, g: -Number.MAX_SAFE_INTEGER, G: Number.MAX_SAFE_INTEGER };

/** How many lines a key moves by; null where it moves by none. */
function steps({ name, sequence }: Key, page: number): number | null {
  switch (name) {
    case 'down':
      return 1;
    case 'up':
      return -1;
    case 'pagedown':
      return page;
    case 'pageup':
      return -page;
    case 'home':
      return -Number.MAX_SAFE_INTEGER;
    case 'end':
      return Number.MAX_SAFE_INTEGER;
    default:
      return sequence === ' ' ? page : (stepsOf[sequence] ?? null);
  }
}

function stays(state: TopState): Pressed {
  return { state, action: null };
}
