/** What has to be known of something to put it in order. */
export interface Dependent {
  name: string;
  dependsOn: readonly string[];
}

/**
 * Puts each after all that it depends on, and keeps the given order otherwise.
 *
 * @returns the ordered ones; or, where some depend on themselves by way of others, the names of such a ring.
 */
export function inOrder<T extends Dependent>(items: readonly T[]): { ordered: T[] } | { ring: string[] } {
  const byName = new Map(items.map((item) => [item.name, item]));
  const ordered: T[] = [];
  const placed = new Set<string>();
  for (const first of items) {
    // Depth first with a stack of its own: a long chain must not fill the machine's.
    const path: { item: T; next: number }[] = placed.has(first.name) ? [] : [{ item: first, next: 0 }];
    const onPath = new Set(path.map(({ item }) => item.name));
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const needed = top.item.dependsOn[top.next];
      top.next += 1;
      if (needed === undefined) {
        path.pop();
        onPath.delete(top.item.name);
        placed.add(top.item.name);
        ordered.push(top.item);
        continue;
      }
      if (onPath.has(needed)) return { ring: [...path.map(({ item }) => item.name).slice(path.findIndex(({ item }) => item.name === needed)), needed] };
      const item = byName.get(needed);
      if (!item || placed.has(needed)) continue;
      path.push({ item, next: 0 });
      onPath.add(needed);
    }
  }
  return { ordered };
}
