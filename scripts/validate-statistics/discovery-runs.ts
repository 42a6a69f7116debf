import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../../domain/statistics/bernoulli-e-process.js';
import { beginELond, concludeELond, createELond } from '../../domain/statistics/online-fdr.js';
import { twoProportionTest } from '../../domain/statistics/two-proportions.js';
import { alpha } from './null-runs.js';
import type { Tally } from './tally.js';

/** Experiments, one after the other, in one life of the loop. */
export const experiments = 500;
export const effectShares = [0, 0.05, 0.2] as const;
/** Blocks of 10 sessions in each arm that an experiment may take: 3,000 in each. */
const blocks = 300;

/** Whole lives of the loop: each experiment looks after every block, and its verdict is e-LOND's; beside naive peeking. */
export function discoveryRuns(runs: number, random: () => number): Tally {
  const tally: Tally = { runs: [runs] };
  for (const share of effectShares) {
    // Sums over runs: false-discovery proportion, its square, discoveries, true ones, true effects; the naive proportion.
    const sums = (tally[String(share)] = [0, 0, 0, 0, 0, 0]);
    const add = (at: number, value: number) => {
      sums[at] = (sums[at] as number) + value;
    };
    for (let run = 0; run < runs; run += 1) {
      let ledger = createELond(alpha, { kind: 'uniform', horizon: experiments });
      const ours = { all: 0, right: 0 };
      const naive = { all: 0, right: 0 };
      let effects = 0;
      for (let experiment = 0; experiment < experiments; experiment += 1) {
        const isEffect = random() < share;
        effects += isEffect ? 1 : 0;
        const begun = beginELond(ledger);
        const outcome = oneExperiment(isEffect ? 0.06 : 0.12, begun.level, random);
        const concluded = concludeELond(begun.state, begun.level, outcome.eValue);
        ledger = concluded.state;
        if (concluded.rejected) {
          ours.all += 1;
          ours.right += isEffect ? 1 : 0;
        }
        if (outcome.naive) {
          naive.all += 1;
          naive.right += isEffect ? 1 : 0;
        }
      }
      const proportion = (of: typeof ours) => (of.all === 0 ? 0 : (of.all - of.right) / of.all);
      [proportion(ours), proportion(ours) ** 2, ours.all, ours.right, effects, proportion(naive)].forEach((value, at) => add(at, value));
    }
  }
  return tally;
}

/** Ends when the e-value reaches its level, or when it has taken all its sessions; naive looks at p < .05 on the way. */
function oneExperiment(treated: number, level: number, random: () => number): { eValue: number; naive: boolean } {
  let state = createBernoulliEProcess({ alpha, differences: [] });
  let naive = false;
  let eValue = 1;
  for (let block = 0; block < blocks; block += 1) {
    state = updateBernoulliEProcess(state, { control: draw(0.12, random), treatment: draw(treated, random) });
    ({ eValue } = bernoulliEProcessResult(state));
    if (!naive && (block + 1) % 10 === 0) naive = twoProportionTest({ control: state.control, treatment: state.treatment }).pValue <= alpha;
    if (eValue >= 1 / level) break;
  }
  return { eValue, naive };
}

function draw(rate: number, random: () => number): { successes: number; trials: number } {
  let successes = 0;
  for (let at = 0; at < 10; at += 1) if (random() < rate) successes += 1;
  return { successes, trials: 10 };
}
