import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alarms, burnIn, errorRates, others } from './error-sections.js';
import { powerAt, shareOf, tallyOf } from './figures.js';
import { shown } from './markdown.js';
import { alpha, marks } from './null-runs.js';
import { plotCurves, type CurvePoint } from './plots.js';
import { discoveries, proportionPower, ratePower } from './power-sections.js';
import { binWidth, longestPairs, plannedPairs, proportionMethods } from './power-runs.js';
import type { Tally } from './tally.js';

const begin = '<!-- measured: npm run validate:statistics -->';
const end = '<!-- end of what was measured -->';

/** Writes the measured part of docs/statistics.md, and the plots beside it. What people wrote around it stays. */
export async function writeReport(folder: string, tallies: ReadonlyMap<string, Tally>): Promise<void> {
  const path = join(folder, 'statistics.md');
  const text = readFileSync(path, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for what was measured: it wants the lines ${begin} and ${end}`);
  const sections = [errorRates(tallies), burnIn(tallies), others(tallies), alarms(tallies), proportionPower(tallies), ratePower(tallies), discoveries(tallies)];
  writeFileSync(path, `${before}${begin}\n\n${sections.join('\n')}\n${end}${after}`);
  const plots = join(folder, 'statistics');
  mkdirSync(plots, { recursive: true });
  await plotFalsePositives(join(plots, 'false-positives.svg'), tallies);
  await plotPower(join(plots, 'power.svg'), tallies);
}

async function plotFalsePositives(path: string, tallies: ReadonlyMap<string, Tally>): Promise<void> {
  const tally = tallyOf(tallies, 'null: bernoulli .1');
  const points: CurvePoint[] = ['naive', 'flat boundary', 'e-process', 'mean sequence'].flatMap((method) => marks.map((mark, at) => ({ method: method === 'naive' ? 'naive peeking at p < .05' : shown(method), sessions: 2 * mark, share: shareOf(tally, `${method}/marks`, at).share })));
  await plotCurves(path, points, { title: 'A/A at a rate of .1: who has ever seen an effect', yTitle: 'runs that have rejected', level: alpha });
}

async function plotPower(path: string, tallies: ReadonlyMap<string, Tally>): Promise<void> {
  const tally = tallyOf(tallies, 'power: proportions');
  const runs = tally['runs']?.[0] ?? 0;
  const at = Array.from({ length: 20 }, (_, step) => ((step + 1) * longestPairs) / 20);
  const points: CurvePoint[] = proportionMethods.flatMap((method) => at.map((by) => ({ method: shown(method), sessions: 2 * by, share: powerAt(tally[method] ?? [], binWidth.pairs, runs, by) })));
  points.push({ method: 'fixed horizon, one look', sessions: 2 * plannedPairs, share: shareOf(tally, 'fixed').share });
  await plotCurves(path, points, { title: '.12 against .08: who has found it', yTitle: 'runs that have rejected', level: null });
}
