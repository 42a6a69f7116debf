import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ReadingTurns } from '../../../host/output/reading-turns.js';

let nowMs = 0;

beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A step that takes 3 ms and has something to read `times` times. */
function step(name: string, times: number, log: string[]) {
  let left = times;
  return () => {
    nowMs += 3;
    left -= 1;
    log.push(name);
    return left > 0;
  };
}

describe('ReadingTurns', () => {
  it('gives the event loop its turn after 8 ms, and every tail its part', async () => {
    const log: string[] = [];
    const turns = new ReadingTurns();
    turns.add(step('a', 4, log));
    turns.add(step('b', 4, log));
    expect(log).toEqual([]);
    await nextTurn();
    expect(log).toEqual(['a', 'b', 'a']);
    await nextTurn();
    expect(log).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    await nextTurn();
    expect(log).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('asks a step once, however often it was added, and not at all once it is removed', async () => {
    const log: string[] = [];
    const turns = new ReadingTurns();
    const [kept, removed] = [step('kept', 1, log), step('removed', 1, log)];
    for (const each of [kept, kept, removed]) turns.add(each);
    turns.remove(removed);
    await nextTurn();
    await nextTurn();
    expect(log).toEqual(['kept']);
  });

  it('asks a step again that was added while it ran dry', async () => {
    const log: string[] = [];
    const turns = new ReadingTurns();
    const once = step('once', 1, log);
    turns.add(once);
    await nextTurn();
    turns.add(once);
    await nextTurn();
    expect(log).toEqual(['once', 'once']);
  });
});
