import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { Piscina } from 'piscina';
import { falseDiscoveryRateOf, foundShareOf, harmTable, noHarmTable, sequencesTable, type HarmFigures, type NoHarmFigures, type SequenceFigures } from './figures.js';
import type { HarmResult } from './harm.js';
import type { Job, JobResult } from './jobs.js';
import { falseDiscoveryRate, type SequenceResult } from './sequence.js';
import { writeMeasured } from '../measured-docs.js';

const begin = '<!-- measured: npm run validate:kaizen -->';
const end = '<!-- end of what was measured by validate:kaizen -->';

/** Of the planned effects at least this share is to be found. */
const wantedPower = 0.8;

const experiments = 500;
const trueShares = [0, 0.05, 0.2];

async function validate(repeats: number, seed: number): Promise<void> {
  const pool = new Piscina<Job, JobResult>({ filename: new URL('jobs.js', import.meta.url).href, maxThreads: availableParallelism() });
  try {
    const sequences: SequenceFigures[] = await Promise.all(
      trueShares.map(async (trueShare) => ({
        trueShare,
        sequences: (await Promise.all(Array.from({ length: repeats }, (_, at) => pool.run({ kind: 'sequence', experiments, trueShare, seed: seed + at })))) as SequenceResult[],
      })),
    );
    const harm: HarmFigures[] = await Promise.all([0.03, 0.05, 0.1].map(async (controlCrash) => ({ controlCrash, ...((await pool.run({ kind: 'harm', runs: 200, controlCrash, seed })) as HarmResult) })));
    const noHarm: NoHarmFigures[] = await Promise.all([0.02, 0.05, 0.1, 0.12, 0.3].map(async (crash) => ({ crash, ...((await pool.run({ kind: 'no_harm', runs: 400, crash, sessions: 2_000, seed })) as Omit<NoHarmFigures, 'crash'>) })));
    const text = [
      `${repeats} sequences of ${experiments} experiments for each share of true effects, seeds from ${seed}; half of them judged by crashes, half by lost time, each planned at its own level of e-LOND for a power of .8, looked at every 50 sessions, given up at 1.5 times its planned size:`,
      sequencesTable(sequences),
      'A treatment that crashes three times as often, in an experiment that is not about crashes, 200 seeds each; how many sessions had it before it was taken back:',
      harmTable(harm),
      'Treatments that are no other than control, 2,000 sessions each:',
      noHarmTable(noHarm),
    ].join('\n\n');
    console.log(text);
    writeMeasured('kaizen.md', { begin, end }, text);
    process.exitCode = sequences.every(({ sequences }) => falseDiscoveryRateOf(sequences) <= falseDiscoveryRate && (foundShareOf(sequences) ?? 1) >= wantedPower) ? 0 : 1;
  } finally {
    await pool.destroy();
  }
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 is wanted');
  return value;
}

await new Command('validate:kaizen')
  .description('Simulates sequences of experiments through the functions that decide real ones, and writes docs/kaizen.md. Fails where too much is falsely found, or too little is found.')
  .option('--repeats <count>', 'sequences for each share of true effects', whole, 2)
  .option('--seed <number>', 'of the first sequence', whole, 1)
  .action(({ repeats, seed }: { repeats: number; seed: number }) => validate(repeats, seed))
  .parseAsync();
