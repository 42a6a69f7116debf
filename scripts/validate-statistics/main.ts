import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { Piscina } from 'piscina';
import { KeptParts } from './kept-parts.js';
import { writeReport } from './report.js';
import { simulations } from './simulations.js';
import { addTally, type Tally } from './tally.js';

const simulationsModule = new URL('simulations.js', import.meta.url);
const project = fileURLToPath(new URL('../../..', import.meta.url));

interface Job {
  name: string;
  part: number;
  runs: number;
}

/** All parts of all simulations, `scale` times as many as of the whole validation. */
function jobsOf(scale: number): Job[] {
  return simulations.flatMap(({ name, runs, runsInPart }) => {
    const parts = Math.max(1, Math.round((runs * scale) / runsInPart));
    return Array.from({ length: parts }, (_, part) => ({ name, part, runs: runsInPart }));
  });
}

async function validate(scale: number, workers: number): Promise<void> {
  const pathOf = (module: string) => fileURLToPath(new URL(module, simulationsModule));
  const kept = new Map(simulations.map(({ name, module }) => [name, new KeptParts(join(project, '.validation'), [pathOf(module), pathOf('../part-random.js')])]));
  const jobs = jobsOf(scale);
  const missing = jobs.filter(({ name, part, runs }) => !kept.get(name)?.get(name, part, runs));
  if (missing.length < jobs.length) console.log(`${jobs.length - missing.length} of ${jobs.length} parts are there from before`);
  const bar = new SingleBar({ format: '{bar} {percentage} %  {value} of {total} parts  {eta_formatted} to go', hideCursor: true, noTTYOutput: !process.stdout.isTTY, notTTYSchedule: 60_000 });
  const pool = new Piscina<Job, Tally>({ filename: simulationsModule.href, minThreads: 1, maxThreads: workers });
  bar.start(jobs.length, jobs.length - missing.length);
  try {
    await Promise.all(
      missing.map(async (job) => {
        kept.get(job.name)?.add({ ...job, tally: await pool.run(job) });
        bar.increment();
      }),
    );
  } finally {
    bar.stop();
    await pool.destroy();
  }
  const tallies = new Map<string, Tally>();
  for (const { name, part, runs } of jobs) tallies.set(name, addTally(tallies.get(name) ?? {}, kept.get(name)?.get(name, part, runs) ?? {}));
  await writeReport(join(project, 'docs'), tallies);
  console.log('written: docs/statistics.md and its plots');
}

const program = new Command('validate:statistics')
  .description('Simulates how often the statistics err, and writes docs/statistics.md. Interrupted, it goes on where it was.')
  .option('--scale <share>', 'share of the whole validation to run, above 0', positive, 1)
  .option('--workers <count>', 'threads to run it on', positive, availableParallelism())
  .action(({ scale, workers }: { scale: number; workers: number }) => validate(scale, Math.ceil(workers)));

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('it has to be a number above 0');
  return value;
}

await program.parseAsync();
