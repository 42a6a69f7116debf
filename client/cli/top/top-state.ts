import type { Look } from '../../live-look.js';
import type { SessionGlance } from '../../session-overview.js';

/** Text in place of the table: what a session has put out, or why it is in its state. */
export interface TopText {
  title: string;
  lines: readonly string[];
  /** The first line shown; null to stay at the end. */
  from: number | null;
}

/** All that the screen of `shim top` is drawn from, beside its size. */
export interface TopState {
  /** Null before the first one is there. */
  look: Look | null;
  /** The session that keys act on. */
  chosen: string | null;
  /** Only sessions are shown whose name, fleet, agent, state or host has this in it. */
  filter: string;
  /** What the next key is for. */
  mode: 'table' | 'filter' | 'confirm_stop' | 'text';
  text: TopText | null;
  /** What the last command led to; empty before the first. */
  message: string;
}

export const firstState: TopState = { look: null, chosen: null, filter: '', mode: 'table', text: null, message: '' };

/** Who needs a person comes first, who is well later, who has closed last. */
const urgency: readonly SessionGlance['state'][] = ['failed', 'waiting_for_host', 'backing_off', 'paused', 'stopping', 'starting', 'running', 'waiting_for_limit', 'waiting_for_session', 'unknown', 'completed', 'stopped'];

/** The sessions that the filter lets through, in the order of the table. */
export function shownSessions({ look, filter }: Pick<TopState, 'look' | 'filter'>): SessionGlance[] {
  const wanted = filter.toLowerCase();
  const matches = ({ name, fleet, agent, state, host }: SessionGlance) => [name, fleet ?? '', agent, state, host ?? ''].some((word) => word.toLowerCase().includes(wanted));
  return (look?.sessions ?? []).filter(matches).sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function rank({ state, zone }: SessionGlance): number {
  return urgency.indexOf(state) - (state === 'running' && zone === 'danger' ? 0.5 : 0);
}

/** A new look; the chosen session stays chosen, wherever it is now. Where it is gone, the first one is. */
export function looked(state: TopState, look: Look): TopState {
  return withChoice({ ...state, look });
}

/** Chooses one that is shown. */
export function withChoice(state: TopState): TopState {
  const shown = shownSessions(state);
  return shown.some(({ name }) => name === state.chosen) ? state : { ...state, chosen: shown[0]?.name ?? null };
}
