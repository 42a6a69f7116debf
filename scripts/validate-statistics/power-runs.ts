import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import { countMixtureResult, createCountMixture, updateCountMixture } from '../../domain/statistics/count-mixture.js';
import type { SampleSummary } from '../../domain/statistics/interval.js';
import { createMeanSequence, meanSequenceResult, observeMeanSequence } from '../../domain/statistics/mean-sequence.js';
import { ratesExposure } from '../../domain/statistics/planning.js';
import { alpha, flatBoundary } from './null-runs.js';
import type { Tally } from './tally.js';

/** Pairs after which a run of .12 against .08 is given up. */
export const longestPairs = 4_000;
/** Pairs that the fixed-horizon test of the same is planned for: power .8. */
export const plannedPairs = 882;
/** First events after which a run of a rate ratio is given up. */
export const longestEvents = 3_000;
export const rateRatios = [1.2, 1.5, 2] as const;
/** Width of a bin of stopping times: in pairs, in events. */
export const binWidth = { pairs: 20, events: 10 };

const naiveBoundary = 1.959963984540054;
export const proportionMethods = ['e-process', 'mean sequence', 'flat boundary'] as const;
export const rateMethods = ['count mixture', 'flat boundary'] as const;

/** Events that a fixed-horizon test of a rate ratio is planned for, of both arms: power .8. */
export function plannedEvents(rateRatio: number): number {
  const control = 0.1;
  return Math.round(ratesExposure(control, rateRatio) * control * (1 + rateRatio));
}

/** Stopping times at .12 against .08 of the e-process, the mean sequence and the flat boundary, in bins; and the fixed test's one look. */
export function proportionPowerRuns(runs: number, random: () => number): Tally {
  const bins = longestPairs / binWidth.pairs;
  const tally: Tally = { runs: [runs], fixed: [0], ...Object.fromEntries(proportionMethods.map((method) => [method, zeros(bins)])) };
  for (let run = 0; run < runs; run += 1) {
    let eProcess = createBernoulliEProcess({ alpha, differences: [] });
    let means = createMeanSequence({ alpha, plannedUnits: 2 * plannedPairs });
    const sums = { control: 0, treatment: 0 };
    const stopped = { 'e-process': 0, 'mean sequence': 0, 'flat boundary': 0 };
    const isGoingOn = () => Object.values(stopped).includes(0);
    for (let n = 1; n <= longestPairs && (n <= plannedPairs || isGoingOn()); n += 1) {
      const control = { successes: random() < 0.12 ? 1 : 0, trials: 1 };
      const treatment = { successes: random() < 0.08 ? 1 : 0, trials: 1 };
      sums.control += control.successes;
      sums.treatment += treatment.successes;
      const z = zOf(sums.control, sums.treatment, n);
      if (stopped['e-process'] === 0) {
        eProcess = updateBernoulliEProcess(eProcess, { control, treatment });
        if (bernoulliEProcessResult(eProcess).pValue <= alpha) stopped['e-process'] = n;
      }
      if (stopped['mean sequence'] === 0 && n > 1) {
        means = observeMeanSequence(means, { control: summaryOf(sums.control, n), treatment: summaryOf(sums.treatment, n) });
        if (meanSequenceResult(means).pValue <= alpha) stopped['mean sequence'] = n;
      }
      if (stopped['flat boundary'] === 0 && n >= 10 && z >= flatBoundary) stopped['flat boundary'] = n;
      if (n === plannedPairs && z >= naiveBoundary) countOne(tally['fixed'] as number[], 0);
    }
    for (const method of proportionMethods) binned(tally[method] as number[], stopped[method], binWidth.pairs);
  }
  return tally;
}

/** Stopping times for each rate ratio, arms of the same exposure, in bins of events; and the fixed test's one look. */
export function ratePowerRuns(runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs] };
  for (const ratio of rateRatios) {
    const planned = plannedEvents(ratio);
    for (const method of rateMethods) tally[`${ratio}/${method}`] = zeros(longestEvents / binWidth.events);
    const fixed = (tally[`${ratio}/fixed`] = [0]);
    for (let run = 0; run < runs; run += 1) {
      let state = createCountMixture({ alpha });
      let treated = 0;
      const stopped = { 'count mixture': 0, 'flat boundary': 0 };
      for (let n = 1; n <= longestEvents && (n <= planned || Object.values(stopped).includes(0)); n += 1) {
        const arm = random() < ratio / (1 + ratio) ? 'treatment' : 'control';
        treated += arm === 'treatment' ? 1 : 0;
        // Of the events, the half that is treatment's without an effect.
        const z = Math.abs(2 * treated - n) / Math.sqrt(n);
        if (stopped['count mixture'] === 0) {
          state = updateCountMixture(state, { arm, atRisk: { control: 1, treatment: 1 } });
          if (countMixtureResult(state).pValue <= alpha) stopped['count mixture'] = n;
        }
        if (stopped['flat boundary'] === 0 && n >= 10 && z >= flatBoundary) stopped['flat boundary'] = n;
        if (n === planned && z >= naiveBoundary) countOne(fixed, 0);
      }
      for (const method of rateMethods) binned(tally[`${ratio}/${method}`] as number[], stopped[method], binWidth.events);
    }
  }
  return tally;
}

function summaryOf(successes: number, n: number): SampleSummary {
  const share = successes / n;
  return { n, mean: share, variance: (share * (1 - share) * n) / (n - 1) };
}

function zOf(x: number, y: number, n: number): number {
  const pooled = (x + y) / (2 * n);
  const deviation = Math.sqrt((2 * pooled * (1 - pooled)) / n);
  return deviation > 0 ? Math.abs(x - y) / n / deviation : 0;
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

function binned(bins: number[], stopped: number, width: number): void {
  if (stopped > 0) countOne(bins, Math.min(bins.length - 1, Math.ceil(stopped / width) - 1));
}

function countOne(counts: number[], at: number): void {
  counts[at] = (counts[at] as number) + 1;
}
