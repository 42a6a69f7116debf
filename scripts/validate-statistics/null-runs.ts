import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import type { Arms, Proportion, SampleSummary } from '../../domain/statistics/interval.js';
import { createMeanSequence, meanSequenceResult, observeMeanSequence } from '../../domain/statistics/mean-sequence.js';
import { ratioSummary } from '../../domain/statistics/ratio-metric.js';
import { draws, type Draw, type Drawn, type StreamName } from './streams.js';
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
  /**
   * @param summary of all sessions so far. @param block outcomes of the sessions since the last look.
   * @returns whether the test rejects at this moment.
   */
  look(summary: Arms<SampleSummary>, block: Arms<Proportion>): boolean;
}

function eProcess(): Monitor {
  let state = createBernoulliEProcess({ alpha, differences: [] });
  return {
    look(_summary, block) {
      state = updateBernoulliEProcess(state, block);
      return bernoulliEProcessResult(state).pValue <= alpha;
    },
  };
}

/** Without a burn-in: how much of one is needed is what is measured. */
function meanSequence(plannedUnits: number): Monitor {
  let state = createMeanSequence({ alpha, plannedUnits, burnIn: 2 });
  return {
    look(summary) {
      state = observeMeanSequence(state, summary);
      // By what is seen now alone: where the interval excludes 0. The p-value and the interval kept would remember earlier looks.
      return meanSequenceResult(state).logEValue >= -Math.log(alpha);
    },
  };
}

/** |z| of the two means against a boundary that stays: naive peeking, and mSPRT as it is often run. */
function flat(boundary: number): Monitor {
  return {
    look({ control, treatment }) {
      const variance = control.variance / control.n + treatment.variance / treatment.n;
      // As anyone would: not before there is a handful.
      return control.n >= 10 && variance > 0 && Math.abs(treatment.mean - control.mean) >= boundary * Math.sqrt(variance);
    },
  };
}

const monitors = {
  'e-process': eProcess,
  'mean sequence': () => meanSequence(2 * pairs),
  // Tightest where the asymptotics are worst.
  'early mean sequence': () => meanSequence(50),
  naive: () => flat(naiveBoundary),
  'flat boundary': () => flat(flatBoundary),
} satisfies Record<string, () => Monitor>;

export type Method = keyof typeof monitors;
export const methods = Object.keys(monitors) as Method[];

/** One arm of a run: sums of all its sessions, and the outcomes since the last look at every pair and in batches. */
class Arm {
  private readonly sums = { n: 0, sumNumerator: 0, sumDenominator: 0, sumNumeratorSquared: 0, sumDenominatorSquared: 0, sumProduct: 0 };
  private inBatch = 0;

  constructor(private readonly isRatio: boolean) {}

  add({ value, denominator, outcome }: Drawn): Proportion {
    const { sums } = this;
    sums.n += 1;
    sums.sumNumerator += value;
    sums.sumDenominator += denominator;
    sums.sumNumeratorSquared += value * value;
    sums.sumDenominatorSquared += denominator * denominator;
    sums.sumProduct += value * denominator;
    const successes = outcome ? 1 : 0;
    this.inBatch += successes;
    return { successes, trials: 1 };
  }

  takeBatch(): Proportion {
    const successes = this.inBatch;
    this.inBatch = 0;
    return { successes, trials: batch };
  }

  summary(): SampleSummary {
    const { n, sumNumerator, sumNumeratorSquared } = this.sums;
    if (this.isRatio && n > 1) return ratioSummary(this.sums);
    return { n, mean: sumNumerator / n, variance: n > 1 ? Math.max(0, sumNumeratorSquared - sumNumerator ** 2 / n) / (n - 1) : 0 };
  }
}

/** Runs without an effect: which methods ever reject, at which look first and last, looking at every pair and in batches. */
export function nullRuns(stream: StreamName, runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs] };
  for (const name of methods) {
    tally[`${name}/every`] = [0];
    tally[`${name}/batch`] = [0];
    tally[`${name}/marks`] = marks.map(() => 0);
    tally[`${name}/after`] = burnIns.map(() => 0);
  }
  for (let run = 0; run < runs; run += 1) {
    for (const [name, { first, last, inBatch }] of oneRun(stream, random)) {
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

/** The pairs at which a method first and last rejected, infinite and 0 where it never did; and whether it did in batches. */
interface Rejections {
  first: number;
  last: number;
  inBatch: boolean;
}

function oneRun(stream: StreamName, random: () => number): Map<Method, Rejections> {
  const draw: Draw = draws[stream];
  const arms = { control: new Arm(stream === 'ratio'), treatment: new Arm(stream === 'ratio') };
  const watching = methods.map((name) => ({ name, every: monitors[name](), batches: monitors[name](), rejections: { first: Number.POSITIVE_INFINITY, last: 0, inBatch: false } }));
  for (let pair = 1; pair <= pairs; pair += 1) {
    const block = { control: arms.control.add(draw(random)), treatment: arms.treatment.add(draw(random)) };
    const summary = { control: arms.control.summary(), treatment: arms.treatment.summary() };
    for (const { every, rejections } of watching) {
      if (!every.look(summary, block)) continue;
      rejections.first = Math.min(rejections.first, pair);
      rejections.last = pair;
    }
    if (pair % batch !== 0) continue;
    const whole = { control: arms.control.takeBatch(), treatment: arms.treatment.takeBatch() };
    for (const { batches, rejections } of watching) if (batches.look(summary, whole)) rejections.inBatch = true;
  }
  return new Map(watching.map(({ name, rejections }) => [name, rejections]));
}
