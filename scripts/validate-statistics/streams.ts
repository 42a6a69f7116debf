import { normalQuantile } from '../../domain/statistics/tails.js';

/** What is measured of one session: a value, or a ratio's two parts. */
export interface Drawn {
  value: number;
  /** 1 where the metric is no ratio. */
  denominator: number;
  /** Its yes or no: any event, any failure, a long duration. */
  outcome: boolean;
}

/** Draws one session, the same way for both arms. */
export type Draw = (random: () => number) => Drawn;

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

function plain(draw: (random: () => number) => number, isOutcome = (value: number) => value > 0): Draw {
  return (random) => {
    const value = draw(random);
    return { value, denominator: 1, outcome: isOutcome(value) };
  };
}

/** Failed calls of a session's calls: sessions differ in how many they make, and in how often they fail. */
function failuresOfCalls(random: () => number): Drawn {
  const denominator = 1 + Math.floor(random() * 20);
  const chance = random() * 0.2;
  let value = 0;
  for (let call = 0; call < denominator; call += 1) if (random() < chance) value += 1;
  return { value, denominator, outcome: value > 0 };
}

/** The duration that one lognormal session in twenty exceeds. */
export const longDuration = Math.exp(normalQuantile(0.95));

/** Sessions as they come in practice: rare and frequent outcomes, counts, bursts of counts, durations, ratios, costs. */
export const draws = {
  'bernoulli .01': plain((random) => (random() < 0.01 ? 1 : 0)),
  'bernoulli .1': plain((random) => (random() < 0.1 ? 1 : 0)),
  'bernoulli .5': plain((random) => (random() < 0.5 ? 1 : 0)),
  'poisson .3': plain((random) => poisson(0.3, random)),
  // One session in ten crashes, and then up to six times.
  'bursty counts': plain((random) => (random() < 0.1 ? 1 + Math.floor(random() * 6) : 0)),
  lognormal: plain((random) => Math.exp(normal(random)), (value) => value > longDuration),
  ratio: failuresOfCalls,
  'zero-inflated': plain((random) => (random() < 0.8 ? 0 : Math.exp(normal(random)))),
} satisfies Record<string, Draw>;

export type StreamName = keyof typeof draws;
