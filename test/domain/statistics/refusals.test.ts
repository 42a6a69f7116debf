import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bernoulliBoundResult, createBernoulliBound, updateBernoulliBound } from '../../../domain/statistics/bernoulli-bound.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../../domain/statistics/bernoulli-e-process.js';
import { changeDetectorResult, createChangeDetector, updateChangeDetector } from '../../../domain/statistics/change-detector.js';
import { countLogEValue, countMixtureResult, createCountMixture, updateCountMixture } from '../../../domain/statistics/count-mixture.js';
import { covariateSums, cuped } from '../../../domain/statistics/cuped.js';
import { describe as describeValues, quantile, regressionTrend, theilSenTrend } from '../../../domain/statistics/descriptive.js';
import { evidence } from '../../../domain/statistics/evidence.js';
import { binomialTest, clopperPearson, fisherTest } from '../../../domain/statistics/exact-tests.js';
import { reportExperiment, sumRows } from '../../../domain/statistics/experiment-report.js';
import { crossingProbability, spendingBoundaries, spentAlpha } from '../../../domain/statistics/group-sequential.js';
import { narrowed, type Alternative } from '../../../domain/statistics/interval.js';
import { createMeanSequence, meanSequenceResult, observeMeanSequence, updateMeanSequence } from '../../../domain/statistics/mean-sequence.js';
import { benjaminiHochberg, bonferroni, holm } from '../../../domain/statistics/multiple-testing.js';
import { neededSessions } from '../../../domain/statistics/needed-sessions.js';
import { judgeGuardrail } from '../../../domain/statistics/non-inferiority.js';
import { noncentralTCdf } from '../../../domain/statistics/noncentral-t.js';
import { projectOntoDifference } from '../../../domain/statistics/null-difference.js';
import { bestRho, createOneSampleBernoulli, logBetaMixture, mixtureConcentration, oneSampleBernoulliResult, updateOneSampleBernoulli } from '../../../domain/statistics/one-sample-bernoulli.js';
import { beginELond, concludeELond, concludeELondByLog, createELond, createLord, createSaffron, spendingWeight, updateLord, updateSaffron } from '../../../domain/statistics/online-fdr.js';
import { meansDetectable, meansPower, meansSampleSize, proportionsDetectable, proportionsPower, proportionsSampleSize, ratesDetectable, ratesExposure, ratesPower } from '../../../domain/statistics/planning.js';
import { createQuantileLimit, quantileInterval, quantileLimitResult, updateQuantileLimit } from '../../../domain/statistics/quantile-sequence.js';
import { mannWhitneyTest, permutationTest } from '../../../domain/statistics/rank-tests.js';
import { ratioSummary } from '../../../domain/statistics/ratio-metric.js';
import { createSampleRatio, sampleRatioResult, sampleRatioTest, updateSampleRatio } from '../../../domain/statistics/sample-ratio.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { StatisticsError, statisticsErrorCodes } from '../../../domain/statistics/statistics-error.js';
import { bernoulliStoppingTime, countStoppingTime } from '../../../domain/statistics/stopping-time.js';
import { binomialLowerTail, binomialUpperTail, chiSquareUpperTail, normalQuantile, normalUpperTail, tQuantile, tTwoSidedTail } from '../../../domain/statistics/tails.js';
import { twoProportionTest, wilsonInterval } from '../../../domain/statistics/two-proportions.js';
import { welchTest, welchTestRelative } from '../../../domain/statistics/welch.js';

