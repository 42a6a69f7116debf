import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { inOrder } from '../../domain/fleet-order.js';

const item = (name: string, ...dependsOn: string[]) => ({ name, dependsOn });
const namesOf = (answer: ReturnType<typeof inOrder>) => ('ordered' in answer ? answer.ordered.map(({ name }) => name) : answer);

describe('the order of a fleet', () => {
  it('is that of the file where nothing depends on anything', () => {
    expect(namesOf(inOrder([item('c'), item('a'), item('b')]))).toEqual(['c', 'a', 'b']);
  });

  it('puts each after what it depends on, and changes nothing else', () => {
    expect(namesOf(inOrder([item('web', 'app'), item('log'), item('app', 'db'), item('db')]))).toEqual(['db', 'app', 'web', 'log']);
  });

  it.each([
    { items: [item('a', 'a')], ring: ['a', 'a'] },
    { items: [item('x'), item('a', 'b'), item('b', 'c'), item('c', 'a')], ring: ['a', 'b', 'c', 'a'] },
    { items: [item('start', 'b'), item('b', 'c'), item('c', 'b')], ring: ['b', 'c', 'b'] },
  ])('names the ring $ring', ({ items, ring }) => {
    expect(inOrder(items)).toEqual({ ring });
  });

  it('of a chain of any length fills no stack', () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => item(String(n), String(n + 1)));
    expect(namesOf(inOrder([...chain, item('20000')]))).toHaveLength(20_001);
  });

  it('holds every one once, each after all that it depends on', () => {
    const acyclic = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 30 }).map((needs) => needs.map((of, n) => item(String(n), ...(n === 0 ? [] : of.map((each) => String(each % n))))));
    fc.assert(
      fc.property(acyclic, fc.nat(), (items, turn) => {
        const turned = [...items.slice(turn % (items.length + 1)), ...items.slice(0, turn % (items.length + 1))];
        const answer = inOrder(turned);
        const names = 'ordered' in answer ? answer.ordered.map(({ name }) => name) : [];
        expect(names.toSorted()).toEqual(items.map(({ name }) => name).toSorted());
        for (const { name, dependsOn } of items) for (const needed of dependsOn) expect(names.indexOf(needed)).toBeLessThan(names.indexOf(name));
      }),
    );
  });
});
