/** A wait that doubles each time in a row, up to its longest, ms. */
export interface GrowingWait {
  baseMs: number;
  maxMs: number;
}

/** For an overloaded API: 30 s doubling to 10 min. */
export const overloadWait: GrowingWait = { baseMs: 30_000, maxMs: 600_000 };

/** For a limit that names no reset: 5 min doubling to 1 h. */
export const limitWait: GrowingWait = { baseMs: 300_000, maxMs: 3_600_000 };

/** The n-th wait in a row, counted from 1, ms. */
export function growing({ baseMs, maxMs }: GrowingWait, n: number): number {
  return Math.min(maxMs, baseMs * 2 ** Math.max(0, n - 1));
}
