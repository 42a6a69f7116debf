import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, longestLine } from '../../../host/output/line-splitter.js';

describe('LineSplitter', () => {
  it('finds the same lines wherever the bytes are cut', () => {
    const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'ß', '€', '🚀', '\n', '\u001b[0m', '\0') })).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const splitter = new LineSplitter();
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const lines = edges.slice(1).flatMap((edge, index) => splitter.push(bytes.subarray(edges[index], edge)));
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect([...lines, ...splitter.end()]).toEqual(expected);
      }),
    );
  });

  it('takes a carriage return before a newline for part of it', () => {
    expect(new LineSplitter().push(Buffer.from('one\r\nt\rwo\n'))).toEqual(['one', 't\rwo']);
  });

  it('goes on after bytes that are no UTF-8', () => {
    expect(new LineSplitter().push(Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x62, 0x0a]))).toEqual(['a\uFFFD\uFFFD', 'b']);
  });

  it('delivers a line that is too long once, cut and marked, and the next one whole', () => {
    const splitter = new LineSplitter();
    const piece = Buffer.alloc(65_536, 'x');
    const lines = Array.from({ length: 100 }, () => splitter.push(piece)).flat();
    lines.push(...splitter.push(Buffer.from('end\nnext\n')));
    expect(lines.map((line) => line.length)).toEqual([longestLine + 1, 4]);
    expect(lines[0]?.at(-1)).toBe('…');
    expect(lines[1]).toBe('next');
  });
});
