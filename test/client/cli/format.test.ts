import { expect, it } from 'vitest';
import { formatBytes, formatWhen, oneLine } from '../../../client/cli/format.js';
import { renderTable } from '../../../client/cli/table.js';

it('shows a time as seen from now', () => {
  const now = Date.parse('2026-01-01T00:00:00.000Z');
  expect(formatWhen('2025-12-31T23:56:40.000Z', now)).toBe('3m 20s ago');
  expect(formatWhen('2026-01-01T00:00:40.000Z', now)).toBe('in 40 s');
  expect(formatWhen('2025-12-31T23:59:59.500Z', now)).toBe('just now');
  expect(formatWhen(null, now)).toBe('-');
});

it.each([[0, '0 B'], [999, '999 B'], [1_500, '1.5 kB'], [190_000_000, '190 MB'], [999_700, '1.0 MB']])('shows %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it('makes text of an agent harmless for a terminal', () => {
  expect(oneLine('a\nb\u001b[31mc\u0007\u009bd')).toBe('a b [31mc d');
  expect(oneLine('x'.repeat(300))).toHaveLength(200);
});

it('draws a table without borders and without blanks at the ends of lines', () => {
  expect(renderTable(['NAME', 'STATE'], [['a', 'running'], ['longer', 'ok']])).toBe('NAME     STATE\na        running\nlonger   ok');
});
