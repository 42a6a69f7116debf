import { widthOf } from './text-width.js';

/** Between two columns. */
const gap = '   ';

/** Columns under a heading, without borders. Cells may be coloured; text from outside goes through oneLine first. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map((text) => ({ text, width: widthOf(text) })));
  const widths = head.map((_, at) => lines.reduce((widest, cells) => Math.max(widest, cells[at]?.width ?? 0), 0));
  return lines.map((cells) => cells.map(({ text, width }, at) => text + ' '.repeat((widths[at] ?? width) - width)).join(gap).trimEnd()).join('\n');
}

/** `key   value` lines, the keys in one column. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([key]) => key.length));
  return pairs.map(([key, value]) => `${key.padEnd(width)}   ${value}`).join('\n');
}

