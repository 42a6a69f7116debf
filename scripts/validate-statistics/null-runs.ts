import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import { createMeanSequence, meanSequenceResult, updateMeanSequence } from '../../domain/statistics/mean-sequence.js';
import { draws, type StreamName } from './streams.js';
import type { Tally } from './tally.js';

/** Of every test here. */
export const alpha = 0.05;
/** Pairs, one session in each arm, in one run. */
export const pairs = 1_000;
/** Pairs between two looks of those who look in batches. */
export const batch = 50;
/** Looks at which the share that has crossed so far is noted, for the plot. */
export const marks = [1, 2, 5, 10, 20, 40, 60, 80, 100].map((percent) => (pairs * percent) / 100);
/** Burn-ins that are tried on the means, sessions of each arm. */
export const burnIns = [2, 10, 25, 50, 100, 200, 400];
/** Statsig's flat boundary on |z|. */
export const flatBoundary = 3.585;
const naiveBoundary = 1.959963984540054;

interface Monitor {
  /** One session of each arm. @returns whether the test rejects at this moment. */
  look(control: number, treatment: number): boolean;
}

function eProcess(): Monitor {
  let state = createBernoulliEProcess({ alpha, differences: [] });
  return {
    look(control, treatment) {
      state = updateBernoulliEProcess(state, { control: { successes: control, trials: 1 }, treatment: { successes: treatment, trials: 1 } });
      return bernoulliEProcessResult(state).pValue <= alpha;
    },
  };
}

/** Without a burn-in: how much of one is needed is what is measured. */
function meanSequence(plannedUnits: number): Monitor {
  let state = createMeanSequence({ alpha, plannedUnits, burnIn: 2 });
  return {
    look(control, treatment) {
      state = updateMeanSequence(state, 'control', { n: 1, mean: control, variance: 0 });
      state = updateMeanSequence(state, 'treatment', { n: 1, mean: treatment, variance: 0 });
      const { lower, upper } = meanSequenceResult(state).interval;
      return lower !== null && upper !== null && (lower > 0 || upper < 0);
    },
  };
}

/** |z| of the two means against a boundary that stays: naive peeking, and mSPRT as it is often run. */
function flat(boundary: number): Monitor {
  let n = 0;
  let [sumC, sumT, squaresC, squaresT] = [0, 0, 0, 0];
  return {
    look(control, treatment) {
      n += 1;
      sumC += control;
      sumT += treatment;
      squaresC += control * control;
      squaresT += treatment * treatment;
      const variance = (squaresC - (sumC * sumC) / n + squaresT - (sumT * sumT) / n) / (n - 1) / n;
      // As anyone would: not before there is a handful.
      return n >= 10 && variance > 0 && Math.abs(sumT - sumC) / n >= boundary * Math.sqrt(variance);
    },
  };
}

/** Runs without an effect: which methods ever reject, at which look first and last, looking at every pair and in batches. */
export function nullRuns(stream: StreamName, runs: number, random: () => number): Tally {
  const draw = draws[stream];
  const monitors = {
    ...(stream.startsWith('bernoulli') ? { 'e-process': eProcess } : {}),
    'mean sequence': () => meanSequence(2 * pairs),
    // Tightest where the asymptotics are worst.
    'early mean sequence': () => meanSequence(50),
    naive: () => flat(naiveBoundary),
    'flat boundary': () => flat(flatBoundary),
  };
  const tally: Tally = { runs: [runs] };
  for (const name of Object.keys(monitors)) {
    tally[`${name}/every`] = [0];
    tally[`${name}/batch`] = [0];
    tally[`${name}/marks`] = marks.map(() => 0);
    tally[`${name}/after`] = burnIns.map(() => 0);
  }
  for (let run = 0; run < runs; run += 1) {
    const values = Array.from({ length: pairs }, () => [draw(random), draw(random)] as const);
    for (const [name, begin] of Object.entries(monitors)) {
      const monitor = begin();
      let first = Number.POSITIVE_INFINITY;
      let last = 0;
      let inBatch = false;
      values.forEach(([control, treatment], at) => {
        if (!monitor.look(control, treatment)) return;
        first = Math.min(first, at + 1);
        last = at + 1;
        if ((at + 1) % batch === 0) inBatch = true;
      });
      const count = (key: string, at: number) => {
        const counts = tally[`${name}/${key}`] as number[];
        counts[at] = (counts[at] as number) + 1;
      };
      if (last > 0) count('every', 0);
      if (inBatch) count('batch', 0);
      marks.forEach((mark, at) => first <= mark && count('marks', at));
      burnIns.forEach((burnIn, at) => last >= burnIn && count('after', at));
    }
  }
  return tally;
}
