import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound } from '../../domain/statistics/bernoulli-bound.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import { countLogEValue, countMixtureResult, createCountMixture, updateCountMixture } from '../../domain/statistics/count-mixture.js';
import { createOneSampleBernoulli, oneSampleBernoulliResult, updateOneSampleBernoulli } from '../../domain/statistics/one-sample-bernoulli.js';
import { createSampleRatio, sampleRatioResult, updateSampleRatio } from '../../domain/statistics/sample-ratio.js';
import { fisherTest } from '../../domain/statistics/exact-tests.js';
import { mannWhitneyTest } from '../../domain/statistics/rank-tests.js';
import { ratioSummary } from '../../domain/statistics/ratio-metric.js';
import { twoProportionTest } from '../../domain/statistics/two-proportions.js';
import { welchTest } from '../../domain/statistics/welch.js';
import { alpha } from './null-runs.js';
import { draws } from './streams.js';
import type { Tally } from './tally.js';

/** Sessions of each arm that may crash, and how many of them do before a run ends. */
const sessions = 1_000;
const crashes = 200;

/** Runs without an effect on crashes: the first one of each session against all of them, which come in bursts of up to six. */
export function countRuns(runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs], first: [0], every: [0], covered: [0] };
  const add = (name: string) => {
    const counts = tally[name] as number[];
    counts[0] = (counts[0] as number) + 1;
  };
  for (let run = 0; run < runs; run += 1) {
    let state = createCountMixture({ alpha });
    const atRisk = { control: sessions, treatment: sessions };
    const all = { control: 0, treatment: 0 };
    let misused = false;
    for (let event = 0; event < crashes; event += 1) {
      const arm = random() * (atRisk.control + atRisk.treatment) < atRisk.treatment ? 'treatment' : 'control';
      state = updateCountMixture(state, { arm, atRisk: { ...atRisk } });
      atRisk[arm] -= 1;
      const burst = 1 + Math.floor(random() * 6);
      for (let one = 0; one < burst; one += 1) {
        all[arm] += 1;
        misused ||= countLogEValue(all, 0.5) >= -Math.log(alpha);
      }
    }
    const { pValue, interval } = countMixtureResult(state);
    if (pValue <= alpha) add('first');
    if (misused) add('every');
    if ((interval.lower ?? 0) <= 1 && (interval.upper ?? Infinity) >= 1) add('covered');
  }
  return tally;
}

/** Whether sequences of intervals hold the truth at every look: a difference, a rate against its bound, a rate, an assignment. */
export function coverageRuns(runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs], difference: [0], bound: [0], rate: [0], assignment: [0] };
  const add = (name: string, happened: boolean) => {
    const counts = tally[name] as number[];
    counts[0] = (counts[0] as number) + (happened ? 1 : 0);
  };
  const pairs = 500;
  for (let run = 0; run < runs; run += 1) {
    let difference = createBernoulliEProcess({ alpha });
    let bound = createBernoulliBound({ alpha, bound: 0.1, alternative: 'greater' });
    let rate = createOneSampleBernoulli({ alpha, optimalTrials: 100 });
    let assignment = createSampleRatio([1, 1]);
    const missed = { difference: false, bound: false, rate: false, assignment: false };
    for (let at = 0; at < pairs; at += 1) {
      const control = { successes: random() < 0.12 ? 1 : 0, trials: 1 };
      const treatment = { successes: random() < 0.08 ? 1 : 0, trials: 1 };
      const crashed = { successes: random() < 0.1 ? 1 : 0, trials: 1 };
      difference = updateBernoulliEProcess(difference, { control, treatment });
      bound = updateBernoulliBound(bound, crashed);
      rate = updateOneSampleBernoulli(rate, crashed);
      assignment = updateSampleRatio(assignment, random() < 0.5 ? [1, 0] : [0, 1]);
      // The intervals cost more than the updates: looked at now and then, and never fewer than thirty times.
      if ((at + 1) % 15 !== 0) continue;
      const ofDifference = bernoulliEProcessResult(difference).interval;
      const ofRate = oneSampleBernoulliResult(rate).interval;
      missed.difference ||= (ofDifference.lower ?? -1) > -0.04 || (ofDifference.upper ?? 1) < -0.04;
      missed.rate ||= (ofRate.lower ?? 0) > 0.1 || (ofRate.upper ?? 1) < 0.1;
      missed.bound ||= bernoulliBoundResult(bound).pValue <= alpha;
      missed.assignment ||= sampleRatioResult(assignment).pValue <= alpha;
    }
    for (const [name, happened] of Object.entries(missed)) add(name, happened);
  }
  return tally;
}

/** Fixed-horizon tests at their one look, 200 sessions in each arm, no effect. */
export function fixedRuns(runs: number, random: () => number): Tally {
  const names = ['welch on lognormal', 'welch on a ratio', 'pooled z', 'fisher', 'mann-whitney'] as const;
  const tally: Tally = { runs: [runs], ...Object.fromEntries(names.map((name) => [name, [0]])) };
  const n = 200;
  const sample = (draw: (random: () => number) => number) => Array.from({ length: n }, () => draw(random));
  const summarise = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    return { n, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) };
  };
  const failuresOfCalls = () => {
    const sums = { n, sumNumerator: 0, sumDenominator: 0, sumNumeratorSquared: 0, sumDenominatorSquared: 0, sumProduct: 0 };
    for (let unit = 0; unit < n; unit += 1) {
      const calls = 1 + Math.floor(random() * 20);
      // Sessions differ in how often their calls fail.
      const chance = random() * 0.2;
      let failures = 0;
      for (let call = 0; call < calls; call += 1) if (random() < chance) failures += 1;
      sums.sumNumerator += failures;
      sums.sumDenominator += calls;
      sums.sumNumeratorSquared += failures * failures;
      sums.sumDenominatorSquared += calls * calls;
      sums.sumProduct += failures * calls;
    }
    return ratioSummary(sums);
  };
  const proportion = () => ({ successes: sample(draws['bernoulli .1']).filter((value) => value === 1).length, trials: n });
  for (let run = 0; run < runs; run += 1) {
    const [control, treatment] = [sample(draws.lognormal), sample(draws.lognormal)];
    const proportions = { control: proportion(), treatment: proportion() };
    const pValues: Record<(typeof names)[number], number> = {
      'welch on lognormal': welchTest({ control: summarise(control), treatment: summarise(treatment) }).pValue,
      'welch on a ratio': welchTest({ control: failuresOfCalls(), treatment: failuresOfCalls() }).pValue,
      'pooled z': twoProportionTest(proportions).pValue,
      fisher: fisherTest(proportions),
      'mann-whitney': mannWhitneyTest({ control, treatment }).pValue,
    };
    for (const name of names) if (pValues[name] <= alpha) (tally[name] as number[])[0] = ((tally[name] as number[])[0] as number) + 1;
  }
  return tally;
}
