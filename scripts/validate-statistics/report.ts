import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proportionsPower, ratesExposure } from '../../domain/statistics/planning.js';
import { experiments, effectShares } from './discovery-runs.js';
import { isCrossed, meanOf, meanStop, powerAt, shareOf, showNumber, showShare, stoppedBy } from './figures.js';
import { alpha, batch, burnIns, marks, pairs } from './null-runs.js';
import { plotCurves, type CurvePoint } from './plots.js';
import { binWidth, longestEvents, longestPairs, plannedPairs, rateRatios } from './power-runs.js';
import { draws } from './streams.js';
import type { Tally } from './tally.js';

const begin = '<!-- measured: npm run validate:statistics -->';
const end = '<!-- end of what was measured -->';
const crashSessions = 0.1;

/** Writes the measured part of docs/statistics.md, and the plots beside it. What people wrote around it stays. */
export async function writeReport(folder: string, tallies: ReadonlyMap<string, Tally>): Promise<void> {
  const path = join(folder, 'statistics.md');
  const text = readFileSync(path, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for what was measured: it wants the lines ${begin} and ${end}`);
  const sections = [errorRates(tallies), burnIn(tallies), others(tallies), proportionPower(tallies), ratePower(tallies), discoveries(tallies)];
  writeFileSync(path, `${before}${begin}\n\n${sections.join('\n')}\n${end}${after}`);
  const plots = join(folder, 'statistics');
  mkdirSync(plots, { recursive: true });
  await plotFalsePositives(join(plots, 'false-positives.svg'), tallies);
  await plotPower(join(plots, 'power.svg'), tallies);
}

function of(tallies: ReadonlyMap<string, Tally>, name: string): Tally {
  const tally = tallies.get(name);
  if (!tally) throw new Error(`no part of ${name} was simulated`);
  return tally;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function errorRates(tallies: ReadonlyMap<string, Tally>): string {
  const rows = Object.keys(draws).flatMap((stream) => {
    const tally = of(tallies, `null: ${stream}`);
    return ['e-process', 'mean sequence', 'early mean sequence', 'naive', 'flat boundary']
      .filter((method) => tally[`${method}/every`] !== undefined)
      .map((method) => {
        const every = shareOf(tally, `${method}/every`);
        return [stream, method, showShare(every), showShare(shareOf(tally, `${method}/batch`)), isCrossed(every, alpha) ? 'no' : 'yes'];
      });
  });
  const runs = of(tallies, 'null: bernoulli .1')['runs']?.[0] ?? 0;
  return `### False positives without an effect

${runs.toLocaleString('en')} runs each, ${(2 * pairs).toLocaleString('en')} sessions in a run, alpha ${alpha}: the share of runs that ever reject, with its 99 % interval, looking after every
pair of sessions and after every ${batch} pairs. The means are here without a burn-in; "early" is tuned to 50 sessions, the others to ${2 * pairs}.

![False positives against sessions](statistics/false-positives.svg)

${table(['sessions', 'method', 'every pair', `every ${batch} pairs`, 'held'], rows)}
`;
}

function burnIn(tallies: ReadonlyMap<string, Tally>): string {
  const rows = Object.keys(draws).flatMap((stream) => {
    const tally = of(tallies, `null: ${stream}`);
    return ['mean sequence', 'early mean sequence'].map((method) => [stream, method, ...burnIns.map((_, at) => showNumber(shareOf(tally, `${method}/after`, at).share))]);
  });
  return `### Burn-in of the means

The share of runs that reject at any look from so many sessions of each arm on.

${table(['sessions', 'method', ...burnIns.map(String)], rows)}
`;
}

function others(tallies: ReadonlyMap<string, Tally>): string {
  const counts = of(tallies, 'counts');
  const coverage = of(tallies, 'coverage');
  const fixed = of(tallies, 'fixed horizon');
  const missed = (name: string) => showShare(shareOf(coverage, name));
  const rows = [
    ['count mixture, first crash of each session', showShare(shareOf(counts, 'first'))],
    ['the closed form misused: every crash of sessions that crash up to six times', showShare(shareOf(counts, 'every'))],
    ['interval of the rate ratio misses 1', showShare({ ...shareOf(counts, 'covered'), share: 1 - shareOf(counts, 'covered').share, lower: 1 - shareOf(counts, 'covered').upper, upper: 1 - shareOf(counts, 'covered').lower })],
    ['interval of a difference (.12 and .08) ever misses it', missed('difference')],
    ['interval of a rate (.1) ever misses it', missed('rate')],
    ['"the rate is above .1" is ever claimed, and it is .1', missed('bound')],
    ['sample ratio: a mismatch is ever claimed of a fair assignment', missed('assignment')],
    ...Object.keys(fixed).filter((name) => name !== 'runs').map((name) => [`one look at 200 sessions in each arm: ${name}`, showShare(shareOf(fixed, name))]),
  ];
  return `### Other errors at alpha ${alpha}

${table(['what', 'share of runs, 99 % interval'], rows)}
`;
}

function proportionPower(tallies: ReadonlyMap<string, Tally>): string {
  const tally = of(tallies, 'power: proportions');
  const runs = tally['runs']?.[0] ?? 0;
  const rows = ['e-process', 'flat boundary'].map((method) => {
    const bins = tally[method] ?? [];
    const quantiles = [0.25, 0.5, 0.75, 0.9].map((share) => stoppedBy(bins, binWidth.pairs, runs, share) ?? `> ${longestPairs}`);
    return [method, ...[880, 2_000, longestPairs].map((by) => showNumber(powerAt(bins, binWidth.pairs, runs, by))), ...quantiles.map(String), meanStop(bins, binWidth.pairs, runs).toFixed(0)];
  });
  const fixed = ['fixed horizon, planned', showNumber(shareOf(tally, 'fixed').share), '-', '-', ...Array.from({ length: 5 }, () => String(plannedPairs))];
  return `### Sessions to a decision: crash rate .12 against .08

${runs.toLocaleString('en')} runs, sessions of each arm. The fixed test (planned power ${showNumber(proportionsPower(0.12, 0.08, plannedPairs))}) may look once, and only if the effect was known.

![Power against sessions](statistics/power.svg)

${table(['method', 'power at 880', 'at 2000', `at ${longestPairs}`, 'first quartile', 'median', 'third quartile', 'ninth decile', 'mean'], [...rows, fixed])}
`;
}

function ratePower(tallies: ReadonlyMap<string, Tally>): string {
  const tally = of(tallies, 'power: rates');
  const runs = tally['runs']?.[0] ?? 0;
  const rows = rateRatios.map((ratio) => {
    const bins = tally[String(ratio)] ?? [];
    const planned = ratesExposure(crashSessions, ratio) * crashSessions * (1 + ratio);
    const quantiles = [0.25, 0.5, 0.75, 0.9].map((share) => stoppedBy(bins, binWidth.events, runs, share) ?? `> ${longestEvents}`);
    return [String(ratio), planned.toFixed(0), showNumber(powerAt(bins, binWidth.events, runs, planned)), showNumber(powerAt(bins, binWidth.events, runs, longestEvents)), ...quantiles.map(String), meanStop(bins, binWidth.events, runs).toFixed(0)];
  });
  return `### Events to a decision: rate ratios

${runs.toLocaleString('en')} runs, first events of both arms together. Planned is what a fixed test of power .8 takes.

${table(['rate ratio', 'planned', 'power there', `power at ${longestEvents}`, 'first quartile', 'median', 'third quartile', 'ninth decile', 'mean'], rows)}
`;
}

function discoveries(tallies: ReadonlyMap<string, Tally>): string {
  const tally = of(tallies, 'discoveries');
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

async function plotFalsePositives(path: string, tallies: ReadonlyMap<string, Tally>): Promise<void> {
  const tally = of(tallies, 'null: bernoulli .1');
  const points: CurvePoint[] = ['naive', 'flat boundary', 'e-process', 'mean sequence'].flatMap((method) => marks.map((mark, at) => ({ method: method === 'naive' ? 'naive peeking at p < .05' : method, sessions: 2 * mark, share: shareOf(tally, `${method}/marks`, at).share })));
  await plotCurves(path, points, { title: 'A/A at a rate of .1: who has ever seen an effect', yTitle: 'runs that have rejected', level: alpha });
}

async function plotPower(path: string, tallies: ReadonlyMap<string, Tally>): Promise<void> {
  const tally = of(tallies, 'power: proportions');
  const runs = tally['runs']?.[0] ?? 0;
  const at = Array.from({ length: 20 }, (_, step) => ((step + 1) * longestPairs) / 20);
  const points: CurvePoint[] = ['e-process', 'flat boundary'].flatMap((method) => at.map((by) => ({ method, sessions: 2 * by, share: powerAt(tally[method] ?? [], binWidth.pairs, runs, by) })));
  points.push({ method: 'fixed horizon, one look', sessions: 2 * plannedPairs, share: shareOf(tally, 'fixed').share });
  await plotCurves(path, points, { title: '.12 against .08: who has found it', yTitle: 'runs that have rejected', level: null });
}
