import { readSummaries, type RunSummary } from './summary.js';

/** Many seeds, some at once. */
export interface Batch {
  /** Seeds 1 to this. */
  seeds: number;
  minutes: number;
  agents: number;
  atOnce: number;
  build: string;
  /** Where each run adds its summary. */
  file: string;
  /** Runs one seed to its end, in a process of its own. */
  run(seed: number): Promise<void>;
  tell(line: string): void;
  /** Begin no other run. */
  stop: AbortSignal;
}

/**
 * Runs the seeds that the file does not have yet for this build, so that a batch that was broken off is taken up where it was.
 *
 * @returns all runs of the batch that there are now, the earlier ones too: fewer than wanted where one came to no summary.
 */
export async function runBatch(batch: Batch): Promise<RunSummary[]> {
  const wanted = Array.from({ length: batch.seeds }, (_, at) => at + 1);
  const had = summariesOf(batch);
  const left = wanted.filter((seed) => !had.has(seed));
  if (had.size > 0) batch.tell(`${had.size} of ${batch.seeds} seeds are in ${batch.file} for ${batch.build}`);
  let told = had.size;
  const lane = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined && !batch.stop.aborted; seed = left.shift()) {
      await batch.run(seed);
      const summary = summariesOf(batch).get(seed);
      batch.tell(summary ? `${(told += 1)}/${batch.seeds} ${describe(summary)}` : `seed ${seed} came to no summary; the same batch again runs it again`);
    }
  };
  await Promise.all(Array.from({ length: batch.atOnce }, lane));
  const runs = summariesOf(batch);
  return wanted.flatMap((seed) => runs.get(seed) ?? []);
}

/** How a run is had again. */
export function again({ seed, minutes, agents }: Pick<RunSummary, 'seed' | 'minutes' | 'agents'>): string {
  return `npm run chaos -- --seed ${seed} --minutes ${minutes} --agents ${agents}`;
}

function summariesOf({ file, build, minutes, agents, seeds }: Batch): Map<number, RunSummary> {
  const ours = readSummaries(file).filter((run) => run.build === build && run.minutes === minutes && run.agents === agents && run.seed >= 1 && run.seed <= seeds);
  return new Map(ours.map((run) => [run.seed, run]));
}

function describe(run: RunSummary): string {
  const faults = Object.values(run.faults).reduce((a, b) => a + b, 0);
  const came = run.recoveredMs === null ? 'never well again' : `well again after ${(run.recoveredMs / 1_000).toFixed(1)} s`;
  const wrong = run.violations.map((violation) => `\n  ${violation}`).join('');
  return `seed ${run.seed} ${run.violations.length === 0 ? 'passed' : 'FAILED'}: ${faults} faults, ${run.attempts} attempts, ${run.items} items, ${came}${wrong}${wrong === '' ? '' : `\n  again: ${again(run)}`}`;
}
