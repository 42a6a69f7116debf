import { mersenne } from 'pure-rand/generator/mersenne';

/**
 * Numbers from 0 up to, not including, 1 for one part of a simulation, the same on every machine. All parts together draw billions: of
 * a generator whose period is 2^32 they would share long stretches, and not be the independent runs that they are counted as.
 */
export function partRandom(name: string, part: number): () => number {
  const generator = mersenne(seedOf(`${name}#${part}`));
  return () => (generator.next() >>> 0) / 4294967296;
}

/** FNV-1a (Fowler, Noll and Vo 1991): parts get seeds that have nothing to do with each other. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
