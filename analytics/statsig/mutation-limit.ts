/** Statsig's own limit of the Console API, about 100 changes in 10 s. */
const largestCount = 100;
const windowMs = 10_000;

/** Counts changes in a sliding window. */
export class MutationLimit {
  private times: number[] = [];

  /** @returns whether one more is allowed, which it then counts. @param nowMs of a clock that does not go back. */
  take(nowMs: number): boolean {
    this.times = this.times.filter((time) => time > nowMs - windowMs);
    if (this.times.length >= largestCount) return false;
    this.times.push(nowMs);
    return true;
  }
}
