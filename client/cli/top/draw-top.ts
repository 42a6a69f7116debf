import type { Look } from '../../live-look.js';
import type { SessionGlance } from '../../session-overview.js';
import type { CliContext } from '../context.js';
import { count, formatWhen, oneLine } from '../format.js';
import { stateColour } from '../state-colour.js';
import { shownSessions, type TopState } from './top-state.js';
import { cut } from '../text-width.js';
import { compactCount, topTable } from './top-table.js';

type Colours = CliContext['colours'];

export interface ScreenSize {
  columns: number;
  rows: number;
}

const keys = 'up/down choose  w why  l logs  p pause  r resume  R restart  c checkpoint  s stop  / filter  q quit';
const shortKeys = 'w why  l logs  p/r pause/resume  R restart  c ckpt  s stop  / filter  q quit';
const shortestKeys = 'wlprRcs act  / filter  q quit';

/** Lines that are never given to the sessions: below them stand what is known of the chosen one, and the keys. */
const footLines = 2;

/** The screen of `shim top`: at most so many lines, none longer than the terminal is wide. */
export function drawTop(state: TopState, size: ScreenSize, colours: Colours, nowMs: number): string[] {
  const { columns, rows } = size;
  if (state.mode === 'text' && state.text) return drawText(state, size, colours);
  if (!state.look) return ['looking …'];
  const head = headLines(state.look, columns, colours, nowMs);
  const shown = shownSessions(state);
  const room = Math.max(1, rows - head.length - 1 - footLines);
  const at = Math.max(0, shown.findIndex(({ name }) => name === state.chosen));
  // The chosen one stays in sight, in the middle of a long list.
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), shown.length - room));
  const table = topTable(shown.slice(from, from + room), state.look.sessions, state.chosen, columns, colours, nowMs);
  const body = shown.length > 0 ? [colours.bold(table.head), ...table.rows] : [noSessions(state)];
  const foot = [footLine(state, shown[at], columns, colours, nowMs), colours.dim(keyLine(state, columns))];
  return [...head, ...body, ...Array.from({ length: Math.max(0, rows - head.length - body.length - foot.length) }, () => ''), ...foot].slice(0, rows);
}

/** The same once, for a file or a pipe: all sessions, as wide as they are. */
export function printTop(look: Look, colours: Colours, nowMs: number): string {
  const shown = shownSessions({ look, filter: '' });
  const { head, rows } = topTable(shown, look.sessions, null, Number.POSITIVE_INFINITY, colours, nowMs);
  return [...headLines({ ...look, warning: null }, Number.POSITIVE_INFINITY, colours, nowMs), ...(shown.length > 0 ? [head, ...rows] : ['no sessions; start one: shim run -- CMD'])].join('\n');
}

function headLines({ sessions, groups, warning }: Look, columns: number, colours: Colours, nowMs: number): string[] {
  const states = new Map<string, number>();
  for (const { state } of sessions) states.set(state, (states.get(state) ?? 0) + 1);
  const tokens = sessions.reduce((sum, session) => sum + (session.tokens ?? 0), 0);
  const usd = sessions.reduce((sum, session) => sum + (session.costUsd ?? 0), 0);
  const parts = [count(sessions.length, 'session'), ...[...states].map(([state, n]) => `${n} ${state}`), ...(tokens > 0 ? [`${compactCount(tokens)} tokens`] : []), ...(usd > 0 ? [`$${usd.toFixed(2)}`] : [])];
  const fleets = groups.filter(({ kind }) => kind === 'fleet').map(({ name, state }) => `${name} ${state} ${runningOf(sessions, name)}`);
  const accounts = groups.filter(({ kind }) => kind === 'account').map(({ name, state, until }) => `${name} ${state}${until === null ? '' : ` (over ${formatWhen(until, nowMs)})`}`);
  return [
    cut(parts.join(', '), columns),
    ...(fleets.length > 0 ? [cut(`fleets: ${fleets.join(', ')}`, columns)] : []),
    ...(accounts.length > 0 ? [cut(`accounts: ${accounts.join(', ')}`, columns)] : []),
    ...(warning === null ? [] : [colours.yellow(cut(oneLine(warning), columns))]),
  ];
}

function runningOf(sessions: readonly SessionGlance[], fleet: string): string {
  const members = sessions.filter((session) => session.fleet === fleet);
  return `${members.filter(({ state }) => state === 'running').length}/${members.length}`;
}

function noSessions({ filter, look }: TopState): string {
  return look?.sessions.length ? `none has ${JSON.stringify(filter)} in it; Esc shows all` : 'no sessions; start one: shim run -- CMD';
}

/** What the next key is for, what the last command led to, or what is known of the chosen session. */
function footLine({ mode, filter, chosen, message }: TopState, session: SessionGlance | undefined, columns: number, colours: Colours, nowMs: number): string {
  if (mode === 'filter') return cut(`filter: ${filter}_`, columns);
  if (mode === 'confirm_stop') return colours.red(cut(`stop ${chosen} for good? y stops it, any other key does not`, columns));
  if (message !== '') return cut(oneLine(message), columns);
  if (!session) return '';
  const { name, attempt, pid, checkpoint, reason, until } = session;
  const facts = [`attempt ${attempt}`, ...(pid === null ? [] : [`pid ${pid}`]), ...(checkpoint ? [`${checkpoint.id}, ${formatWhen(checkpoint.at, nowMs)}`] : [])];
  return cut(oneLine(`${name}: ${until === null ? '' : `${formatWhen(until, nowMs)}: `}${reason} (${facts.join('; ')})`, 500), columns);
}

function keyLine({ filter }: TopState, columns: number): string {
  const only = filter === '' ? '' : `only ${JSON.stringify(filter)}, Esc shows all  `;
  const line = [keys, shortKeys, shortestKeys].find(({ length }) => only.length + length <= columns) ?? shortestKeys;
  return cut(`${only}${line}`, columns);
}

function drawText({ text, chosen, look }: TopState, { columns, rows }: ScreenSize, colours: Colours): string[] {
  const room = Math.max(1, rows - 2);
  const { title = '', lines = [], from = null } = text ?? {};
  const start = Math.min(from ?? Number.POSITIVE_INFINITY, Math.max(0, lines.length - room));
  const body = lines.slice(start, start + room).map((line) => cut(line, columns));
  const state = look?.sessions.find(({ name }) => name === chosen)?.state;
  const empty = Array.from({ length: Math.max(0, room - body.length) }, () => '');
  return [`${colours.bold(cut(title, columns))}${state === undefined || title.length + state.length + 2 > columns ? '' : `  ${stateColour(state, colours)}`}`, ...body, ...empty, colours.dim(cut('up/down, space: scroll  G end  q back', columns))].slice(0, rows);
}
