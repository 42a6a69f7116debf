import betaln from '@stdlib/math-base-special-betaln';
import { requireBetween, requireCount, requireFinite, requirePositive, requireWithin } from './arguments.js';
import { evidence, type Evidence } from './evidence.js';
import type { Arms, Interval } from './interval.js';

/** Rate ratios that are weighed, from 1/16 to 16: their logarithms lie this far apart. */
const gridStep = Math.log(16) / 32;
const logRatios = Array.from({ length: 65 }, (_, at) => (at - 32) * gridStep);
const ratios = logRatios.map(Math.exp);

export interface CountMixtureOptions {
  /** Of the test, and 1 less the interval's confidence; between 0 and 1. */
  alpha: number;
  /** Of the prior on the logarithm of the rate ratio, normal about 0: how large an effect is thought likely. */
  spread?: number;
}

/** Which arm an event came from, and the exposure that was at risk in each just before: sessions without an event so far. */
export interface CountEvent {
  arm: 'control' | 'treatment';
  atRisk: Arms<number>;
}

/** Plain, constant in size. */
export interface CountMixtureState {
  alpha: number;
  spread: number;
  events: Arms<number>;
  /** Log likelihood of each rate ratio of the grid, less that of a ratio of 1. */
  logLikelihoods: number[];
  logEValue: number;
  /** The greatest log e-value so far, 0 at the start. */
  maxLogEValue: number;
  /** Grid points that were never rejected lie between these, inclusive; null once there is none. */
  kept: { from: number; to: number } | null;
}

export interface CountMixtureResult extends Evidence {
  events: Arms<number>;
  /** Treatment's rate over control's, the likeliest of the grid; null before an event. */
  rateRatio: number | null;
  /** Confidence sequence of the rate ratio, nested over time; an end is null where it lies beyond the grid. */
  interval: Interval;
}

/**
 * Sequential test that two arms have the same event rate. Exact and anytime valid, provided that each event is independent
 * of the others given who is at risk: so at most the FIRST event of a session counts, and a session with one leaves the
 * risk. Counting every event of sessions that have several rejects falsely most of the time.
 *
 * Given an event, its arm is Bernoulli(rho), rho = treatment's share of the exposure at risk times the rate ratio. The
 * likelihood is averaged over a grid of rate ratios and divided by that of a ratio of 1; divided by that of another ratio
 * it tests that one, which gives the confidence sequence.
 *
 * Source: Lindon and Malek 2022, section 4; with the exposure at risk before each event, ter Schure, Perez-Ortiz, Ly and
 * Grunwald 2020 (safe logrank test).
 *
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function createCountMixture({ alpha, spread = 0.5 }: CountMixtureOptions): CountMixtureState {
  requireBetween('alpha', alpha, 0, 1);
  requirePositive('spread', spread);
  return { alpha, spread, events: { control: 0, treatment: 0 }, logLikelihoods: logRatios.map(() => 0), logEValue: 0, maxLogEValue: 0, kept: { from: 0, to: logRatios.length - 1 } };
}

/**
 * Takes in an event. One that only one arm was at risk of says nothing, and changes only the count.
 *
 * @throws StatisticsError NotFinite, OutOfRange where exposure is negative, or the event's own arm had none.
 */
export function updateCountMixture(state: CountMixtureState, { arm, atRisk }: CountEvent): CountMixtureState {
  requireWithin('exposure of control', atRisk.control, 0, Number.MAX_VALUE);
  requireWithin('exposure of treatment', atRisk.treatment, 0, Number.MAX_VALUE);
  requirePositive(`exposure of ${arm}`, atRisk[arm]);
  const events = { ...state.events, [arm]: state.events[arm] + 1 };
  requireFinite('exposure of both arms', atRisk.control + atRisk.treatment);
  const share = atRisk.treatment / (atRisk.control + atRisk.treatment);
  const treated = arm === 'treatment' ? 1 : 0;
  const logLikelihoods = [...state.logLikelihoods];
  for (let at = 0; at < logLikelihoods.length; at += 1) {
    logLikelihoods[at] = (logLikelihoods[at] as number) + treated * (logRatios[at] as number) - Math.log(share * (ratios[at] as number) + 1 - share);
  }
  const logEValue = logMixture(logLikelihoods, state.spread);
  return { ...state, events, logLikelihoods, logEValue, maxLogEValue: Math.max(state.maxLogEValue, logEValue), kept: keptBy(state, logLikelihoods, logEValue) };
}

