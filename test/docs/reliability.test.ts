import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project-root.js';

/** A row of a table: what happens, what SHIM does, and the tests that prove it. */
interface Row {
  fault: string;
  tests: { file: string; titles: string[] }[];
}

const readTest = (file: string) => readFileSync(join(projectRoot(), 'test', file), 'utf8');

const rows: Row[] = readFileSync(join(projectRoot(), 'docs', 'reliability.md'), 'utf8')
  .split('\n\n')
  .filter((part) => part.startsWith('| fault |'))
  .flatMap((table) => table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| fault |')))
  .map((line) => {
    const cells = line.slice(2, -2).split(' | ');
    const named = [...(cells.at(-1) ?? '').matchAll(/`([^`]+\.test\.ts)`(?:: (.*?))?(?=; `[^`]+\.test\.ts`|$)/g)];
    return { fault: cells[0] ?? '', tests: named.map(([, file = '', titles = '']) => ({ file, titles: titles.split('; ').filter(Boolean) })) };
  });

/** A title may be cut by `…`: its parts stand in one line of the file, in this order. */
function isTitleIn(text: string, title: string): boolean {
  const parts = title.split('…').map((each) => each.trim().replace(/^,\s*|,$/g, ''));
  return text.split('\n').some((line) => /^\s*(?:it|describe|[[{\]}])/.test(line) && parts.reduce((from, part) => (from < 0 ? from : line.indexOf(part, from)), 0) >= 0);
}

describe('docs/reliability.md', () => {
  it('has tables of faults to look at', () => {
    expect(rows.length).toBeGreaterThan(150);
  });

  it.each(rows.map((row) => [row.fault, row] as const))('names a test that is there for: %s', (_fault, { tests }) => {
    expect(tests).not.toEqual([]);
    const missing = tests.flatMap(({ file, titles }) => {
      if (!existsSync(join(projectRoot(), 'test', file))) return [`test/${file}`];
      const text = readTest(file).replaceAll("\\'", "'");
      return titles.filter((title) => !isTitleIn(text, title)).map((title) => `test/${file}: ${title}`);
    });
    expect(missing).toEqual([]);
  });
});
