import { requireCount } from './arguments.js';

/**
 * Numbers from 0 up to, not including, 1; the same for the same seed on every machine. Good enough for tests and small
 * simulations, nothing secret: those of many millions of numbers come to share stretches of its period. Mulberry32, Tommy
 * Ettinger 2017, public domain
 * (gist.github.com/tommyettinger/46a874533244883189143505d203312c): one 32-bit word of state, period 2^32.
 * @param seed a whole number from 0; its low 32 bits count. @throws StatisticsError for any other.
 */
export function seededRandom(seed: number): () => number {
  requireCount('seed', seed);
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
}
