import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { createBernoulliBound, updateBernoulliBound } from '../domain/statistics/bernoulli-bound.js';
import { bernoulliEProcessResult, createBernoulliEProcess, updateBernoulliEProcess } from '../domain/statistics/bernoulli-e-process.js';
import { changeDetectorResult, createChangeDetector, updateChangeDetector } from '../domain/statistics/change-detector.js';
import { countMixtureResult, createCountMixture, updateCountMixture } from '../domain/statistics/count-mixture.js';
import { reportExperiment, sumRows, type SessionRow } from '../domain/statistics/experiment-report.js';
import { createMeanSequence, meanSequenceResult, updateMeanSequence } from '../domain/statistics/mean-sequence.js';
import { beginELond, concludeELond, createELond } from '../domain/statistics/online-fdr.js';
import { createOneSampleBernoulli, updateOneSampleBernoulli } from '../domain/statistics/one-sample-bernoulli.js';
import { createQuantileLimit, updateQuantileLimit } from '../domain/statistics/quantile-sequence.js';
import { createSampleRatio, sampleRatioResult, updateSampleRatio } from '../domain/statistics/sample-ratio.js';
import { seededRandom } from '../domain/statistics/seeded-random.js';
import { partRandom } from '../scripts/part-random.js';
import { meanStop, powerAt, stoppedBy } from '../scripts/validate-statistics/figures.js';
import { binWidth, plannedEvents, plannedPairs, proportionMethods, proportionPowerRuns, rateMethods, ratePowerRuns } from '../scripts/validate-statistics/power-runs.js';
import { growthbookPython } from './peers.js';

const updates = 20_000;
const sessions = 100_000;
const repetitions = 100;
const guardrails = [0.05, 0.05, 0.05, 0.05, 0.05].map((margin) => ({ goodDirection: 'lower' as const, margin }));

/** What the statistics cost, and how many sessions they take. */
export async function benchStatistics(): Promise<void> {
  printUpdates();
  await printAnalysis();
  printDecisions();
}

/** µs of an update with its e-value: the mean over a stream, the best of five streams. */
function printUpdates(): void {
  const random = seededRandom(1);
  const crash = () => ({ successes: random() < 0.1 ? 1 : 0, trials: 1 });
  const one = () => ({ n: 1, mean: random(), variance: 0 });
  const streams: Record<string, () => () => unknown> = {
    'two-arm e-process': () => {
      let state = createBernoulliEProcess({ alpha: 0.05, differences: [] });
      return () => bernoulliEProcessResult((state = updateBernoulliEProcess(state, { control: crash(), treatment: crash() }))).eValue;
    },
    'two-arm e-process with its interval kept': () => {
      let state = createBernoulliEProcess({ alpha: 0.05 });
      return () => (state = updateBernoulliEProcess(state, { control: crash(), treatment: crash() })).logEValue;
    },
    'count mixture': () => {
      let state = createCountMixture({ alpha: 0.05 });
      return () => countMixtureResult((state = updateCountMixture(state, { arm: random() < 0.5 ? 'control' : 'treatment', atRisk: { control: 400, treatment: 410 } }))).eValue;
    },
    'one-sample rate': () => {
      let state = createOneSampleBernoulli({ alpha: 0.05, optimalTrials: 100 });
      return () => (state = updateOneSampleBernoulli(state, crash()));
    },
    'rate against a bound': () => {
      let state = createBernoulliBound({ alpha: 0.05, bound: 0.1, alternative: 'less' });
      return () => (state = updateBernoulliBound(state, crash())).logEValue;
    },
    'mean sequence': () => {
      let state = createMeanSequence({ alpha: 0.05, plannedUnits: 2_000 });
      return () => meanSequenceResult((state = updateMeanSequence(state, random() < 0.5 ? 'control' : 'treatment', one()))).eValue;
    },
    'quantile against a limit': () => {
      let state = createQuantileLimit({ alpha: 0.05, quantile: 0.95, limit: 0.95, alternative: 'less' });
      return () => (state = updateQuantileLimit(state, random())).within.logEValue;
    },
    'sample ratio': () => {
      let state = createSampleRatio([1, 1]);
      return () => sampleRatioResult((state = updateSampleRatio(state, random() < 0.5 ? [1, 0] : [0, 1]))).pValue;
    },
    'e-LOND ledger, one test': () => {
      let state = createELond(0.05, { kind: 'uniform', horizon: 10 * updates });
      return () => {
        const begun = beginELond(state);
        ({ state } = concludeELond(begun.state, begun.level, random() < 0.05 ? 1 / begun.level : 1));
      };
    },
    'change detector': () => {
      let state = createChangeDetector({ kind: 'bernoulli', baseline: 0.1, alpha: 0.001 });
      return () => changeDetectorResult((state = updateChangeDetector(state, { events: random() < 0.1 ? 1 : 0, exposure: 1 }))).logDetector;
    },
  };
  for (const [name, begin] of Object.entries(streams)) {
    const micros = Array.from({ length: 5 }, () => {
      const update = begin();
      const startedMs = performance.now();
      for (let at = 0; at < updates; at += 1) update();
      return ((performance.now() - startedMs) / updates) * 1e3;
    });
    console.log(`statistics: an update of the ${name.padEnd(42)} ${Math.min(...micros).toFixed(2).padStart(6)} µs  (aim: 5)`);
  }
}

