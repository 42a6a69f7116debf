import { requireBetween, requireCount, requireFinite, requirePositive, requireWithin } from './arguments.js';

/**
 * How significance is spread over the tests to come; the weights of all tests sum to at most 1.
 *
 * - `lord`: for an endless sequence, most of it early (Javanmard and Montanari 2018, eq. 31).
 * - `uniform`: the same for each of `horizon` tests, nothing after: for about so many experiments in a year.
 * - `inverse-power`: j^-exponent, exponent above 1, for an endless sequence.
 */
export type Spending = { kind: 'lord' } | { kind: 'uniform'; horizon: number } | { kind: 'inverse-power'; exponent: number };

/** The weight of the j-th test, j from 1. @throws StatisticsError NotFinite, OutOfRange. */
export function spendingWeight(spending: Spending, j: number): number {
  requireCount('j', j, 1);
  switch (spending.kind) {
    case 'lord':
      return (0.07720838 * Math.log(Math.max(j, 2))) / (j * Math.exp(Math.sqrt(Math.log(j))));
    case 'uniform':
      requireCount('horizon', spending.horizon, 1);
      return j <= spending.horizon ? 1 / spending.horizon : 0;
    case 'inverse-power':
      requireBetween('exponent', spending.exponent, 1, 100);
      return j ** -spending.exponent / zeta(spending.exponent);
  }
}

/** The state of e-LOND: constant in size. */
export interface ELondState {
  /** The false-discovery rate that is kept, between 0 and 1. */
  alpha: number;
  spending: Spending;
  /** Tests begun. An aborted one has used its place up. */
  begun: number;
  rejections: number;
}

/**
 * False-discovery control over a sequence of e-values, under any dependence between them: the loop's own. Exact.
 *
 * Source: Xu and Ramdas 2023 (e-LOND): test t rejects iff E_t >= 1 / alpha_t, alpha_t = alpha gamma_t (R_{t-1} + 1).
 *
 * @throws StatisticsError OutOfRange, NotFinite.
 */
export function createELond(alpha: number, spending: Spending): ELondState {
  requireBetween('alpha', alpha, 0, 1);
  spendingWeight(spending, 1);
  return { alpha, spending, begun: 0, rejections: 0 };
}

/** Begins the next test. @returns its level, which is fixed from here on: it is decided by E >= 1 / level. */
export function beginELond(state: ELondState): { state: ELondState; index: number; level: number } {
  const index = state.begun + 1;
  return { state: { ...state, begun: index }, index, level: state.alpha * spendingWeight(state.spending, index) * (state.rejections + 1) };
}

/**
 * Takes a test's end in.
 *
 * @param level as beginELond gave it. @param eValue the evidence against its null hypothesis, 0 or more.
 * @throws StatisticsError NotFinite, OutOfRange.
 */
export function concludeELond(state: ELondState, level: number, eValue: number): { state: ELondState; rejected: boolean } {
  requireWithin('level', level, 0, 1);
  requireWithin('eValue', eValue, 0, Number.MAX_VALUE);
  const rejected = level > 0 && eValue >= 1 / level;
  return { state: rejected ? { ...state, rejections: state.rejections + 1 } : state, rejected };
}

/** As concludeELond, of an e-value given by its natural logarithm: e-values outgrow what a number holds. @throws StatisticsError NotFinite, OutOfRange. */
export function concludeELondByLog(state: ELondState, level: number, logEValue: number): { state: ELondState; rejected: boolean } {
  requireWithin('level', level, 0, 1);
  requireFinite('logEValue', logEValue);
  const rejected = level > 0 && logEValue >= -Math.log(level);
  return { state: rejected ? { ...state, rejections: state.rejections + 1 } : state, rejected };
}

/** The state of LORD++; it grows by one number with each rejection. */
export interface LordState {
  alpha: number;
  /** Wealth at the start, at most alpha. */
  initialWealth: number;
  tests: number;
  /** The indices of the tests that rejected, ascending. */
  rejectedAt: number[];
}

/**
 * False-discovery control over a sequence of independent p-values.
 *
 * Source: Ramdas, Yang, Wainwright and Jordan 2017, eq. 13 (LORD++), with the weights of `lord`.
 *
 * @throws StatisticsError OutOfRange, NotFinite.
 */
