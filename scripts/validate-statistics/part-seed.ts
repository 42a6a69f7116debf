/** FNV-1a (Fowler, Noll and Vo 1991): parts get seeds that have nothing to do with each other. */
export function seedOf(name: string, part: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${name}#${part}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