async function printAnalysis(): Promise<void> {
  const random = seededRandom(2);
  const rows: SessionRow[] = Array.from({ length: 2 * sessions }, (_, at) => {
    const covariate = random() * 10;
    return { arm: at % 2 === 0 ? 'control' : 'treatment', covariate, values: [covariate + random() + (at % 2) * 0.01, random(), random(), random(), random(), random()] };
  });
  const fromRows = medianMs(() => reportExperiment(sumRows(rows, 5), { guardrails }));
  const sums = sumRows(rows, 5);
  const fromSums = medianMs(() => reportExperiment(sums, { guardrails }));
  console.log(`statistics: primary, CUPED, five guardrails, sample ratio of 2 x ${sessions} sessions: from rows ${fromRows.toFixed(1)} ms (aim: 60), from sums ${fromSums.toFixed(4)} ms (aim: 0.1)`);
  const python = growthbookPython();
  if (python === null) return console.log('statistics: gbstats could not be installed here');
  const folder = mkdtempSync(join(tmpdir(), 'shim-bench-statistics-'));
  try {
    const file = join(folder, 'rows.f64');
    writeFileSync(file, Buffer.from(Float64Array.from(rows.flatMap(({ arm, covariate, values }) => [arm === 'control' ? 0 : 1, covariate, ...values])).buffer));
    const script = fileURLToPath(new URL('../../bench/gbstats_analysis.py', import.meta.url));
    const { stdout, stderr, status } = spawnSync(python, [script, file, String(repetitions)], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`gbstats failed: ${stderr.trim().split('\n').at(-1)}`);
    const theirs = JSON.parse(stdout) as { fromRows: number; fromSums: number; primary: number };
    const ours = reportExperiment(sums, { guardrails }).primary.difference;
    if (Math.abs(ours - theirs.primary) > 1e-9) throw new Error(`gbstats has a difference of ${theirs.primary}, and not ${ours}`);
    console.log(`statistics: gbstats on the same data: from rows ${theirs.fromRows.toFixed(1)} ms, from sums ${theirs.fromSums.toFixed(3)} ms; ours / theirs ${(fromRows / theirs.fromRows).toFixed(2)} and ${(fromSums / theirs.fromSums).toFixed(3)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sessions and events to a decision, as a table; `npm run validate:statistics` has the same with more runs. */
function printDecisions(): void {
  const runs = 400;
  const shares = [0.25, 0.5, 0.75, 0.9];
  const table = new Table({ head: ['effect', 'method', 'power, planned', 'quarter', 'half', 'three quarters', '.9 of runs', 'mean'], style: { head: [], border: [] }, colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right'] });
  const add = (effect: string, method: string, bins: readonly number[], width: number, planned: number) => {
    const stops = shares.map((share) => stoppedBy(bins, width, runs, share) ?? `> ${bins.length * width}`);
    table.push([effect, method, powerAt(bins, width, runs, planned).toFixed(2), ...stops, meanStop(bins, width, runs).toFixed(0)]);
  };
  const addFixed = (effect: string, found: number, planned: number) => table.push([effect, 'fixed horizon, one look', (found / runs).toFixed(2), ...Array.from({ length: 5 }, () => planned)]);
  const crashes = '.12 against .08, sessions of each arm';
  const proportions = proportionPowerRuns(runs, partRandom('proportions', 1));
  for (const method of proportionMethods) add(crashes, nameOf(method), proportions[method] ?? [], binWidth.pairs, plannedPairs);
  addFixed(crashes, proportions['fixed']?.[0] ?? 0, plannedPairs);
  const ratio = 'rate ratio 1.5, first events of both arms';
  const rates = ratePowerRuns(runs, partRandom('rates', 1));
  for (const method of rateMethods) add(ratio, nameOf(method), rates[`1.5/${method}`] ?? [], binWidth.events, plannedEvents(1.5));
  addFixed(ratio, rates['1.5/fixed']?.[0] ?? 0, plannedEvents(1.5));
  console.log(`statistics: sessions to a decision, ${runs} runs, alpha .05\n${table.toString()}`);
}

function nameOf(method: string): string {
  return method === 'flat boundary' ? 'mSPRT, flat boundary' : method;
}

function medianMs(work: () => unknown): number {
  const samples = Array.from({ length: repetitions }, () => {
    const startedMs = performance.now();
    work();
    return performance.now() - startedMs;
  });
  return samples.toSorted((a, b) => a - b)[Math.floor(repetitions / 2)] ?? Number.NaN;
}
