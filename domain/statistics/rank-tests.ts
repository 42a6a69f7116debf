import { requireCount, requireFinite, requireObservations, requireVariance } from './arguments.js';
import type { Alternative, Arms } from './interval.js';
import { normalPValue } from './tails.js';

export interface RankComparison {
  /** Pairs in which treatment is the greater one, ties by half. */
  statistic: number;
  /** Chance that a treatment's observation exceeds a control's, 0-1; 0.5 where they do not differ. */
  probabilityOfSuperiority: number;
  pValue: number;
}

/**
 * Mann and Whitney's test that one arm's observations tend to be greater: for skewed metrics such as durations. Asymptotic,
 * with the correction for ties and for continuity; good from about 8 observations in each arm.
 *
 * Source: Mann and Whitney 1947; variance under ties by Lehmann 1975, eq. 1.35.
 *
 * @throws StatisticsError TooFewObservations (an empty arm), NoVariance (all are equal), NotFinite.
 */
export function mannWhitneyTest({ control, treatment }: Arms<readonly number[]>, alternative: Alternative = 'two-sided'): RankComparison {
  requireObservations('control', control.length, 1);
  requireObservations('treatment', treatment.length, 1);
  const all = [...control.map((value) => ({ value, treated: false })), ...treatment.map((value) => ({ value, treated: true }))];
  for (const { value } of all) requireFinite('an observation', value);
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let tied = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    let treated = 0;
    while (to < all.length && all[to]?.value === all[from]?.value) {
      if (all[to]?.treated) treated += 1;
      to += 1;
    }
    rankSum += treated * ((from + 1 + to) / 2);
    tied += (to - from) ** 3 - (to - from);
    from = to;
  }
  const pairs = control.length * treatment.length;
  const n = all.length;
  const statistic = rankSum - (treatment.length * (treatment.length + 1)) / 2;
  const variance = (pairs / 12) * (n + 1 - tied / (n * (n - 1)));
  requireVariance('control and treatment together', variance);
  const distance = statistic - pairs / 2;
  const towards = alternative === 'two-sided' ? Math.sign(distance) : alternative === 'greater' ? 1 : -1;
  const z = (distance - 0.5 * towards) / Math.sqrt(variance);
  // The correction must not carry a distance past 0.
  const pValue = alternative === 'two-sided' ? Math.min(1, normalPValue(Math.max(0, Math.abs(distance) - 0.5) / Math.sqrt(variance), 'two-sided')) : normalPValue(z, alternative);
  return { statistic, probabilityOfSuperiority: statistic / pairs, pValue };
}

/**
 * Permutation test of a difference of means. Exact in level whatever the distribution, given that units are exchangeable.
 *
 * Source: Phipson and Smyth 2010, eq. 2: p = (1 + permutations at least as extreme) / (1 + permutations).
 *
 * @param permutations drawn; 1 / (1 + this) is the least p there can be.
 * @param random uniform on [0, 1).
 * @throws StatisticsError TooFewObservations (an empty arm), NotFinite, OutOfRange.
 */
export function permutationTest(arms: Arms<readonly number[]>, permutations: number, random: () => number, alternative: Alternative = 'two-sided'): number {
  requireCount('permutations', permutations, 1);
  const { control, treatment } = arms;
  requireObservations('control', control.length, 1);
  requireObservations('treatment', treatment.length, 1);
  const pool = [...treatment, ...control];
  for (const value of pool) requireFinite('an observation', value);
  const total = pool.reduce((sum, value) => sum + value, 0);
  const k = treatment.length;
  const differenceOf = (sum: number) => sum / k - (total - sum) / control.length;
  const sumOfFirst = () => {
    let sum = 0;
    for (let at = 0; at < k; at += 1) sum += pool[at] as number;
    return sum;
  };
  const extremity = (difference: number) => (alternative === 'two-sided' ? Math.abs(difference) : alternative === 'greater' ? difference : -difference);
  const observed = extremity(differenceOf(sumOfFirst()));
  // Sums in another order differ by rounding: what is equal must count as such.
  const tolerance = 1e-12 * Math.max(1, Math.abs(observed));
  let asExtreme = 0;
  for (let round = 0; round < permutations; round += 1) {
    for (let at = 0; at < k; at += 1) {
      const other = at + Math.floor(random() * (pool.length - at));
      [pool[at], pool[other]] = [pool[other] as number, pool[at] as number];
    }
    if (extremity(differenceOf(sumOfFirst())) >= observed - tolerance) asExtreme += 1;
  }
  return (1 + asExtreme) / (1 + permutations);
}
