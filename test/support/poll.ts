import { setTimeout as delay } from 'node:timers/promises';

/** Who waits longer than this waits for nothing, unless the wait itself is known to be long; ms. */
const patienceMs = 8_000;

/**
 * The time-skipping server never answers a query that comes in as its run goes on in a new one: who has no answer by then asks again, ms.
 * Twice as long is waited for the next, for on a busy machine a command may take longer than this.
 */
const firstAnswerMs = 3_000;

/** Looks until what it sees is as wanted, and returns it: for what sends no event. @throws Error with the last look when patience ends. */
export async function poll<T>(look: () => Promise<T>, wanted: (seen: T) => boolean, patience = patienceMs): Promise<T> {
  const deadline = Date.now() + patience;
  let last = 'nothing';
  for (let answerMs = firstAnswerMs; ; ) {
    const seen = await Promise.race([look().then((value) => ({ value })), delay(answerMs, null, { ref: false })]);
    if (!seen) answerMs *= 2;
    else {
      if (wanted(seen.value)) return seen.value;
      last = JSON.stringify(seen.value);
    }
    if (Date.now() > deadline) throw new Error(`this never came; the last look saw ${last}`);
    await delay(5);
  }
}
