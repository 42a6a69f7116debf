import { covariateSums, cuped } from '../../domain/statistics/cuped.js';
import { fisherTest } from '../../domain/statistics/exact-tests.js';
import { spendingBoundaries, type SpendingFunction } from '../../domain/statistics/group-sequential.js';
import type { SampleSummary } from '../../domain/statistics/interval.js';
import { judgeGuardrail } from '../../domain/statistics/non-inferiority.js';
import { mannWhitneyTest, permutationTest } from '../../domain/statistics/rank-tests.js';
import { ratioSummary } from '../../domain/statistics/ratio-metric.js';
import { twoProportionTest } from '../../domain/statistics/two-proportions.js';
import { welchTest } from '../../domain/statistics/welch.js';
import { alpha } from './null-runs.js';
import { draws, type Drawn } from './streams.js';
import { count, noCounts, type Tally } from './tally.js';

const n = 200;
/** Scheduled looks, each after n more sessions in each arm. */
const looks = 5;
const information = Array.from({ length: looks }, (_, at) => (at + 1) / looks);
const spendings: SpendingFunction[] = ['obrien-fleming', 'pocock'];
const names = ['welch on lognormal', 'welch on a ratio', 'welch after CUPED', 'pooled z', 'fisher', 'mann-whitney', 'permutations', 'non-inferiority at its margin', ...spendings] as const;

/** Tests of one look at their one look, 200 sessions in each arm, and scheduled looks at 5; no effect. */
export function fixedRuns(runs: number, random: () => number): Tally {
  const tally = noCounts(runs, names);
  const boundaries = spendings.map((spending) => spendingBoundaries(spending, alpha, information));
  for (let run = 0; run < runs; run += 1) {
    const [control, treatment] = [sample(draws.lognormal, random), sample(draws.lognormal, random)].map((drawn) => drawn.map(({ value }) => value)) as [number[], number[]];
    const means = { control: summaryOf(control), treatment: summaryOf(treatment) };
    const proportions = { control: proportion(random), treatment: proportion(random) };
    const before = { control: sample(draws.lognormal, random), treatment: sample(draws.lognormal, random) };
    const adjusted = cuped({ control: withCovariate(control, before.control), treatment: withCovariate(treatment, before.treatment) }).adjusted;
    const pValues: Partial<Record<(typeof names)[number], number>> = {
      'welch on lognormal': welchTest(means).pValue,
      'welch on a ratio': welchTest({ control: ratioOf(sample(draws.ratio, random)), treatment: ratioOf(sample(draws.ratio, random)) }).pValue,
      'welch after CUPED': welchTest(adjusted).pValue,
      'pooled z': twoProportionTest(proportions).pValue,
      fisher: fisherTest(proportions),
      'mann-whitney': mannWhitneyTest({ control, treatment }).pValue,
      permutations: permutationTest({ control, treatment }, 99, random),
    };
    for (const [name, pValue] of Object.entries(pValues)) if (pValue <= alpha) count(tally, name);
    // As much worse as is tolerated, and so not to be called safe.
    const worse = welchTest({ ...means, treatment: { ...means.treatment, mean: means.treatment.mean + 0.2 } }, { alpha: 2 * alpha });
    if (judgeGuardrail(worse.interval, { goodDirection: 'lower', margin: 0.2 }) === 'non_inferior') count(tally, 'non-inferiority at its margin');
    const statistics = scheduled(random);
    spendings.forEach((spending, at) => statistics.some((z, look) => Math.abs(z) >= (boundaries[at]?.[look] ?? Infinity)) && count(tally, spending));
  }
  return tally;
}

/** Pooled z at each scheduled look at a crash rate of .1. */
function scheduled(random: () => number): number[] {
  const control = { successes: 0, trials: 0 };
  const treatment = { successes: 0, trials: 0 };
  return information.map(() => {
    for (const arm of [control, treatment]) {
      arm.trials += n;
      arm.successes += proportion(random).successes;
    }
    return twoProportionTest({ control, treatment }).statistic;
  });
}

function sample(draw: (random: () => number) => Drawn, random: () => number): Drawn[] {
  return Array.from({ length: n }, () => draw(random));
}

function proportion(random: () => number): { successes: number; trials: number } {
  return { successes: sample(draws['bernoulli .1'], random).filter(({ outcome }) => outcome).length, trials: n };
}

function summaryOf(values: readonly number[]): SampleSummary {
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { n, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) };
}

function ratioOf(drawn: readonly Drawn[]): SampleSummary {
  const sum = (of: (one: Drawn) => number) => drawn.reduce((total, one) => total + of(one), 0);
  return ratioSummary({
    n,
    sumNumerator: sum(({ value }) => value),
    sumDenominator: sum(({ denominator }) => denominator),
    sumNumeratorSquared: sum(({ value }) => value ** 2),
    sumDenominatorSquared: sum(({ denominator }) => denominator ** 2),
    sumProduct: sum(({ value, denominator }) => value * denominator),
  });
}

/** The metric with some of what was known before mixed in. */
function withCovariate(values: readonly number[], before: readonly Drawn[]) {
  const pre = before.map(({ value }) => value);
  return covariateSums(values.map((value, at) => value + 2 * (pre[at] ?? 0)), pre);
}
