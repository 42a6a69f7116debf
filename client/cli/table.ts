import { widthOf, wrapped } from './text-width.js';

/** Between two columns. */
const gap = '   ';

/** A column of text is not made narrower; below that each row stands as lines of its own. */
const narrowestText = 16;

/**
 * Columns under a heading, without borders. Cells may be coloured; text from outside goes through oneLine first.
 *
 * @param width columns of the terminal. Where the table is wider, its widest columns are wrapped; where even that is not enough, each
 *   row becomes `HEAD   cell` lines. Nothing is left out. Elsewhere than on a terminal a row is always one line.
 */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[], width = terminalWidth()): string {
  const lines = [head, ...rows];
  const natural = head.map((_, at) => lines.reduce((widest, cells) => Math.max(widest, widthOf(cells[at] ?? '')), 0));
  const widths = fittedWidths(natural, width);
  if (widths === null) return rows.length === 0 ? head.join(' ') : rows.map((cells) => renderPairs(cells.map((cell, at): [string, string] => [head[at] ?? '', cell]), width)).join('\n\n');
  return lines.map((cells) => renderRow(cells, widths)).join('\n');
}

/** `key   value` lines, the keys in one column; of a narrow terminal values go on below themselves. */
export function renderPairs(pairs: readonly (readonly [string, string])[], width = terminalWidth()): string {
  const keyWidth = Math.max(...pairs.map(([key]) => key.length));
  const room = width - keyWidth - gap.length;
  const lines = pairs.map(([key, value]) => {
    const parts = room >= narrowestText && widthOf(value) > room ? wrapped(value, room) : [value];
    return parts.map((part, at) => `${(at === 0 ? key : '').padEnd(keyWidth)}${gap}${part}`).join('\n');
  });
  return lines.join('\n');
}

/** Unlimited where there is no terminal, or it was told no size. */
function terminalWidth(): number {
  return (process.stdout.isTTY && process.stdout.columns) || Number.POSITIVE_INFINITY;
}

/** The natural widths, the widest ones lowered to what fits; null where they would be too narrow to read. */
function fittedWidths(natural: readonly number[], width: number): number[] | null {
  const room = width - gap.length * (natural.length - 1);
  const sum = (widths: readonly number[]) => widths.reduce((total, each) => total + each, 0);
  if (sum(natural) <= room) return [...natural];
  let limit = Math.max(...natural);
  const under = () => natural.map((each) => Math.min(each, limit));
  while (limit > narrowestText && sum(under()) > room) limit -= 1;
  return sum(under()) <= room ? under() : null;
}

function renderRow(cells: readonly string[], widths: readonly number[]): string {
  const columns = cells.map((text, at) => (widthOf(text) > (widths[at] ?? 0) ? wrapped(text, widths[at] ?? 0, true) : [text]));
  const height = Math.max(1, ...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((parts, at) => {
        const text = parts[line] ?? '';
        return text + ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(text)));
      })
      .join(gap)
      .trimEnd(),
  ).join('\n');
}
