import { describe, expect, it } from 'vitest';
import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound } from '../../../domain/statistics/bernoulli-bound.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../../domain/statistics/bernoulli-e-process.js';
import { countLogEValue, countMixtureResult, createCountMixture, updateCountMixture } from '../../../domain/statistics/count-mixture.js';
import { covariateSums, cuped } from '../../../domain/statistics/cuped.js';
import { binomialTest, fisherTest } from '../../../domain/statistics/exact-tests.js';
import { reportExperiment, sumRows, type SessionRow } from '../../../domain/statistics/experiment-report.js';
import { spendingBoundaries, type SpendingFunction } from '../../../domain/statistics/group-sequential.js';
import { createMeanSequence, meanSequenceResult, observeMeanSequence } from '../../../domain/statistics/mean-sequence.js';
import { benjaminiHochberg, holm } from '../../../domain/statistics/multiple-testing.js';
import { judgeGuardrail } from '../../../domain/statistics/non-inferiority.js';
import { createOneSampleBernoulli, oneSampleBernoulliResult, updateOneSampleBernoulli } from '../../../domain/statistics/one-sample-bernoulli.js';
import { beginELond, concludeELond, createELond } from '../../../domain/statistics/online-fdr.js';
import { proportionsDetectable, proportionsPower, proportionsSampleSize, ratesPower } from '../../../domain/statistics/planning.js';
import { mannWhitneyTest, permutationTest } from '../../../domain/statistics/rank-tests.js';
import { sampleRatioTest } from '../../../domain/statistics/sample-ratio.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { twoProportionTest } from '../../../domain/statistics/two-proportions.js';
import { welchTest, welchTestRelative } from '../../../domain/statistics/welch.js';

const alpha = 0.05;
const proportions = { control: { successes: 12, trials: 100 }, treatment: { successes: 8, trials: 100 } };
/** 1 for a session that crashed; the crashes are spread evenly. */
const sessions = (crashes: number) => Array.from({ length: 100 }, (_, at) => (Math.floor(((at + 1) * crashes) / 100) > Math.floor((at * crashes) / 100) ? 1 : 0));
const arms = { control: sessions(12), treatment: sessions(8) };
const summaryOf = (share: number) => ({ n: 100, mean: share, variance: (share * (1 - share) * 100) / 99 });
const means = { control: summaryOf(0.12), treatment: summaryOf(0.08) };
const before = Array.from({ length: 100 }, (_, at) => at % 7);

function eProcess() {
  let state = createBernoulliEProcess({ alpha });
  arms.control.forEach((crashed, at) => {
    state = updateBernoulliEProcess(state, { control: { successes: crashed, trials: 1 }, treatment: { successes: arms.treatment[at] ?? 0, trials: 1 } });
  });
  return bernoulliEProcessResult(state);
}

function countMixture() {
  let state = createCountMixture({ alpha });
  const atRisk = { control: 100, treatment: 100 };
  arms.control.forEach((_, at) => {
    for (const arm of ['control', 'treatment'] as const) {
      if (arms[arm][at] !== 1) continue;
      state = updateCountMixture(state, { arm, atRisk: { ...atRisk } });
      atRisk[arm] -= 1;
    }
  });
  return countMixtureResult(state);
}

const meanSequence = () => meanSequenceResult(observeMeanSequence(createMeanSequence({ alpha, plannedUnits: 200 }), means));
const rows: SessionRow[] = (['control', 'treatment'] as const).flatMap((arm) => arms[arm].map((crashed, at) => ({ arm, values: [crashed, crashed], covariate: before[at] ?? 0 })));

