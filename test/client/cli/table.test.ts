import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderPairs, renderTable } from '../../../client/cli/table.js';

describe('a table', () => {
  it('has its columns under their heads', () => {
    expect(renderTable(['NAME', 'WHY'], [['a', 'first'], ['longer', '-']])).toBe('NAME     WHY\na        first\nlonger   -');
  });

  it('counts colours as nothing, and wide letters as two columns', () => {
    expect(renderTable(['A', 'B'], [['\u001b[32mok\u001b[39m', 'x'], ['日本', 'y'], ['abcd', 'z']])).toBe('A      B\n\u001b[32mok\u001b[39m     x\n日本   y\nabcd   z');
  });

  it('without lines is its head', () => {
    expect(renderTable(['NAME', 'WHY'], [])).toBe('NAME   WHY');
  });
});

describe('a table on a narrow terminal', () => {
  const head = ['NAME', 'STATE', 'ATTEMPT', 'WHY'];
  const rows = [['fix', '\u001b[31mfailed\u001b[39m', '3', 'its login has expired, and nobody has given it another one since'], ['a-longer-name', 'running', '12', '-']];
  const words = (text: string) => stripVTControlCharacters(text).split(/\s+/).filter((word) => word !== '');

  it.each([40, 60, 80])('of %i columns has no line that is longer, and leaves no word out', (columns) => {
    const lines = renderTable(head, rows, columns).split('\n');
    for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
    expect(words(lines.join(' '))).toEqual(expect.arrayContaining([...head, ...rows.flat().flatMap(words)]));
  });

  it('wraps the widest column below its head', () => {
    expect(renderTable(head, rows, 60).split('\n').map(stripVTControlCharacters)).toEqual([
      'NAME            STATE     ATTEMPT   WHY',
      'fix             failed    3         its login has expired,',
      '                                    and nobody has given it',
      '                                    another one since',
      'a-longer-name   running   12        -',
    ]);
  });

  it('has each row as lines of its own where columns would be too narrow', () => {
    expect(stripVTControlCharacters(renderTable(head, rows, 30)).split('\n').slice(0, 3)).toEqual(['NAME      fix', 'STATE     failed', 'ATTEMPT   3']);
    expect(renderTable(head, [], 10)).toBe('NAME STATE ATTEMPT WHY');
  });

  it('is one line a row where the width is not known', () => {
    expect(renderTable(head, rows).split('\n')).toHaveLength(3);
  });
});

describe('pairs on a narrow terminal', () => {
  it('go on below their values, and do not break a link', () => {
    const link = `http://127.0.0.1:8233/${'x'.repeat(40)}`;
    expect(renderPairs([['web ui', link], ['what now', 'watch it: shim logs fix -f; end it: shim stop fix']], 40)).toBe(`web ui     ${link}\nwhat now   watch it: shim logs fix -f;\n           end it: shim stop fix`);
  });
});
