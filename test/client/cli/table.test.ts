import { describe, expect, it } from 'vitest';
import { renderTable } from '../../../client/cli/table.js';

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