describe('12 crashes in 100 sessions and 8 in 100', () => {
  it.each<[string, () => number]>([
    ['the e-process', () => eProcess().pValue],
    ['the count mixture over first crashes', () => countMixture().pValue],
    ['its closed form', () => Math.exp(-Math.max(0, countLogEValue({ control: 12, treatment: 8 }, 0.5)))],
    ['the mean sequence', () => meanSequence().pValue],
    ['the pooled z test', () => twoProportionTest(proportions).pValue],
    ["Fisher's test", () => fisherTest(proportions)],
    ["Welch's test", () => welchTest(means).pValue],
    ["Welch's test of the relative difference", () => welchTestRelative(means).pValue],
    ["Welch's test after CUPED", () => welchTest(cuped({ control: covariateSums(arms.control, before), treatment: covariateSums(arms.treatment, before) }).adjusted).pValue],
    ["Mann and Whitney's test", () => mannWhitneyTest(arms).pValue],
    ['the permutation test', () => permutationTest(arms, 2_000, seededRandom(1))],
    ['the binomial test of 8 against a rate of .12', () => binomialTest({ successes: 8, trials: 100 }, 0.12).pValue],
    ['the bound of .12 on the 8', () => bernoulliBoundResult(updateBernoulliBound(createBernoulliBound({ alpha, bound: 0.12, alternative: 'less' }), proportions.treatment)).pValue],
    ['Holm and Benjamini-Hochberg, which only raise it', () => Math.min(...holm([twoProportionTest(proportions).pValue, 0.9]), ...benjaminiHochberg([twoProportionTest(proportions).pValue, 0.9]))],
  ])('are not significant by %s', (_method, pValueOf) => {
    expect(pValueOf()).toBeGreaterThan(alpha);
  });

  it('are not significant at a scheduled look, nor reason enough for e-LOND', () => {
    const { statistic } = twoProportionTest(proportions);
    for (const spending of ['obrien-fleming', 'pocock'] satisfies SpendingFunction[]) expect(Math.abs(statistic)).toBeLessThan(spendingBoundaries(spending, alpha, [0.5, 1])[0] ?? NaN);
    const begun = beginELond(createELond(alpha, { kind: 'uniform', horizon: 1 }));
    expect(concludeELond(begun.state, begun.level, eProcess().eValue).rejected).toBe(false);
  });

  it('leave every interval on both sides of no difference', () => {
    const { interval: rateRatio } = countMixture();
    expect(rateRatio.lower ?? 0).toBeLessThan(1);
    expect(rateRatio.upper ?? Infinity).toBeGreaterThan(1);
    for (const { lower, upper } of [eProcess().interval, meanSequence().interval, twoProportionTest(proportions).interval, welchTest(means).interval]) {
      expect(lower).toBeLessThan(0);
      expect(upper).toBeGreaterThan(0);
    }
    const [control, treatment] = [proportions.control, proportions.treatment].map((seen) => oneSampleBernoulliResult(updateOneSampleBernoulli(createOneSampleBernoulli({ alpha, optimalTrials: 100 }), seen)).interval);
    expect(control?.lower).toBeLessThan(treatment?.upper ?? NaN);
  });

  it('show neither harm nor that there is none', () => {
    expect(judgeGuardrail(twoProportionTest(proportions).interval, { goodDirection: 'lower', margin: 0.02 })).toBe('undecided');
    expect(sampleRatioTest([100, 100], [1, 1]).pValue).toBe(1);
  });

  it('would take 882 sessions of each arm, as the plan says; the report, by what was seen, 888', () => {
    expect(proportionsSampleSize(0.12, 0.08)).toBe(882);
    expect(proportionsPower(0.12, 0.08, 100)).toBeLessThan(0.16);
    expect(ratesPower(0.12, 8 / 12, 100)).toBeLessThan(0.2);
    expect(proportionsDetectable(0.12, 100, 'less')).toBeLessThan(-0.1);
    const report = reportExperiment(sumRows(rows, 1), { guardrails: [{ goodDirection: 'lower', margin: 0.02 }] });
    expect(report.primary.pValue).toBeGreaterThan(alpha);
    expect(report.adjusted.pValue).toBeGreaterThan(alpha);
    expect(report.guardrails.map(({ finding }) => finding)).toEqual(['undecided']);
    expect(report.neededSessions).toBe(888);
  });
});
