import { requireBetween, requireFinite, requireObservations, requirePositive, requireWithin } from './arguments.js';

export interface ChangeDetectorOptions {
  /** `bernoulli`: units with an event among units; `poisson`: events in an exposure. */
  kind: 'bernoulli' | 'poisson';
  /** The rate before a change, as agreed on: a share between 0 and 1, or events in a unit of exposure. */
  baseline: number;
  /** One false alarm in 1 / alpha looks on average; between 0 and 1. */
  alpha: number;
  /** Rates over the baseline that are watched for, each above 1; by default 1.25, 1.5, 2 and 3. */
  rateRatios?: readonly number[];
}

/** Plain, constant in size. */
export interface ChangeDetectorState {
  kind: 'bernoulli' | 'poisson';
  baseline: number;
  alpha: number;
  rateRatios: number[];
  /** Log of each ratio's e-CUSUM. */
  logDetectors: number[];
  looks: number;
  /** The look at which the alarm was first raised; it stays. */
  alarmedAt: number | null;
}

export interface ChangeDetectorResult {
  /** Log of the detector: the mean of the ratios' e-CUSUMs. */
  logDetector: number;
  alarm: boolean;
  alarmedAt: number | null;
}

/**
 * Watches for a rate that has risen above its baseline, without a control group: after a deploy. Exact: while the rate is at
 * most the baseline, the looks to a false alarm are 1 / alpha on average or more. That is not a bound on the chance that it
 * is ever raised: in the long run it is. For a success rate that falls, watch the failures.
 *
 * Source: Shin, Ramdas and Rinaldo 2022 (e-detectors): M = max(M, 1) L, averaged over alternatives, alarm at 1 / alpha.
 *
 * @throws StatisticsError NotFinite, OutOfRange; TooFewObservations without an alternative.
 */
export function createChangeDetector({ kind, baseline, alpha, rateRatios = [1.25, 1.5, 2, 3] }: ChangeDetectorOptions): ChangeDetectorState {
  requireBetween('alpha', alpha, 0, 1);
  if (kind === 'bernoulli') requireBetween('baseline', baseline, 0, 1);
  else requirePositive('baseline', baseline);
  for (const ratio of rateRatios) requireWithin('a rate ratio', ratio, 1 + 1e-9, 1e6);
  // A share cannot exceed 1: what would is watched for as half the way there, and once.
  const possible = kind === 'poisson' ? [...rateRatios] : [...new Set(rateRatios.map((ratio) => (ratio * baseline < 1 ? ratio : (1 + 1 / baseline) / 2)))];
  requireObservations('rateRatios', possible.length, 1);
  return { kind, baseline, alpha, rateRatios: possible, logDetectors: possible.map(() => Number.MIN_SAFE_INTEGER), looks: 0, alarmedAt: null };
}

/**
 * One look. What comes in at once counts as one look, however much it is.
 *
 * @param events units with an event, or events. @param exposure units, or exposure.
 * @throws StatisticsError NotFinite, OutOfRange (negative, or more units with an event than units).
 */
export function updateChangeDetector(state: ChangeDetectorState, { events, exposure }: { events: number; exposure: number }): ChangeDetectorState {
  requireWithin('exposure', exposure, 0, Number.MAX_VALUE);
  requireWithin('events', events, 0, state.kind === 'bernoulli' ? exposure : Number.MAX_VALUE);
  if (exposure === 0 && events === 0) return state;
  const { baseline, kind } = state;
  const logDetectors = state.logDetectors.map((before, at) => {
    const ratio = state.rateRatios[at] as number;
    const logRatio =
      kind === 'poisson'
        ? events * Math.log(ratio) - baseline * (ratio - 1) * exposure
        : events * Math.log(ratio) + (exposure - events) * (Math.log1p(-baseline * ratio) - Math.log1p(-baseline));
    requireFinite('the log likelihood ratio', logRatio);
    return Math.max(before, 0) + logRatio;
  });
  const looks = state.looks + 1;
  const isAlarm = logMean(logDetectors) >= -Math.log(state.alpha);
  return { ...state, logDetectors, looks, alarmedAt: state.alarmedAt ?? (isAlarm ? looks : null) };
}

export function changeDetectorResult({ logDetectors, alarmedAt }: ChangeDetectorState): ChangeDetectorResult {
  return { logDetector: logMean(logDetectors), alarm: alarmedAt !== null, alarmedAt };
}

function logMean(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0) / logs.length);
}
