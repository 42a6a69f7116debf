/** Counts and sums by name, each a list: those of two parts of a simulation are added up. */
export type Tally = Record<string, number[]>;

/** Adds up element by element. */
export function addTally(into: Tally, part: Tally): Tally {
  for (const [name, values] of Object.entries(part)) {
    const sums = (into[name] ??= values.map(() => 0));
    values.forEach((value, at) => {
      sums[at] = (sums[at] ?? 0) + value;
    });
  }
  return into;
}

/** A share with its 99 % score interval. */
export interface Share {
  share: number;
  lower: number;
  upper: number;
  runs: number;
}

/** A tally of so many runs, all counts 0. */
export function noCounts(runs: number, names: readonly string[]): Tally {
  return { runs: [runs], ...Object.fromEntries(names.map((name) => [name, [0]])) };
}

/** Adds to one count of a tally. */
export function count(tally: Tally, name: string, amount = 1): void {
  const counts = (tally[name] ??= [0]);
  counts[0] = (counts[0] as number) + amount;
}
