import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import { countMixtureResult, createCountMixture, updateCountMixture } from '../../domain/statistics/count-mixture.js';
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

/** Stopping times of the e-process and of the flat boundary at .12 against .08, in bins; and the fixed test's one look. */
export function proportionPowerRuns(runs: number, random: () => number): Tally {
  const bins = longestPairs / binWidth.pairs;
  const tally = { runs: [runs], 'e-process': zeros(bins), 'flat boundary': zeros(bins), fixed: [0] };
  for (let run = 0; run < runs; run += 1) {
    let state = createBernoulliEProcess({ alpha, differences: [] });
    let [x, y] = [0, 0];
    const stopped = { e: 0, flat: 0 };
    for (let n = 1; n <= longestPairs && (n <= plannedPairs || stopped.e === 0 || stopped.flat === 0); n += 1) {
      const control = { successes: random() < 0.12 ? 1 : 0, trials: 1 };
      const treatment = { successes: random() < 0.08 ? 1 : 0, trials: 1 };
      x += control.successes;
      y += treatment.successes;
      const z = zOf(x, y, n);
      if (stopped.e === 0) {
        state = updateBernoulliEProcess(state, { control, treatment });
        if (bernoulliEProcessResult(state).pValue <= alpha) stopped.e = n;
      }
      if (stopped.flat === 0 && n >= 10 && z >= flatBoundary) stopped.flat = n;
      if (n === plannedPairs && z >= 1.959963984540054) tally.fixed[0] = (tally.fixed[0] as number) + 1;
    }
    count(tally['e-process'], stopped.e, binWidth.pairs);
    count(tally['flat boundary'], stopped.flat, binWidth.pairs);
  }
  return tally;
}

/** Stopping times of the count mixture for each rate ratio, arms of the same exposure, in bins of events. */
export function ratePowerRuns(runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs] };
  for (const ratio of rateRatios) {
    const bins = (tally[String(ratio)] = zeros(longestEvents / binWidth.events));
    for (let run = 0; run < runs; run += 1) {
      let state = createCountMixture({ alpha });
      let stopped = 0;
      for (let n = 1; n <= longestEvents && stopped === 0; n += 1) {
        state = updateCountMixture(state, { arm: random() < ratio / (1 + ratio) ? 'treatment' : 'control', atRisk: { control: 1, treatment: 1 } });
        if (n % 5 === 0 && countMixtureResult(state).pValue <= alpha) stopped = n;
      }
      count(bins, stopped, binWidth.events);
    }
  }
  return tally;
}

function zOf(x: number, y: number, n: number): number {
  const pooled = (x + y) / (2 * n);
  const deviation = Math.sqrt((2 * pooled * (1 - pooled)) / n);
  return deviation > 0 ? Math.abs(x - y) / n / deviation : 0;
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

function count(bins: number[], stopped: number, width: number): void {
  if (stopped === 0) return;
  const bin = Math.min(bins.length - 1, Math.ceil(stopped / width) - 1);
  bins[bin] = (bins[bin] as number) + 1;
}
