import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { drawTop, printTop } from '../../../../client/cli/top/draw-top.js';
import { firstState, looked, type TopState } from '../../../../client/cli/top/top-state.js';
import { widthOf } from '../../../../client/cli/text-width.js';
import { everything, glance, nowMs } from './glances.js';

const none = pc.createColors(false);
const many = pc.createColors(true);
const shown = looked(firstState, everything);
const draw = (state: TopState, columns: number, rows = 14) => drawTop(state, { columns, rows }, none, nowMs);

describe('the screen of shim top', () => {
  it('tells of all sessions, fleets and accounts, and begins with who needs a person', () => {
    expect(draw(shown, 130)).toEqual([
      '5 sessions, 2 running, 1 completed, 1 waiting_for_limit, 1 failed, 4.94M tokens, $13.82',
      'fleets: team degraded 1/1',
      'accounts: claude-code/3f9c limited (over in 23m), codex/77aa open',
      'host host-2 is down',
      expect.stringMatching(/^ {2}NAME +STATE +RISK +CONTEXT +TOKENS +COST +RESTARTS +AGE +FLEET +/),
      expect.stringMatching(/^> wrong +failed +safe +31 % +- +- +1 +2m +- /),
      expect.stringMatching(/^ {2}worker-with-a-very-long-name-inde… +running +danger +31 % +1\.23M +\$3\.46 +1 +2m +team /),
      expect.stringMatching(/^ {2}calm +running +safe /),
      expect.stringMatching(/^ {2}limited +waiting_for_limit +safe +31 % +1\.23M +\$3\.46 +1 +- /),
      expect.stringMatching(/^ {2}done +completed +- +- +1\.23M /),
      '',
      '',
      'wrong: mend it:  [31mlogin failed (attempt 2; pid 4321; ck-0007, 1m ago)',
      'up/down choose  w why  l logs  p pause  r resume  R restart  c checkpoint  s stop  / filter  q quit',
    ]);
  });

  it.each([20, 40, 60, 80, 200])('fits a terminal of %i columns: names and states stay, the rest goes as it has to', (columns) => {
    for (const colours of [none, many]) {
      const lines = drawTop(shown, { columns, rows: 12 }, colours, nowMs);
      expect(lines).toHaveLength(12);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
    expect(draw(shown, columns).join('\n')).toMatch(/^> wrong +failed/m);
  });

  it('keeps risk and context longest', () => {
    expect(draw(shown, 64)[4]).toMatch(/^ {2}NAME +STATE +RISK +CONTEXT/);
    expect(draw(shown, 40)[4]).toMatch(/^ {2}NAME +STATE +RISK$/);
  });

  it('keeps the chosen one in sight, however long the list and low the terminal', () => {
    const sessions = Array.from({ length: 1_000 }, (_, n) => glance(`w-${String(n).padStart(4, '0')}`));
    for (const chosen of ['w-0000', 'w-0500', 'w-0999']) {
      const lines = draw({ ...looked(firstState, { sessions, groups: [], warning: null }), chosen }, 80, 8);
      expect(lines).toHaveLength(8);
      expect(lines.filter((line) => line.startsWith('> '))).toEqual([expect.stringContaining(chosen)]);
    }
  });

  it('says what the next key is for', () => {
    expect(draw({ ...shown, mode: 'confirm_stop' }, 100).at(-2)).toBe('stop wrong for good? y stops it, any other key does not');
    expect(draw({ ...shown, mode: 'filter', filter: 'tea' }, 100).at(-2)).toBe('filter: tea_');
    expect(draw({ ...shown, filter: 'tea' }, 100).at(-1)).toMatch(/^only "tea", Esc shows all {2}/);
    expect(draw({ ...shown, filter: 'nobody', chosen: null }, 100)[4]).toBe('none has "nobody" in it; Esc shows all');
  });

  it('shows a text from its end, or from where one has scrolled to', () => {
    const lines = Array.from({ length: 50 }, (_, n) => `line ${n}`);
    const text = { title: 'wrong: its log', lines, from: null };
    expect(draw({ ...shown, mode: 'text', text }, 60, 5)).toEqual(['wrong: its log  failed', 'line 47', 'line 48', 'line 49', 'up/down, space: scroll  G end  q back']);
    expect(draw({ ...shown, mode: 'text', text: { ...text, from: 3 } }, 60, 5)[1]).toBe('line 3');
  });

  it('is without a word of colour where there is to be none', () => {
    expect(draw(shown, 100).join('')).not.toContain('\u001b');
    expect(drawTop(shown, { columns: 100, rows: 14 }, many, nowMs).join('')).toContain('\u001b[31m');
  });
});

describe('what is printed where there is no terminal', () => {
  it('has all sessions and all columns, and no keys', () => {
    const lines = printTop(everything, none, nowMs).split('\n');
    expect(lines[3]).toMatch(/^NAME +STATE +RISK +CONTEXT +TOKENS +COST +RESTARTS +AGE +FLEET +AGENT +HOST$/);
    expect(lines).toHaveLength(9);
    expect(printTop({ sessions: [], groups: [], warning: null }, none, nowMs)).toBe('0 sessions\nno sessions; start one: shim run -- CMD');
  });
});
