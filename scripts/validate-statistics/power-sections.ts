import { proportionsPower } from '../../domain/statistics/planning.js';
import { effectShares, experiments } from './discovery-runs.js';
import { meanOf, meanStop, powerAt, shareOf, showNumber, stoppedBy, tallyOf } from './figures.js';
import { shown, table } from './markdown.js';
import { alpha } from './null-runs.js';
import { binWidth, longestEvents, longestPairs, plannedEvents, plannedPairs, proportionMethods, rateMethods, rateRatios } from './power-runs.js';
import type { Tally } from './tally.js';

/** Sessions to a decision. */
export function proportionPower(tallies: ReadonlyMap<string, Tally>): string {
  const tally = tallyOf(tallies, 'power: proportions');
  const runs = tally['runs']?.[0] ?? 0;
  const rows = proportionMethods.map((method) => {
    const bins = tally[method] ?? [];
    const quantiles = [0.25, 0.5, 0.75, 0.9].map((share) => stoppedBy(bins, binWidth.pairs, runs, share) ?? `> ${longestPairs}`);
    return [shown(method), ...[880, 2_000, longestPairs].map((by) => showNumber(powerAt(bins, binWidth.pairs, runs, by))), ...quantiles.map(String), meanStop(bins, binWidth.pairs, runs).toFixed(0)];
  });
  const fixed = ['fixed horizon, planned', showNumber(shareOf(tally, 'fixed').share), '-', '-', ...Array.from({ length: 5 }, () => String(plannedPairs))];
  return `### Sessions to a decision: crash rate .12 against .08

${runs.toLocaleString('en')} runs, sessions of each arm. The fixed test (planned power ${showNumber(proportionsPower(0.12, 0.08, plannedPairs))}) may look once, and only if the effect was known.
The mean sequence is tuned to the same number of sessions and says nothing in its burn-in.

![Power against sessions](statistics/power.svg)

${table(['method', 'power at 880', 'at 2000', `at ${longestPairs}`, 'first quartile', 'median', 'third quartile', 'ninth decile', 'mean'], [...rows, fixed])}
`;
}

/** Events to a decision. */
export function ratePower(tallies: ReadonlyMap<string, Tally>): string {
  const tally = tallyOf(tallies, 'power: rates');
  const runs = tally['runs']?.[0] ?? 0;
  const rows = rateRatios.flatMap((ratio) => {
    const planned = plannedEvents(ratio);
    const sequential = rateMethods.map((method) => {
      const bins = tally[`${ratio}/${method}`] ?? [];
      const quantiles = [0.25, 0.5, 0.75, 0.9].map((share) => stoppedBy(bins, binWidth.events, runs, share) ?? `> ${longestEvents}`);
      return [String(ratio), shown(method), showNumber(powerAt(bins, binWidth.events, runs, planned)), showNumber(powerAt(bins, binWidth.events, runs, longestEvents)), ...quantiles.map(String), meanStop(bins, binWidth.events, runs).toFixed(0)];
    });
    return [...sequential, [String(ratio), 'fixed horizon, planned', showNumber(shareOf(tally, `${ratio}/fixed`).share), '-', ...Array.from({ length: 5 }, () => String(planned))]];
  });
  return `### Events to a decision: rate ratios

${runs.toLocaleString('en')} runs, first events of both arms together, looked at after each. The fixed test is planned for power .8: it may look once, and only if the effect was known.

${table(['rate ratio', 'method', 'power at the planned number', `power at ${longestEvents}`, 'first quartile', 'median', 'third quartile', 'ninth decile', 'mean'], rows)}
`;
}

/** What the loop as a whole finds falsely. */
export function discoveries(tallies: ReadonlyMap<string, Tally>): string {
  const tally = tallyOf(tallies, 'discoveries');
  const runs = tally['runs']?.[0] ?? 0;
  const rows = effectShares.map((share) => {
    const [sum = 0, squares = 0, all = 0, right = 0, effects = 0, naive = 0] = tally[String(share)] ?? [];
    const { mean, half } = meanOf(sum, squares, runs);
    return [String(share), `${showNumber(mean)} ± ${showNumber(half)}`, showNumber(naive / runs), (all / runs).toFixed(1), effects === 0 ? '-' : showNumber(right / effects)];
  });
  return `### False discoveries of the whole loop

${runs} lives of ${experiments} experiments, each of up to 3,000 sessions in each arm with a look after every 10: crash rate .12, or .12 against .06 where there is
an effect. e-LOND with uniform spending at ${alpha}, beside a naive p < .05 looked at every 100 sessions of each arm.

${table(['share of true effects', 'false-discovery rate, 99 %', 'naive', 'discoveries in a life', 'true effects found'], rows)}
`;
}
