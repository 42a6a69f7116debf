import { formatDuration } from '../../../domain/duration.js';
import type { SessionGlance } from '../../session-overview.js';
import type { CliContext } from '../context.js';
import { formatRatio } from '../format.js';
import { stateColour } from '../state-colour.js';
import { cut } from '../text-width.js';

type Colours = CliContext['colours'];

interface Column {
  head: string;
  cell: (session: SessionGlance, nowMs: number) => string;
  colour?: (text: string, colours: Colours) => string;
  /** Numbers stand at the right. */
  isNumber?: true;
  /** Shown only where the sessions differ in it, or have anything in it. */
  tells?: (sessions: readonly SessionGlance[]) => boolean;
  /** Of a narrow terminal the columns with the highest number are left out first. */
  spare: number;
}

const gap = 2;
const shortestName = 8;

const columns: readonly Column[] = [
  { head: 'STATE', cell: ({ state }) => state, colour: stateColour, spare: 0 },
  { head: 'RISK', cell: ({ zone }) => zone ?? '-', colour: stateColour, spare: 1 },
  { head: 'CONTEXT', cell: ({ contextUse }) => (contextUse === null ? '-' : formatRatio(contextUse)), isNumber: true, spare: 2 },
  { head: 'TOKENS', cell: ({ tokens }) => (tokens === null ? '-' : compactCount(tokens)), isNumber: true, spare: 6 },
  { head: 'COST', cell: ({ costUsd }) => (costUsd === null ? '-' : `$${costUsd.toFixed(2)}`), isNumber: true, spare: 5 },
  { head: 'RESTARTS', cell: ({ restarts }) => String(restarts), isNumber: true, spare: 3 },
  { head: 'AGE', cell: ({ attemptStartedAt }, nowMs) => (attemptStartedAt === null ? '-' : formatDuration(Math.max(0, nowMs - Date.parse(attemptStartedAt)))), isNumber: true, spare: 4 },
  { head: 'FLEET', cell: ({ fleet }) => fleet ?? '-', tells: (sessions) => sessions.some(({ fleet }) => fleet !== null), spare: 7 },
  { head: 'AGENT', cell: ({ agent }) => agent, spare: 9 },
  { head: 'HOST', cell: ({ host }) => host ?? '-', tells: (sessions) => new Set(sessions.map(({ host }) => host)).size > 1, spare: 8 },
];

/**
 * A line for each session, and a head above them: as many columns as fit, and names cut where even those do not.
 *
 * @param chosen marked; null where nobody chooses.
 * @param width columns of the terminal; no line is longer.
 */
export function topTable(sessions: readonly SessionGlance[], all: readonly SessionGlance[], chosen: string | null, width: number, colours: Colours, nowMs: number): { head: string; rows: string[] } {
  const told = columns.filter(({ tells }) => tells?.(all) ?? true).map((column) => {
    const cells = sessions.map((session) => column.cell(session, nowMs));
    return { ...column, cells, width: Math.max(column.head.length, ...cells.map(({ length }) => length)) };
  });
  const longestName = Math.max('NAME'.length, ...sessions.map(({ name }) => name.length));
  const mark = chosen === null ? 0 : 2;
  const taken = (shown: typeof told) => shown.reduce((sum, column) => sum + gap + column.width, mark);
  let shown = told;
  while (shown.length > 1 && taken(shown) + Math.min(longestName, shortestName) > width) {
    const spare = Math.max(...shown.map((column) => column.spare));
    shown = shown.filter((column) => column.spare !== spare);
  }
  // The very narrowest has room for half a state.
  shown = shown.map((column) => ({ ...column, width: Math.min(column.width, Math.max(1, width - mark - gap - shortestName)) }));
  const nameWidth = Math.max(1, Math.min(longestName, width - taken(shown)));
  const line = (name: string, cells: readonly string[], paint: (text: string, at: number) => string) =>
    [fitted(name, nameWidth), ...shown.map((column, at) => aligned(cells[at] ?? '', column, (text) => paint(text, at)))].join(' '.repeat(gap));
  return {
    head: cut(`${' '.repeat(mark)}${line('NAME', shown.map(({ head }) => head), (text) => text)}`.trimEnd(), width),
    rows: sessions.map(({ name }, row) => {
      const isChosen = name === chosen;
      // Colours within a reversed line would end it.
      const text = line(name, shown.map(({ cells }) => cells[row] ?? ''), (cell, at) => (isChosen ? cell : (shown[at]?.colour?.(cell, colours) ?? cell)));
      return isChosen ? colours.inverse(`> ${text}`) : `${' '.repeat(mark)}${text}`.trimEnd();
    }),
  };
}

function aligned(text: string, { width, isNumber }: { width: number; isNumber?: true }, paint: (text: string) => string): string {
  const room = ' '.repeat(Math.max(0, width - text.length));
  return isNumber ? room + paint(text) : paint(cut(text, width)) + room;
}

function fitted(text: string, width: number): string {
  return cut(text, width).padEnd(width);
}

/** A large number in three figures: `950`, `12.3k`, `4.56M`. */
export function compactCount(n: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  if (unit === 0) return String(Math.round(value));
  return `${value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)}${units[unit]}`;
}
