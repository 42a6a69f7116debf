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