export function createLord(alpha: number, initialWealth = alpha / 10): LordState {
  requireBetween('alpha', alpha, 0, 1);
  requirePositive('initialWealth', initialWealth);
  requireWithin('initialWealth', initialWealth, 0, alpha);
  return { alpha, initialWealth, tests: 0, rejectedAt: [] };
}

/** The level of the next test. */
export function nextLordLevel({ alpha, initialWealth, tests, rejectedAt }: LordState): number {
  const t = tests + 1;
  const gamma = (j: number) => spendingWeight({ kind: 'lord' }, j);
  const earned = rejectedAt.map((at, index) => (index === 0 ? alpha - initialWealth : alpha) * gamma(t - at));
  return earned.reduce((sum, part) => sum + part, initialWealth * gamma(t));
}

/** Takes the next p-value in. @throws StatisticsError NotFinite, OutOfRange. */
export function updateLord(state: LordState, pValue: number): { state: LordState; level: number; rejected: boolean } {
  requireWithin('pValue', pValue, 0, 1);
  const level = nextLordLevel(state);
  const rejected = pValue <= level;
  const tests = state.tests + 1;
  return { state: { ...state, tests, rejectedAt: rejected ? [...state.rejectedAt, tests] : state.rejectedAt }, level, rejected };
}

/** The state of SAFFRON; it grows by two numbers with each rejection. */
export interface SaffronState {
  alpha: number;
  initialWealth: number;
  /** P-values up to this are candidates: they cost nothing. */
  lambda: number;
  tests: number;
  /** Candidates among all tests so far. */
  candidates: number;
  /** For each rejection its index, and the candidates up to and with it. */
  rejections: { at: number; candidates: number }[];
}

/**
 * As LORD++, but adapting to the share of true effects. For independent p-values.
 *
 * Source: Ramdas, Zrnic, Wainwright and Jordan 2018, algorithm 1, weights j^-1.6.
 *
 * @throws StatisticsError OutOfRange, NotFinite.
 */
export function createSaffron(alpha: number, { lambda = 0.5, initialWealth = alpha / 2 }: { lambda?: number; initialWealth?: number } = {}): SaffronState {
  requireBetween('alpha', alpha, 0, 1);
  requireBetween('lambda', lambda, 0, 1);
  requirePositive('initialWealth', initialWealth);
  requireWithin('initialWealth', initialWealth, 0, alpha);
  return { alpha, initialWealth, lambda, tests: 0, candidates: 0, rejections: [] };
}

/** The level of the next test. */
export function nextSaffronLevel({ alpha, initialWealth, lambda, tests, candidates, rejections }: SaffronState): number {
  const t = tests + 1;
  const gamma = (j: number) => spendingWeight({ kind: 'inverse-power', exponent: 1.6 }, j);
  const earned = rejections.map(({ at, candidates: then }, index) => (index === 0 ? alpha - initialWealth : alpha) * gamma(t - at - (candidates - then)));
  const wealth = earned.reduce((sum, part) => sum + part, initialWealth * gamma(t - candidates));
  return Math.min(lambda, (1 - lambda) * wealth);
}

/** Takes the next p-value in. @throws StatisticsError NotFinite, OutOfRange. */
export function updateSaffron(state: SaffronState, pValue: number): { state: SaffronState; level: number; rejected: boolean } {
  requireWithin('pValue', pValue, 0, 1);
  const level = nextSaffronLevel(state);
  const rejected = pValue <= level;
  const tests = state.tests + 1;
  const candidates = state.candidates + (pValue <= state.lambda ? 1 : 0);
  return { state: { ...state, tests, candidates, rejections: rejected ? [...state.rejections, { at: tests, candidates }] : state.rejections }, level, rejected };
}

/** Riemann's zeta for s > 1: a sum, and Euler and Maclaurin's tail of it (Abramowitz and Stegun 23.2.9). */
function zeta(s: number): number {
  requireFinite('exponent', s);
  const n = 20;
  let sum = 0;
  for (let j = 1; j < n; j += 1) sum += j ** -s;
  const tail = n ** (1 - s) / (s - 1) + n ** -s / 2 + (s * n ** (-s - 1)) / 12 - (s * (s + 1) * (s + 2) * n ** (-s - 3)) / 720 + (s * (s + 1) * (s + 2) * (s + 3) * (s + 4) * n ** (-s - 5)) / 30_240;
  return sum + tail;
}