/** Usable numbers, ones at the edge of what numbers there are, and ones that are none. */
const odd = [0, -0, 1, -1, 0.5, 0.05, 2, 7, 100, 1 - Number.EPSILON, Number.MIN_VALUE, 1e-200, 1e-9, 1e150, Number.MAX_VALUE, -Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const anyNumber = fc.oneof(fc.constantFrom(...odd), fc.integer({ min: -2, max: 60 }), fc.double({ min: 0, max: 1 }), fc.double());
const numbers = fc.array(anyNumber, { minLength: 12, maxLength: 12 });
const lists = fc.array(anyNumber, { maxLength: 6 });
const alternatives = fc.constantFrom<Alternative>('two-sided', 'greater', 'less');

type Call = (n: number[], list: number[], other: number[], alternative: Alternative) => unknown;

const oneSided = (alternative: Alternative) => (alternative === 'greater' ? 'greater' : 'less');
const arms = ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: number[]) => ({ control: { n: a, mean: b, variance: c }, treatment: { n: d, mean: e, variance: f } });
const proportions = ([a = 0, b = 0, c = 0, d = 0]: number[]) => ({ control: { successes: a, trials: b }, treatment: { successes: c, trials: d } });
const spending = (kind: Alternative) => (kind === 'less' ? 'pocock' : 'obrien-fleming');

/** Loops as long as their counts: not asked for more than can be waited for. */
const small = (value: number) => (value > 1e5 ? 1e5 : value);

