/** Work of async handlers, one after another in the order in which it came: each waits until those before it have ended, well or not. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    // Whoever comes next waits for the end alone; how it ended is its own caller's.
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
