import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { installedBuild } from '../../host/build-id.js';
import { again, runBatch } from './batch.js';
import { runSeed } from './run.js';
import { faultKinds, type FaultKind } from './schedule.js';
import { addSummary, summaryTable } from './summary.js';
import { writeMeasured } from '../measured-docs.js';

const begin = '<!-- measured: npm run chaos -- --batch -->';
const end = '<!-- end of what was measured by chaos -->';

interface Options {
  seed?: number;
  minutes: number;
  agents: number;
  faults: readonly FaultKind[];
  summary?: string;
  keep: boolean;
  batch?: number;
  atOnce: number;
  docs: boolean;
}

async function one({ seed = Math.floor(Math.random() * 1e9), minutes, agents, faults, summary, keep }: Options): Promise<boolean> {
  const run = await runSeed({ seed, minutes, agents, kinds: faults, keep });
  console.log(JSON.stringify({ ...run, restartsMs: run.restartsMs.length }));
  if (summary !== undefined) addSummary(summary, run);
  const passed = run.violations.length === 0;
  for (const violation of run.violations) console.log(`  VIOLATED: ${violation}`);
  if (!passed) console.log(`seed ${seed} FAILED; again: ${again(run)}${faults === faultKinds ? '' : ` --faults ${faults.join(',')}`}`);
  console.log(passed ? '1 passed, 0 failed' : '0 passed, 1 failed');
  return passed;
}

async function many(seeds: number, { minutes, agents, summary: file, atOnce, docs }: Options): Promise<boolean> {
  if (file === undefined) throw new InvalidArgumentError('--batch wants --summary FILE: there it is taken up where it was broken off');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  const run = (seed: number) => inProcess(['--seed', String(seed), '--minutes', String(minutes), '--agents', String(agents), '--summary', file], `${file}.seed-${seed}.log`, stop.signal);
  const runs = await runBatch({ seeds, minutes, agents, atOnce, file, build: installedBuild().id, run, tell: (line) => console.log(line), stop: stop.signal });
  if (runs.length === 0) throw new Error('no run came to a summary');
  const table = summaryTable(runs);
  console.log(`\n${table}\n`);
  if (docs) writeMeasured('reliability.md', { begin, end }, table);
  const failed = runs.filter(({ violations }) => violations.length > 0);
  for (const run of failed) console.log(`seed ${run.seed} FAILED; again: ${again(run)}`);
  console.log(`${runs.length - failed.length} passed, ${failed.length} failed${runs.length < seeds ? `; ${seeds - runs.length} are still to be run: the same command goes on` : ''}`);
  return failed.length === 0 && runs.length === seeds;
}

/** What it prints is kept where it fails. Once `stop` is aborted, it takes away what it has begun. */
async function inProcess(options: readonly string[], logFile: string, stop: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => void child.kill('SIGTERM');
  stop.addEventListener('abort', end);
  const ended = once(child, 'exit');
  const said = (await child.stdout.toArray()).map(String).join('');
  await ended;
  stop.removeEventListener('abort', end);
  if (child.exitCode !== 0) writeFileSync(logFile, said);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 is wanted');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is wanted');
  return value;
}

function kindsFrom(text: string): readonly FaultKind[] {
  return text.split(',').map((wanted) => {
    const kind = faultKinds.find((each) => each === wanted);
    if (!kind) throw new InvalidArgumentError(`there is no ${wanted}; there are ${faultKinds.join(', ')}`);
    return kind;
  });
}

await new Command('chaos')
  .description('Lets a random schedule of real faults loose on an installation of its own, over agents that write checkable work.')
  .option('--seed <number>', 'the schedule follows from it; any without it', whole)
  .option('--minutes <number>', 'for how long', positive, 1)
  .option('--agents <count>', 'scripted agents', whole, 20)
  .option('--faults <kinds>', 'only these, with commas between', kindsFrom, faultKinds)
  .option('--summary <file>', 'add a line of JSON about each run to this file')
  .option('--keep', 'leave everything where it is, where something was wrong', false)
  .option('--batch <count>', 'seeds 1 to this, but for those that the summary has for this build', whole)
  .option('--at-once <count>', 'runs of a batch at the same time', whole, 4)
  .option('--docs', 'write what the batch came to into docs/reliability.md', false)
  .action(async (options: Options) => {
    const passed = options.batch === undefined ? await one(options) : await many(options.batch, options);
    // A client that waits for a server that is gone would keep this process.
    process.exit(passed ? 0 : 1);
  })
  .parseAsync();
