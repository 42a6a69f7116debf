import { requireBetween, requireCount, requirePositive, requireWithin } from './arguments.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess, type BernoulliEProcessState } from './bernoulli-e-process.js';
import { countMixtureResult, createCountMixture, updateCountMixture, type CountEvent, type CountMixtureState } from './count-mixture.js';
import type { Evidence } from './evidence.js';
import type { Arms, Proportion } from './interval.js';

/** A sequential method, bound to its options. */
export interface SequentialMethod<State, Observation, Result> {
  create: () => State;
  update: (state: State, observation: Observation) => State;
  result: (state: State) => Result;
}

export interface StoppingTimeOptions {
  /** Simulated experiments, from 1. */
  runs: number;
  /** Observations after which an experiment ends without a decision, from 1. */
  longest: number;
  /** Of the stopping time, 0-1; by default the quartiles and the ninth decile. */
  quantiles?: readonly number[];
  /** Numbers uniform on [0, 1). */
  random: () => number;
}

export interface StoppingTime {
  runs: number;
  longest: number;
  /** Share of the runs that decided by `longest`, 0-1: the power, or under a null the type I error. */
  decided: number;
  decidedStandardError: number;
  /** Mean of the observations used, a run without a decision counted as `longest`. */
  mean: number;
  /** Of the mean; 0 for a single run. */
  meanStandardError: number;
  /** Observations by which that share of the runs had decided; null where fewer did. */
  quantiles: { probability: number; observations: number | null }[];
}

/**
 * When a sequential method stops, by simulation; one look after every observation.
 * @param draw one observation. @param decided whether the result ends the run.
 * @throws StatisticsError where an option is outside its range, and whatever the method throws.
 */
export function simulateStoppingTime<State, Observation, Result>(
  method: SequentialMethod<State, Observation, Result>,
  draw: (random: () => number) => Observation,
  decided: (result: Result) => boolean,
  { runs, longest, quantiles = [0.25, 0.5, 0.75, 0.9], random }: StoppingTimeOptions,
): StoppingTime {
  requireCount('runs', runs, 1);
  requireCount('longest', longest, 1);
  quantiles.forEach((probability, at) => requireBetween(`quantiles[${at}]`, probability, 0, 1));
  const stopped: number[] = [];
  let sum = 0;
  let sumOfSquares = 0;
  for (let run = 0; run < runs; run += 1) {
    const time = oneRun(method, () => draw(random), decided, longest);
    if (time !== null) stopped.push(time);
    sum += time ?? longest;
    sumOfSquares += (time ?? longest) ** 2;
  }
  stopped.sort((one, other) => one - other);
  const share = stopped.length / runs;
  const mean = sum / runs;
  return {
    runs,
    longest,
    decided: share,
    decidedStandardError: Math.sqrt((share * (1 - share)) / runs),
    mean,
    meanStandardError: runs === 1 ? 0 : Math.sqrt(Math.max(0, sumOfSquares / runs - mean ** 2) / (runs - 1)),
    quantiles: quantiles.map((probability) => ({ probability, observations: stopped[Math.ceil(probability * runs) - 1] ?? null })),
  };
}

/** Observations to the decision; null where `longest` came first. */
function oneRun<State, Observation, Result>(method: SequentialMethod<State, Observation, Result>, draw: () => Observation, decided: (result: Result) => boolean, longest: number): number | null {
  let state = method.create();
  for (let time = 1; time <= longest; time += 1) {
    state = method.update(state, draw());
    if (decided(method.result(state))) return time;
  }
  return null;
}

export interface BernoulliStoppingTimeOptions extends StoppingTimeOptions {
  /** Level at which equal rates are rejected, 0-1. */
  alpha: number;
  /** True rates of the arms, 0-1. */
  rates: Arms<number>;
}

/**
 * Sessions of each arm until the two-arm Bernoulli e-process rejects equal rates, looked at after every pair; all
 * lengths of the options and the result are in sessions of one arm.
 * @throws StatisticsError where an option is outside its range.
 */
export function bernoulliStoppingTime({ alpha, rates, ...options }: BernoulliStoppingTimeOptions): StoppingTime {
  requireBetween('alpha', alpha, 0, 1);
  requireWithin('rates.control', rates.control, 0, 1);
  requireWithin('rates.treatment', rates.treatment, 0, 1);
  const method: SequentialMethod<BernoulliEProcessState, Arms<Proportion>, Evidence> = {
    create: () => createBernoulliEProcess({ alpha, differences: [] }),
    update: updateBernoulliEProcess,
    result: bernoulliEProcessResult,
  };
  return simulateStoppingTime(method, (random) => ({ control: trial(rates.control, random), treatment: trial(rates.treatment, random) }), ({ pValue }) => pValue <= alpha, options);
}

export interface CountStoppingTimeOptions extends StoppingTimeOptions {
  /** Level at which equal rates are rejected, 0-1. */
  alpha: number;
  /** True rate of treatment over control's, above 0. */
  rateRatio: number;
  /** Treatment's share of the exposure at risk, 0-1. */
  share?: number;
}

/**
 * First events, of both arms together, until the count mixture rejects equal rates, looked at after every one; exposure is
 * so large that events hardly lessen it.
 * @throws StatisticsError where an option is outside its range.
 */
export function countStoppingTime({ alpha, rateRatio, share = 0.5, ...options }: CountStoppingTimeOptions): StoppingTime {
  requirePositive('rateRatio', rateRatio);
  requireBetween('share', share, 0, 1);
  const method: SequentialMethod<CountMixtureState, CountEvent, Evidence> = { create: () => createCountMixture({ alpha }), update: updateCountMixture, result: countMixtureResult };
  const atRisk = { control: 1 - share, treatment: share };
  const treated = (share * rateRatio) / (share * rateRatio + 1 - share);
  return simulateStoppingTime(method, (random): CountEvent => ({ arm: random() < treated ? 'treatment' : 'control', atRisk }), ({ pValue }) => pValue <= alpha, options);
}

function trial(rate: number, random: () => number): Proportion {
  return { successes: random() < rate ? 1 : 0, trials: 1 };
}
