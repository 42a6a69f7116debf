import { normalQuantile } from '../../domain/statistics/tails.js';

/** Draws one session's value of a metric, the same for both arms. */
export type Draw = (random: () => number) => number;

function normal(random: () => number): number {
  // Never 0, of which there is no quantile.
  return normalQuantile((random() * 4294967296 + 0.5) / 4294967296);
}

function poisson(rate: number, random: () => number): number {
  const limit = Math.exp(-rate);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

/** Sessions' values as they come in practice: rare and frequent outcomes, counts, bursts of counts, durations, costs. */
export const draws = {
  'bernoulli .01': (random) => (random() < 0.01 ? 1 : 0),
  'bernoulli .1': (random) => (random() < 0.1 ? 1 : 0),
  'bernoulli .5': (random) => (random() < 0.5 ? 1 : 0),
  'poisson .3': (random) => poisson(0.3, random),
  // One session in ten crashes, and then up to six times.
  'bursty counts': (random) => (random() < 0.1 ? 1 + Math.floor(random() * 6) : 0),
  lognormal: (random) => Math.exp(normal(random)),
  'zero-inflated': (random) => (random() < 0.8 ? 0 : Math.exp(normal(random))),
} satisfies Record<string, Draw>;

export type StreamName = keyof typeof draws;