const calls: Record<string, Call> = {
  bernoulliBound: ([a = 0, b = 0, c = 0, d = 0], _l, _o, alternative) => bernoulliBoundResult(updateBernoulliBound(createBernoulliBound({ alpha: a, bound: b, alternative: oneSided(alternative) }), { successes: c, trials: d })),
  bernoulliEProcess: ([a = 0, ...counts], list) => bernoulliEProcessResult([proportions(counts), proportions(counts.slice(4))].reduce(updateBernoulliEProcess, createBernoulliEProcess({ alpha: a, differences: list }))),
  changeDetector: ([a = 0, b = 0, c = 0, d = 0], list, _o, alternative) =>
    changeDetectorResult(updateChangeDetector(updateChangeDetector(createChangeDetector({ kind: alternative === 'less' ? 'poisson' : 'bernoulli', baseline: a, alpha: b, rateRatios: list }), { events: c, exposure: d }), { events: d, exposure: c })),
  countMixture: ([a = 0, b = 0, c = 0, d = 0], list) => {
    const start = createCountMixture({ alpha: a, spread: b });
    return countMixtureResult([c, d, ...list].reduce((state, exposure) => updateCountMixture(state, { arm: 'treatment', atRisk: { control: exposure, treatment: c } }), start));
  },
  countLogEValue: ([a = 0, b = 0, c = 0, d = 0, e = 0]) => countLogEValue({ control: a, treatment: b }, c, d, e),
  cuped: (_n, list, other) => cuped({ control: covariateSums(list, other), treatment: covariateSums(other, list) }),
  'cuped of sums': ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]) => {
    const sums = { n: a, sumPost: b, sumPre: c, sumPostSquared: d, sumPreSquared: e, sumProduct: f };
    return cuped({ control: sums, treatment: sums });
  },
  describe: (_n, list) => describeValues(list),
  quantile: ([a = 0, b = 0], list) => quantile(list, a, b),
  theilSenTrend: ([a = 0], list, other) => theilSenTrend(list, other, a),
  regressionTrend: ([a = 0], list, other) => regressionTrend(list, other, a),
  evidence: ([a = 0, b = 0]) => evidence(a, b),
  fisherTest: (n, _l, _o, alternative) => fisherTest(proportions(n.map(small)), alternative),
  binomialTest: ([a = 0, b = 0, c = 0, d = 0], _l, _o, alternative) => binomialTest({ successes: a, trials: b }, c, { alpha: d, alternative }),
  clopperPearson: ([a = 0, b = 0, c = 0]) => clopperPearson({ successes: a, trials: b }, c),
  reportExperiment: ([a = 0, b = 0, c = 0, d = 0], list, other) =>
    reportExperiment(sumRows([...list.map((value, at) => ({ arm: 'control' as const, values: [value, other[at] ?? value], covariate: value })), ...other.map((value) => ({ arm: 'treatment' as const, values: [value, value], covariate: a }))], 1), {
      alpha: b,
      shares: [c, d],
      guardrails: [{ goodDirection: 'lower', margin: a }],
    }),
  spentAlpha: ([a = 0, b = 0], _l, _o, alternative) => spentAlpha(spending(alternative), a, b),
  spendingBoundaries: ([a = 0], list, _o, alternative) => spendingBoundaries(spending(alternative), a, list.slice(0, 2)),
  crossingProbability: (_n, list, other) => crossingProbability(list.slice(0, 2), other.slice(0, 2)),
  narrowed: ([a = 0, b = 0, c = 0, d = 0]) => narrowed({ lower: a, upper: b }, { lower: c, upper: d }),
  meanSequence: ([a = 0, b = 0, c = 0, ...n], list, other, alternative) => {
    const start = updateMeanSequence(createMeanSequence({ alpha: a, plannedUnits: b, alternative, burnIn: 2 }), 'control', { n: c, mean: b, variance: a });
    const state = [...list, ...other].reduce((before, value, at) => updateMeanSequence(before, at % 2 === 0 ? 'control' : 'treatment', { n: 1, mean: value, variance: 0 }), start);
    return [meanSequenceResult(state), meanSequenceResult(observeMeanSequence(state, arms(n)))];
  },
  neededSessions: ([alpha = 0, power = 0, ...n]) => neededSessions(arms(n), { alpha, power }),
  benjaminiHochberg: (_n, list) => benjaminiHochberg(list),
  holm: (_n, list) => holm(list),
  bonferroni: (_n, list) => bonferroni(list),
  judgeGuardrail: ([a = 0, b = 0, c = 0, d = 0]) => judgeGuardrail({ lower: a, upper: b }, { goodDirection: 'lower', margin: c, harmAbove: d }),
  noncentralTCdf: ([a = 0, b = 0, c = 0]) => noncentralTCdf(a, b, c),
  projectOntoDifference: ([a = 0, b = 0, c = 0, d = 0, e = 0]) => projectOntoDifference(a, b, c, d, e),
  oneSampleBernoulli: ([a = 0, b = 0, c = 0, d = 0]) => oneSampleBernoulliResult(updateOneSampleBernoulli(createOneSampleBernoulli({ alpha: a, optimalTrials: b }), { successes: c, trials: d })),
  bestRho: ([a = 0, b = 0]) => bestRho(a, b),
  mixtureConcentration: ([a = 0, b = 0]) => mixtureConcentration(a, b),
  logBetaMixture: ([a = 0, b = 0, c = 0, d = 0]) => logBetaMixture(a, b, c, d),
  spendingWeight: ([a = 0, b = 0]) => [spendingWeight({ kind: 'lord' }, a), spendingWeight({ kind: 'uniform', horizon: b }, a), spendingWeight({ kind: 'inverse-power', exponent: b }, a)],
  eLond: ([a = 0, b = 0, c = 0]) => {
    const begun = beginELond(createELond(a, { kind: 'inverse-power', exponent: b }));
    return [begun, concludeELond(begun.state, c, a), concludeELondByLog(begun.state, begun.level, c)];
  },
  lord: ([a = 0, b = 0, c = 0, d = 0]) => updateLord(updateLord(createLord(a, b), c).state, d),
  saffron: ([a = 0, b = 0, c = 0, d = 0, e = 0]) => updateSaffron(updateSaffron(createSaffron(a, { lambda: b, initialWealth: c }), d).state, e),
  proportionsPower: ([a = 0, b = 0, c = 0, alpha = 0, ratio = 0]) => proportionsPower(a, b, c, { alpha, ratio }),
  proportionsSampleSize: ([a = 0, b = 0, power = 0, alpha = 0, ratio = 0]) => proportionsSampleSize(a, b, { power, alpha, ratio }),
  proportionsDetectable: ([a = 0, b = 0, power = 0, alpha = 0, ratio = 0], _l, _o, alternative) => proportionsDetectable(a, b, oneSided(alternative), { power, alpha, ratio }),
  meansPower: ([a = 0, b = 0, c = 0, alpha = 0, ratio = 0]) => meansPower(a, b, c, { alpha, ratio }),
  meansSampleSize: ([a = 0, b = 0, power = 0, alpha = 0, ratio = 0]) => meansSampleSize(a, b, { power, alpha, ratio }),
  meansDetectable: ([a = 0, b = 0, power = 0, alpha = 0, ratio = 0]) => meansDetectable(a, b, { power, alpha, ratio }),
  ratesPower: ([a = 0, b = 0, c = 0, alpha = 0, ratio = 0]) => ratesPower(a, b, c, { alpha, ratio }),
  ratesExposure: ([a = 0, b = 0, power = 0, alpha = 0, ratio = 0]) => ratesExposure(a, b, { power, alpha, ratio }),
  ratesDetectable: ([a = 0, b = 0, power = 0, alpha = 0, ratio = 0]) => ratesDetectable(a, b, { power, alpha, ratio }),
  quantileLimit: ([a = 0, b = 0, c = 0], list, _o, alternative) => quantileLimitResult(list.reduce(updateQuantileLimit, createQuantileLimit({ alpha: a, quantile: b, limit: c, alternative: oneSided(alternative) }))),
  quantileInterval: ([a = 0, b = 0, c = 0], list) => quantileInterval(list.toSorted((one, other) => one - other), { quantile: a, alpha: b, optimalTrials: c }),
  mannWhitneyTest: (_n, list, other, alternative) => mannWhitneyTest({ control: list, treatment: other }, alternative),
  permutationTest: ([a = 0], list, other, alternative) => permutationTest({ control: list, treatment: other }, Math.min(a, 50), seededRandom(1), alternative),
  ratioSummary: ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]) => ratioSummary({ n: a, sumNumerator: b, sumDenominator: c, sumNumeratorSquared: d, sumDenominatorSquared: e, sumProduct: f }),
  sampleRatioTest: (_n, list, other) => sampleRatioTest(list, other),
  sampleRatio: ([a = 0], list, other) => {
    const state = [list, other].reduce(updateSampleRatio, createSampleRatio(other, list.length > 3 ? list : a));
    return sampleRatioResult(state, a);
  },
  seededRandom: ([a = 0]) => seededRandom(a)(),
  bernoulliStoppingTime: ([a = 0, b = 0, c = 0, d = 0, e = 0], list) => bernoulliStoppingTime({ alpha: a, rates: { control: b, treatment: c }, runs: Math.min(d, 2), longest: Math.min(e, 5), quantiles: list, random: seededRandom(1) }),
  countStoppingTime: ([a = 0, b = 0, c = 0, d = 0, e = 0], list) => countStoppingTime({ alpha: a, rateRatio: b, share: c, runs: Math.min(d, 2), longest: Math.min(e, 5), quantiles: list, random: seededRandom(1) }),
  tails: ([a = 0, b = 0, c = 0]) => [normalUpperTail(a), tTwoSidedTail(a, b), chiSquareUpperTail(a, b), binomialLowerTail(a, b, c), binomialUpperTail(a, b, c)],
  quantiles: ([a = 0, b = 0]) => [normalQuantile(a), tQuantile(a, b)],
  twoProportionTest: ([alpha = 0, ...n], _l, _o, alternative) => twoProportionTest(proportions(n), { alpha, alternative }),
  wilsonInterval: ([a = 0, b = 0, c = 0]) => wilsonInterval({ successes: a, trials: b }, c),
  welchTest: ([alpha = 0, ...n], _l, _o, alternative) => welchTest(arms(n), { alpha, alternative }),
  welchTestRelative: ([alpha = 0, ...n], _l, _o, alternative) => welchTestRelative(arms(n), { alpha, alternative }),
};

/** Every number in a result, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('whatever numbers come in', () => {
  it.each(Object.keys(calls))('%s gives finite numbers or a StatisticsError, and leaves its arguments alone', (name) => {
    fc.assert(
      fc.property(numbers, lists, lists, alternatives, (n, list, other, alternative) => {
        const before = [[...n], [...list], [...other]];
        let result: unknown = null;
        let error: unknown = new StatisticsError(statisticsErrorCodes.notFinite, 'nothing was thrown');
        try {
          result = calls[name]?.(n, list, other, alternative);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(StatisticsError);
        expect(numbersIn(result).filter((value) => !Number.isFinite(value))).toEqual([]);
        expect([n, list, other]).toEqual(before);
      }),
    );
  });
});
