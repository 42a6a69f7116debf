import erfc from '@stdlib/math-base-special-erfc';
import erfcx from '@stdlib/math-base-special-erfcx';
import { requireBetween, requireCount, requireFinite, requireWithin } from './arguments.js';
import { evidence, type Evidence } from './evidence.js';
import { narrowed, type Alternative, type Arms, type Interval, type SampleSummary } from './interval.js';

export interface MeanSequenceOptions {
  /** Of the test, and 1 less the interval's confidence; between 0 and 1. */
  alpha: number;
  /** Units of both arms together at which the sequence is to be tightest. Frozen: choosing it by the data breaks the guarantee. */
  plannedUnits: number;
  alternative?: Alternative;
  /** Units that each arm has to have before anything is said; see docs/statistics.md for how it was measured. */
  burnIn?: number;
}

/** Below this the asymptotics were seen to fail on skewed metrics, units of each arm. */
export const defaultBurnIn = 100;

/** Plain, constant in size. */
export interface MeanSequenceState {
  alpha: number;
  rhoSquared: number;
  alternative: Alternative;
  burnIn: number;
  arms: Arms<SampleSummary>;
  maxLogEValue: number;
  /** What all intervals so far have in common. */
  interval: Interval;
}

export interface MeanSequenceResult extends Evidence {
  /** Past the burn-in, and with variance: before, nothing is said. */
  ready: boolean;
  /** Treatment's mean less control's; null while not ready. */
  difference: number | null;
  standardError: number | null;
  /** Holds the true difference at all times at once with probability 1 - alpha at least, asymptotically; never widens. */
  interval: Interval;
}

const empty: SampleSummary = { n: 0, mean: 0, variance: 0 };

/**
 * Asymptotic confidence sequence and e-process for a difference of two means: for looking at any time, once the burn-in is
 * over. For repeated counts, take each session's total as its observation. Asymptotic.
 *
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021 (arXiv 2103.06476v7): eq. 9, rho by eq. 161, e-value by
 * eq. 155; one-sided by proposition B.2.
 *
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function createMeanSequence({ alpha, plannedUnits, alternative = 'two-sided', burnIn = defaultBurnIn }: MeanSequenceOptions): MeanSequenceState {
  // One-sided takes 2 alpha in rho.
  requireBetween('alpha', alpha, 0, alternative === 'two-sided' ? 1 : 0.5);
  requireCount('plannedUnits', plannedUnits, 1);
  requireCount('burnIn', burnIn, 2);
  const level = alternative === 'two-sided' ? alpha : 2 * alpha;
  const rhoSquared = (-2 * Math.log(level) + Math.log(1 - 2 * Math.log(level))) / plannedUnits;
  return { alpha, rhoSquared, alternative, burnIn, arms: { control: empty, treatment: empty }, maxLogEValue: 0, interval: { lower: null, upper: null } };
}

/** Takes in units of one arm: a single one is {n: 1, mean: its value, variance: 0}. @throws StatisticsError NotFinite, OutOfRange. */
export function updateMeanSequence(state: MeanSequenceState, arm: keyof Arms<unknown>, units: SampleSummary): MeanSequenceState {
  requireCount('n', units.n);
  requireFinite('mean', units.mean);
  requireWithin('variance', units.variance, 0, Number.MAX_VALUE);
  if (units.n === 0) return state;
  return looked(state, { ...state.arms, [arm]: merged(state.arms[arm], units) });
}

/**
 * Takes all units so far in place of what the state held: for summaries that do not add up, such as a ratio's (ratioSummary),
 * and for those that a store sums up anew.
 *
 * @throws StatisticsError NotFinite, OutOfRange (also where an arm has fewer units than before).
 */
export function observeMeanSequence(state: MeanSequenceState, arms: Arms<SampleSummary>): MeanSequenceState {
  for (const arm of ['control', 'treatment'] as const) {
    requireCount(`n of ${arm}`, arms[arm].n, state.arms[arm].n);
    requireFinite(`mean of ${arm}`, arms[arm].mean);
    requireWithin(`variance of ${arm}`, arms[arm].variance, 0, Number.MAX_VALUE);
  }
  return looked(state, arms);
}

export function meanSequenceResult(state: MeanSequenceState): MeanSequenceResult {
  const found = look(state, state.arms);
  // Named rather than spread: several times faster, and this is asked for after every update.
  const { logEValue, eValue, pValue } = evidence(found?.logEValue ?? 0, state.maxLogEValue);
  return { logEValue, eValue, pValue, ready: found !== null, difference: found?.difference ?? null, standardError: found?.standardError ?? null, interval: state.interval };
}

function looked(state: MeanSequenceState, arms: Arms<SampleSummary>): MeanSequenceState {
  const found = look(state, arms);
  if (!found) return { ...state, arms };
  return { ...state, arms, maxLogEValue: Math.max(state.maxLogEValue, found.logEValue), interval: narrowed(state.interval, intervalAt(found, state)) };
}

/** By what is seen at this moment alone. */
function intervalAt({ difference, standardError, scaled }: Look, { alternative, alpha }: MeanSequenceState): Interval {
  // As products and not ratios of N and rho: N rho² may be small.
  const logTerm = alternative === 'two-sided' ? Math.log(Math.sqrt(scaled + 1) / alpha) : Math.log1p(Math.sqrt(scaled + 1) / (2 * alpha));
  const half = standardError * Math.sqrt(((2 * (scaled + 1)) / scaled) * logTerm);
  return { lower: alternative === 'less' ? null : difference - half, upper: alternative === 'greater' ? null : difference + half };
}

/** Two summaries as one (Chan, Golub and LeVeque 1983). */
function merged(a: SampleSummary, b: SampleSummary): SampleSummary {
  const n = a.n + b.n;
  const shift = b.mean - a.mean;
  const squares = a.variance * Math.max(0, a.n - 1) + b.variance * (b.n - 1) + (shift * shift * a.n * b.n) / n;
  // Of finite units whose squares are past the largest number.
  requireFinite('the sum of squares', squares);
  return { n, mean: a.mean + (shift * b.n) / n, variance: n > 1 ? squares / (n - 1) : 0 };
}

interface Look {
  difference: number;
  standardError: number;
  /** N rho². */
  scaled: number;
  logEValue: number;
}

function look({ rhoSquared, alternative, burnIn }: MeanSequenceState, { control, treatment }: Arms<SampleSummary>): Look | null {
  if (Math.min(control.n, treatment.n) < burnIn) return null;
  const standardError = Math.sqrt(control.variance / control.n + treatment.variance / treatment.n);
  if (standardError === 0) return null;
  const difference = treatment.mean - control.mean;
  requireFinite('the standard error', standardError);
  requireFinite('the difference', difference);
  const scaled = (control.n + treatment.n) * rhoSquared;
  const z = difference / standardError;
  const twoSided = (scaled * z * z) / (2 * (scaled + 1)) - Math.log1p(scaled) / 2;
  if (alternative === 'two-sided') return { difference, standardError, scaled, logEValue: twoSided };
  // A half-normal mixture over effects in the right direction: 2 Phi(x) exp(x²/2), whose factors by themselves leave the range of numbers.
  const x = (alternative === 'greater' ? z : -z) * Math.sqrt(scaled / (scaled + 1));
  return { difference, standardError, scaled, logEValue: x > 0 ? twoSided + Math.log(erfc(-x / Math.SQRT2)) : Math.log(erfcx(-x / Math.SQRT2)) - Math.log1p(scaled) / 2 };
}