export function countMixtureResult({ logLikelihoods, logEValue, maxLogEValue, kept, events }: CountMixtureState): CountMixtureResult {
  const some = events.control + events.treatment > 0;
  const best = likeliest(logLikelihoods);
  // A ratio between the last one kept and the next is not known to be rejected: the next one is the bound.
  const end = (at: number) => ratios[at] ?? null;
  const interval = kept === null ? { lower: end(best), upper: end(best) } : { lower: end(kept.from - 1), upper: end(kept.to + 1) };
  // Named rather than spread: several times faster, and this is asked for after every update.
  const reached = evidence(logEValue, maxLogEValue);
  return { logEValue, eValue: reached.eValue, pValue: reached.pValue, events, rateRatio: some ? (ratios[best] ?? null) : null, interval };
}

/**
 * The closed form where treatment's share of the exposure is the same all along: a Beta mixture over treatment's share of
 * the events.
 *
 * Source: Lindon and Malek 2022, eq. 11: B(a + nT, b + nC) / B(a, b) / (rho^nT (1 - rho)^nC).
 *
 * @param events first ones of a session. @param share of the exposure that is treatment's, between 0 and 1.
 * @param a of the Beta prior. @param b of the Beta prior.
 * @returns the natural logarithm of the e-value. @throws StatisticsError NotFinite, OutOfRange.
 */
export function countLogEValue(events: Arms<number>, share: number, a = 1, b = 1): number {
  requireCount('events of control', events.control);
  requireCount('events of treatment', events.treatment);
  requireBetween('share', share, 0, 1);
  requirePositive('a', a);
  requirePositive('b', b);
  const logEValue = betaln(a + events.treatment, b + events.control) - betaln(a, b) - events.treatment * Math.log(share) - events.control * Math.log1p(-share);
  // A prior so near to 0 that there is no such number.
  requireFinite('the log e-value', logEValue);
  return logEValue;
}

function logMixture(logLikelihoods: readonly number[], spread: number): number {
  const logPrior = logPriorOf(spread);
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < logPrior.length; at += 1) largest = Math.max(largest, (logPrior[at] as number) + (logLikelihoods[at] as number));
  let sum = 0;
  for (let at = 0; at < logPrior.length; at += 1) sum += Math.exp((logPrior[at] as number) + (logLikelihoods[at] as number) - largest);
  return largest + Math.log(sum);
}

/** Logarithms of priors by their spread: they cost as much as all the rest of an update, and are always the same. */
const logPriors = new Map<number, readonly number[]>();

function logPriorOf(spread: number): readonly number[] {
  const known = logPriors.get(spread);
  if (known) return known;
  // As logarithms: of a narrow prior the far weights underflow, which strong evidence may call for.
  const logWeights = logRatios.map((ratio) => Math.max(-Number.MAX_VALUE, -0.5 * (ratio / spread) ** 2));
  const logSum = Math.log(logWeights.reduce((total, logWeight) => total + Math.exp(logWeight), 0));
  const logPrior = logWeights.map((logWeight) => logWeight - logSum);
  // A few spreads are in use at once; whoever uses more computes them anew.
  if (logPriors.size >= 16) logPriors.clear();
  logPriors.set(spread, logPrior);
  return logPrior;
}

function likeliest(logLikelihoods: readonly number[]): number {
  let best = 0;
  for (let at = 1; at < logLikelihoods.length; at += 1) if ((logLikelihoods[at] as number) > (logLikelihoods[best] as number)) best = at;
  return best;
}

/** The log likelihood is concave in the log ratio: what is not rejected is without gaps. */
function keptBy({ kept, alpha }: CountMixtureState, logLikelihoods: readonly number[], log: number): CountMixtureState['kept'] {
  if (kept === null) return null;
  const limit = log + Math.log(alpha);
  let { from, to } = kept;
  while (from <= to && (logLikelihoods[from] as number) <= limit) from += 1;
  while (to >= from && (logLikelihoods[to] as number) <= limit) to -= 1;
  return from <= to ? { from, to } : null;
}
