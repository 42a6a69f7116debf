import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { faultKinds } from './schedule.js';

const runSummarySchema = z.object({
  /** Of SHIM; a run says nothing of another one. */
  build: z.string(),
  seed: z.number().int(),
  minutes: z.number().positive(),
  agents: z.number().int(),
  /** How often each kind was inflicted. */
  faults: z.record(z.string(), z.number()),
  /** Kinds that the machine did not let anybody have. */
  lacking: z.array(z.string()),
  attempts: z.number(),
  /** Of the agents' work, in all ledgers. */
  items: z.number(),
  /** At all agents, for copies and for what was stopped. */
  looks: z.number(),
  /** From the last fault until every session that is wanted was at work, ms; null where that was never reached. */
  recoveredMs: z.number().nullable(),
  /** Of each restart, from the end of the attempt before to the first event, ms; faults went on meanwhile. */
  restartsMs: z.array(z.number()),
  violations: z.array(z.string()),
});

/** What came of one seed. */
export type RunSummary = z.infer<typeof runSummarySchema>;

/** The runs in a file, one line of JSON each; none where there is no such file. @throws ZodError or SyntaxError where a line is something else. */
export function readSummaries(path: string): RunSummary[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => runSummarySchema.parse(JSON.parse(line)));
}

/** Adds a run to a file. Several may do so at once. */
export function addSummary(path: string, summary: RunSummary): void {
  appendFileSync(path, `${JSON.stringify(summary)}\n`);
}

/** All runs together, in Markdown. @throws RangeError where there is none. */
export function summaryTable(runs: readonly RunSummary[]): string {
  const [first] = runs;
  if (!first) throw new RangeError('there is no run to tell of');
  const sum = (of: (run: RunSummary) => number) => runs.reduce((total, run) => total + of(run), 0);
  const seeds = runs.map(({ seed }) => seed).sort((a, b) => a - b);
  const failed = runs.filter(({ violations }) => violations.length > 0);
  const recovered = runs.flatMap(({ recoveredMs }) => recoveredMs ?? []);
  // They are told by the wall clock, which some seeds turn by hours.
  const timed = runs.filter(({ faults }) => (faults['turn-clock'] ?? 0) === 0);
  const restarts = timed.flatMap(({ restartsMs }) => restartsMs);
  const lacking = faultKinds.filter((kind) => runs.some((run) => run.lacking.includes(kind)));
  const kinds = faultKinds.filter((kind) => runs.some(({ faults }) => (faults[kind] ?? 0) > 0));
  const rows = [
    ['faults inflicted', count(sum(({ faults }) => Object.values(faults).reduce((a, b) => a + b, 0)))],
    ...kinds.map((kind) => [`… ${kind}`, count(sum(({ faults }) => faults[kind] ?? 0))]),
    ['attempts', count(sum(({ attempts }) => attempts))],
    ['items of work done, each once', count(sum(({ items }) => items))],
    ['looks at all agents', count(sum(({ looks }) => looks))],
    [`restart, end to first event, while faults went on, in the ${timed.length} seeds that turned no clock: median, p99, most`, seconds(restarts, [0.5, 0.99, 1])],
    ['all at work again after the last fault: median, most', seconds(recovered, [0.5, 1])],
    ['seeds with a violation', failed.length === 0 ? '0' : `${failed.length}: ${failed.map(({ seed }) => seed).join(', ')}`],
  ];
  return [
    `${runs.length} seeds (${seeds[0]} to ${seeds.at(-1)}) of ${first.minutes} min over ${first.agents} agents, build ${first.build}${lacking.length > 0 ? `; not to be had there: ${lacking.join(', ')}` : ''}:`,
    '',
    '| | |',
    '|---|---:|',
    ...rows.map(([what, figure]) => `| ${what} | ${figure} |`),
  ].join('\n');
}

function count(number: number): string {
  return number.toLocaleString('en');
}

/** Nearest ranks. */
function seconds(ms: readonly number[], shares: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  return sorted.length === 0 ? 'none' : `${shares.map((share) => ((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / 1_000).toFixed(1)).join(', ')} s`;
}
