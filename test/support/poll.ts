import { setTimeout as delay } from 'node:timers/promises';

/** Who waits longer than this waits for nothing, unless the wait itself is known to be long; ms. */
const patienceMs = 8_000;

/** Looks until what it sees is as wanted, and returns it: for what sends no event. @throws Error with the last look when patience ends. */
export async function poll<T>(look: () => Promise<T>, wanted: (seen: T) => boolean, patience = patienceMs): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`this never came; the last look saw ${JSON.stringify(seen)}`);
    await delay(5);
  }
}
