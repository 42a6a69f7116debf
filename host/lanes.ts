/** Runs work in the order asked, so many at a time: what nobody waits for leaves the machine to what somebody does. */
export class Lanes {
  private readonly waiting: (() => void)[] = [];
  private busy = 0;

  constructor(private readonly limit: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.busy >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.busy += 1;
    try {
      return await work();
    } finally {
      // Who waits takes the lane over: it never counts as free in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.busy -= 1;
    }
  }
}
